"""A status that always fits into what an API server stores.

An object has to stay below the limit of a request to etcd, 1.5 MiB by default. An Application of
thousands of objects comes near it, so the two long lists give way: first the results of the last
sync, then the resources. What a person has to act on stays: what failed, what differs, what is
not healthy. The others are counted, and a condition says so.

Source: etcd documentation, "System limits".
"""

import re
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import msgspec

from tiphys.model.application import ApplicationStatus, Condition, ResourceStatus
from tiphys.model.operation import OperationState, ResourceResult
from tiphys.model.words import ConditionType, HealthStatusCode, OperationPhase, SyncStatusCode

STATUS_BYTES: Final = 1_000_000
"""What an Application may take in all; the rest up to the limit is for servers with a lower one."""
LEAST_BYTES: Final = 50_000
_LONG_MESSAGE: Final = 256
_FEW_IMAGES: Final = 200
_OF_HOW_MANY: Final = re.compile(r" of (\d+), ")
_RESOURCES: Final = "resources of the Application"
_RESULTS: Final = "results of the last sync"
_WORSE: Final = frozenset(
    {HealthStatusCode.DEGRADED, HealthStatusCode.MISSING, HealthStatusCode.UNKNOWN}
)
_encoder = msgspec.json.Encoder()
_Row = TypeVar("_Row", ResourceStatus, ResourceResult)


