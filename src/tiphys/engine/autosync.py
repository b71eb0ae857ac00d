"""Whether an Application syncs by itself now.

Source: Argo CD user guide, "Automated Sync Policy". The checks stand in the order in which they
decide.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from tiphys.engine.keeping import is_destination
from tiphys.engine.namespaces import has_changed_metadata
from tiphys.engine.retry import AUTOMATED_RETRY
from tiphys.model.application import Application, Automated, ResourceStatus
from tiphys.model.keys import ResourceKey
from tiphys.model.operation import (
    Operation,
    OperationInitiator,
    OperationState,
    SyncOperation,
    SyncOperationResource,
)
from tiphys.model.words import OperationPhase, SyncStatusCode


class Skip(msgspec.Struct, frozen=True):
    """Nothing is started, and nothing needs to be said.

    Attributes:
        look_again_s: seconds until something may be started.
        undone: how often in a row what self heal did was undone, where that is why it waits.
    """

    look_again_s: float | None = None
    undone: int = 0


class Refuse(msgspec.Struct, frozen=True):
    """Nothing is started, and a SyncError says why."""

    message: str


class Start(msgspec.Struct, frozen=True):
    """An operation is started."""

    operation: Operation


class HealBackoff(msgspec.Struct, frozen=True, kw_only=True):
    """How long self heal waits between attempts; seconds."""

    initial_s: float = 2.0
    factor: float = 3.0
    cap_s: float = 300.0
    fixed_s: float = 0.0

    def delay_s(self, attempts: int) -> float:
        """Return the seconds between the end of the last attempt and the next one."""
        if attempts <= 0:
            return 0.0
        if self.initial_s <= 0:
            return self.fixed_s
        return min(self.initial_s * self.factor ** min(attempts - 1, 32), self.cap_s)


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """What a refresh found, as far as an automated sync depends on it.

    Attributes:
        revisions: one a source, as resolved now.
        kept: what left Git and no sync may delete, so that none is started because of it.
        is_permitted: the project's sync windows allow an automated sync now.
        finished_at: when the last operation ended, None when none did.
        is_doubtful: nobody can tell what is to be ignored, so a difference may be none to heal.
    """

    status: SyncStatusCode
    revisions: tuple[str, ...]
    resources: Sequence[ResourceStatus]
    is_permitted: bool
    kept: frozenset[ResourceKey] = frozenset()
    finished_at: datetime | None
    now: datetime
    is_doubtful: bool = False


def decide_autosync(
    app: Application, state: OperationState | None, seen: Observation, backoff: HealBackoff
) -> Skip | Refuse | Start:
    """Return whether a sync starts now.

    Args:
        app: the Application, its `operation` included.
        state: the last operation as it will be written.
        seen: what the refresh found.
        backoff: of self heal.
    """
    automated = app.spec.policy.automated
    if automated is None or _has_nothing_to_do(app, automated, seen):
        return Skip()
    attempts = 0
    selected: tuple[SyncOperationResource, ...] = ()
    if state is not None and was_attempted(app, state, seen.revisions):
        if not state.phase.is_successful:
            revision = _display(seen.revisions)
            return Refuse(f"Failed last sync attempt to {revision}: {state.message or ''}")
        if not automated.self_heal or seen.is_doubtful:
            return Skip()
        attempts, wait_s = _heal(state, seen, backoff)
        if wait_s > 0:
            return Skip(wait_s, undone=attempts - 1)
        differing = _differing(seen)
        selected = tuple(_selector(row) for row in differing if row.key not in seen.kept)
        if differing and not selected:
            return Skip()
    if automated.prune and not automated.allow_empty and _wipes_out(app, seen):
        revision = _display(seen.revisions)
        return Refuse(f"Skipping sync attempt to {revision}: auto-sync will wipe out all resources")
    return Start(_operation(app, seen.revisions, selected, attempts))


def _has_nothing_to_do(app: Application, automated: Automated, seen: Observation) -> bool:
    if not seen.is_permitted or not app.spec.policy.is_automated:
        return True
    if app.operation is not None or app.metadata.deletion_timestamp:
        return True
    if seen.status is not SyncStatusCode.OUT_OF_SYNC:
        return True
    differing = _differing(seen)
    only_prunes = bool(differing) and all(row.requires_pruning for row in differing)
    return only_prunes and not automated.prune


def _differing(seen: Observation) -> list[ResourceStatus]:
    return [row for row in seen.resources if row.status not in {SyncStatusCode.SYNCED, None}]


def was_attempted(
    app: Application, state: OperationState | None, revisions: tuple[str, ...]
) -> bool:
    """Return whether the last operation was a sync to the same revisions of the same sources.

    The metadata of its namespace are a part of what it was to bring about.
    """
    if state is None or not state.phase.is_completed:
        return False
    result = state.result
    if result is None:
        # Without a result nothing tells one revision from another; do not try without end.
        return True
    if has_changed_metadata(app, result.managed_namespace_metadata):
        return False
    if (result.revisions or (result.revision,)) != (revisions or ("",)):
        return False
    return (result.sources or (result.source,)) == app.spec.all_sources


def newer_revisions(state: OperationState | None, revisions: tuple[str, ...]) -> str:
    """Return which revisions a sync that is being retried should make way for, "" when for none.

    An automated sync goes to one revision and retries that, although a newer commit may be the one
    that mends it. One that a person asked for goes where it was asked to go.

    Args:
        state: the operation under way.
        revisions: one a source, as resolved now.
    """
    if state is None or state.phase is not OperationPhase.RUNNING or not state.retries:
        return ""
    sync, result = state.operation.sync, state.result
    begun = () if result is None else result.revisions or (result.revision,)
    if sync is not None and not any(begun):
        begun = sync.revisions or (sync.revision,)
    is_newer = any(begun) and bool(revisions) and begun != revisions
    return _display(revisions) if is_newer and state.operation.initiated_by.automated else ""


def _heal(state: OperationState, seen: Observation, backoff: HealBackoff) -> tuple[int, float]:
    sync = state.operation.sync
    attempts = (sync.auto_heal_attempts_count if sync is not None else 0) + 1
    if seen.finished_at is None:
        return attempts, 0.0
    due = seen.finished_at + timedelta(seconds=backoff.delay_s(attempts - 1))
    return attempts, (due - seen.now).total_seconds()


def _wipes_out(app: Application, seen: Observation) -> bool:
    counted = [
        row
        for row in seen.resources
        if row.requires_pruning
        or not (row.hook or row.key in seen.kept or is_destination(row.key, app))
    ]
    return bool(counted) and all(row.requires_pruning for row in counted)


def _selector(row: ResourceStatus) -> SyncOperationResource:
    return SyncOperationResource(
        group=row.group, kind=row.kind, name=row.name, namespace=row.namespace
    )


def _operation(
    app: Application,
    revisions: tuple[str, ...],
    selected: tuple[SyncOperationResource, ...],
    attempts: int,
) -> Operation:
    policy = app.spec.policy
    assert policy.automated is not None
    has_many = bool(app.spec.sources)
    return Operation(
        sync=SyncOperation(
            source=None if has_many else app.spec.source,
            sources=app.spec.sources,
            revision="" if has_many else _single(revisions),
            revisions=revisions if has_many else (),
            prune=policy.automated.prune,
            sync_options=policy.sync_options,
            resources=selected,
            auto_heal_attempts_count=attempts,
        ),
        initiated_by=OperationInitiator(automated=True),
        retry=policy.retry if policy.retry is not None else AUTOMATED_RETRY,
    )


def _single(revisions: tuple[str, ...]) -> str:
    return revisions[0] if revisions else ""


def _display(revisions: tuple[str, ...]) -> str:
    return f"[{' '.join(revisions)}]"
