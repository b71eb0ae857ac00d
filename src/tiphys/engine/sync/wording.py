"""The messages of an operation, word for word as users and their alerts know them."""

from collections.abc import Sequence

from tiphys.engine.sync.tasks import SyncTask
from tiphys.model.operation import ResourceResult
from tiphys.model.words import ResultCode

_SINCE = " since "


def describe(task: SyncTask) -> str:
    """Return "group/kind/name" of a task's object."""
    return "/".join((task.key.group, task.key.kind, task.key.name))


def describe_all(tasks: Sequence[SyncTask], noun: str) -> str:
    """Return the first task, and how many more there are."""
    more = f" and {len(tasks) - 1} more {noun}" if len(tasks) > 1 else ""
    return f"{describe(tasks[0])}{more}"


def failure_message(failed: Sequence[ResourceResult]) -> str:
    """Return why a sync failed, from the results that failed."""
    if any(record.status is ResultCode.SYNC_FAILED for record in failed):
        what = "one or more objects failed to apply"
    else:
        what = "one or more synchronization tasks completed unsuccessfully"
    reasons = dict.fromkeys(record.message for record in failed if record.message)
    return f"{what}, reason: {','.join(reasons)}" if reasons else what


def waiting_since(message: str, before: str, now: str, blocker: str = "") -> str:
    """Return a message that says what a sync waits for, since when, and what blocks that.

    Args:
        message: what it waits for.
        before: the message that stands; it keeps its time while the wait is the same.
        now: RFC 3339, in whole seconds.
        blocker: what is not ready and why, "" for nothing that has a name.
    """
    begin = f"{message}{_SINCE}"
    since = before[len(begin) :][: len(now)] if before.startswith(begin) else now
    return f"{begin}{since}: {blocker}" if blocker else f"{begin}{since}"


def invalid_message(messages: Sequence[str]) -> str:
    """Return why a sync cannot begin: kinds that are not served, or not permitted."""
    distinct = "; ".join(sorted(set(messages)))
    return f"one or more synchronization tasks are not valid: {distinct}"


DRY_RUN_FAILED = "one or more objects failed to apply (dry run)"