def fit_status(
    status: ApplicationStatus, before: ApplicationStatus, room: int
) -> ApplicationStatus:
    """Return a status that takes at most `room` bytes as JSON, or as few as is possible.

    Args:
        status: the whole status.
        before: what stands in the cluster. A list that has the same rows as there was cut
            already, if it had to be, so what is said of it stands.
        room: bytes, at least LEAST_BYTES are assumed.
    """
    room = max(room, LEAST_BYTES)
    said = _said(status, before)
    results = _results(status)
    whole = msgspec.structs.replace(
        status, conditions=(*_without_notices(status.conditions), *said)
    )
    if _size(whole) <= room:
        return whole
    fixed = _slimmed(with_results(msgspec.structs.replace(whole, resources=()), ()), room // 2)
    # The two notices are part of what is written.
    left = max(room - _size(fixed) - 2 * _size(_notice(_RESULTS, 10**6, 10**6, "")), 0)
    resource_sizes = _sizes(status.resources)
    few_results = _cut(
        results, _sizes(results), max(left - sum(resource_sizes), left // 5), _rank_of_result
    )
    left -= sum(_sizes(few_results))
    few_resources = _cut(status.resources, resource_sizes, left, _rank_of_resource)
    notices = list(said)
    for what, few, many in (
        (_RESOURCES, few_resources, status.resources),
        (_RESULTS, few_results, results),
    ):
        if len(few) < len(many):
            stands = next((one for one in notices if one.message.endswith(what)), None)
            notices = [one for one in notices if one is not stands]
            in_all = len(many) if stands is None else _counted(stands)
            notices.append(_notice(what, len(few), in_all, _since(status, before)))
    conditions = (*_without_notices(fixed.conditions), *sorted(notices, key=_message))
    fitted = msgspec.structs.replace(fixed, resources=few_resources, conditions=conditions)
    return with_results(fitted, few_results)


def with_results(status: ApplicationStatus, results: Sequence[ResourceResult]) -> ApplicationStatus:
    """Return a status with other results of the last sync; the same where there was none."""
    state = status.operation_state
    if state is None or state.result is None:
        return status
    result = msgspec.structs.replace(state.result, resources=tuple(results))
    return msgspec.structs.replace(
        status, operation_state=msgspec.structs.replace(state, sync_result=result)
    )


def _results(status: ApplicationStatus) -> tuple[ResourceResult, ...]:
    state = status.operation_state
    result = state.result if state is not None else None
    return result.resources if result is not None else ()


def _said(status: ApplicationStatus, before: ApplicationStatus) -> tuple[Condition, ...]:
    """Return what was said of lists that have the same rows as those that it was said of."""
    notices = [condition for condition in before.conditions if _is_notice(condition)]
    stands = []
    if notices and _have_same_keys(status.resources, before.resources):
        stands.append(_RESOURCES)
    if notices and _have_same_keys(_results(status), _results(before)):
        stands.append(_RESULTS)
    return tuple(one for one in notices if one.message.endswith(tuple(stands)))


def _have_same_keys(some: Sequence[_Row], others: Sequence[_Row]) -> bool:
    return some is others or (
        len(some) == len(others)
        and all(one.key == other.key for one, other in zip(some, others, strict=True))
    )


def _since(status: ApplicationStatus, before: ApplicationStatus) -> str:
    """Return since when the status does not fit; the times of its parts are all that is known."""
    known = [c.last_transition_time for c in before.conditions if _is_notice(c)]
    state = status.operation_state
    began = state.started_at if state is not None else ""
    return next((time for time in (*known, status.reconciled_at, began) if time), "")


def _notice(what: str, few: int, many: int, since: str) -> Condition:
    message = (
        f"The status is too large for the API server. It shows {few} of {many}, "
        f"failed and changed ones first: {what}"
    )
    return Condition(
        type=ConditionType.STATUS_CUT_WARNING, message=message, last_transition_time=since
    )


def _counted(notice: Condition) -> int:
    """Return of how many rows a notice speaks."""
    found = _OF_HOW_MANY.search(notice.message)
    return int(found[1]) if found else 0


def _is_notice(condition: Condition) -> bool:
    return condition.type == ConditionType.STATUS_CUT_WARNING


def _without_notices(conditions: Sequence[Condition]) -> tuple[Condition, ...]:
    return tuple(condition for condition in conditions if not _is_notice(condition))


def _message(condition: Condition) -> str:
    return condition.message


def _size(value: object) -> int:
    return len(msgspec.json.encode(value))


def _sizes(rows: Sequence[msgspec.Struct]) -> list[int]:
    """Return how many bytes each row takes in a list; all are encoded in one go."""
    return [len(line) + 1 for line in _encoder.encode_lines(rows).splitlines()]


def _cut(
    rows: Sequence[_Row], sizes: Sequence[int], room: int, rank: Callable[[_Row], int]
) -> tuple[_Row, ...]:
    """Return the rows that fit, those of the lowest rank first, in the order they stood in."""
    if sum(sizes) <= room:
        return tuple(rows)
    rows = [_shortened(row) for row in rows]
    sizes, ranks = _sizes(rows), [rank(row) for row in rows]
    kept: list[int] = []
    for index in sorted(range(len(rows)), key=ranks.__getitem__):
        room -= sizes[index]
        if room < 0:
            break
        kept.append(index)
    return tuple(rows[index] for index in sorted(kept))


def _shortened(row: _Row) -> _Row:
    if isinstance(row, ResourceResult):
        if len(row.message) <= _LONG_MESSAGE:
            return row
        return msgspec.structs.replace(row, message=_short(row.message))
    if row.health is None or len(row.health.message) <= _LONG_MESSAGE:
        return row
    health = msgspec.structs.replace(row.health, message=_short(row.health.message))
    return msgspec.structs.replace(row, health=health)


def _short(text: str) -> str:
    return text if len(text) <= _LONG_MESSAGE else f"{text[: _LONG_MESSAGE - 1]}…"


def _rank_of_result(result: ResourceResult) -> int:
    if result.hook_type or result.hook_phase in {OperationPhase.FAILED, OperationPhase.ERROR}:
        return 0
    return 2 if result.message.endswith("unchanged") else 1


def _rank_of_resource(row: ResourceStatus) -> int:
    health = row.health.status if row.health is not None else HealthStatusCode.HEALTHY
    if row.requires_pruning or row.status is SyncStatusCode.OUT_OF_SYNC or health in _WORSE:
        return 0
    return 2 if health is HealthStatusCode.HEALTHY else 1


def _slimmed(status: ApplicationStatus, room: int) -> ApplicationStatus:
    """Return a status without its lists that takes less, in steps until it fits."""
    for step in (_without_long_texts, _with_few_images, _with_little_history):
        if _size(status) <= room:
            break
        status = step(status, room)
    return status


def _without_long_texts(status: ApplicationStatus, room: int) -> ApplicationStatus:
    conditions: list[Condition] = []
    for condition in status.conditions:
        short = msgspec.structs.replace(condition, message=condition.message[:2048])
        room -= _size(short)
        if room < 0 and conditions:
            break
        conditions.append(short)
    state = status.operation_state
    if state is not None and isinstance(state.message, str):
        state = _with_message(state, state.message[:8192])
    return msgspec.structs.replace(status, conditions=tuple(conditions), operation_state=state)


def _with_message(state: OperationState, message: str) -> OperationState:
    return msgspec.structs.replace(state, message=message)


def _with_few_images(status: ApplicationStatus, room: int) -> ApplicationStatus:
    del room
    summary = msgspec.structs.replace(
        status.summary, images=tuple(image[:1024] for image in status.summary.images[:_FEW_IMAGES])
    )
    return msgspec.structs.replace(status, summary=summary)


def _with_little_history(status: ApplicationStatus, room: int) -> ApplicationStatus:
    """Drop the oldest entries: each holds the sources as they were, with all their values."""
    sizes = _sizes(status.history)
    excess = _size(status) - room
    dropped = 0
    while excess > 0 and dropped < len(sizes) - 1:
        excess -= sizes[dropped]
        dropped += 1
    return msgspec.structs.replace(status, history=status.history[dropped:])
