"""How far an operation has come, as its Application's draft has it."""

from datetime import datetime

import msgspec

from tiphys.controller.application.draft import Draft
from tiphys.controller.application.services import Memory
from tiphys.delivery.clock import parse_timestamp
from tiphys.engine.sync.records import Records, read_records
from tiphys.model.operation import OperationState, SyncOperationResult

_BACKSTOP_S = 30.0


def state_of(draft: Draft) -> OperationState:
    """Return the state of the operation under way."""
    state = draft.status.operation_state
    assert state is not None
    return state


def write(draft: Draft, **fields: object) -> None:
    """Replace fields of the state of the operation under way."""
    draft.set(operation_state=msgspec.structs.replace(state_of(draft), **fields))


def records_of(draft: Draft, memory: Memory) -> Records:
    """Return what is known of the tasks of the sync under way."""
    if memory.sync is not None and memory.sync.records:
        return memory.sync.records
    state = draft.status.operation_state
    result = state.result if state is not None else None
    return read_records(result.resources) if result is not None else {}


def record(draft: Draft, memory: Memory, records: Records, message: str) -> None:
    """Write what is known of the tasks of the sync under way, and where it stands."""
    result = state_of(draft).result or SyncOperationResult()
    memory.results = tuple(records.values())
    if memory.sync is not None:
        memory.sync.records = records
    sync_result = msgspec.structs.replace(result, resources=memory.results)
    write(draft, message=message, sync_result=sync_result)


def age_s(state: OperationState, now: datetime) -> float:
    """Return the seconds since an operation began; 0 when its start is not understood."""
    started = parse_timestamp(state.started_at)
    return 0.0 if started is None else (now - started).total_seconds()


def is_overdue(state: OperationState, now: datetime, limit_s: float) -> bool:
    """Return whether an operation has taken longer than it may; a limit of 0 is none."""
    return 0 < limit_s < age_s(state, now)


def timeout_s(state: OperationState, now: datetime, limit_s: float) -> float:
    """Return the seconds until a waiting sync is looked at again, should nothing wake it."""
    if limit_s <= 0:
        return _BACKSTOP_S
    return min(max(limit_s - age_s(state, now), 0.1), _BACKSTOP_S)
