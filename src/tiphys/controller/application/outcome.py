"""How an operation ends: its final state, its history entry, its retry, its events."""

from datetime import timedelta

import msgspec

from tiphys.controller.application.draft import Draft
from tiphys.controller.application.services import Services
from tiphys.delivery.clock import parse_timestamp, timestamp
from tiphys.engine.retry import final_message, retry_delay_s, retrying_message
from tiphys.model.application import RevisionHistory
from tiphys.model.operation import Operation, OperationState, SyncOperationResult
from tiphys.model.words import OperationPhase
from tiphys.settings.durations import parse_duration

_HISTORY = 10


def _seconds(text: str) -> float:
    return parse_duration(text, where="retry.backoff")


class Outcome:
    """Ends operations."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def tell_started(self, draft: Draft, operation: Operation) -> None:
        """Tell that an operation began, once that is written."""
        sync = operation.sync
        revision = (sync.revision or " ".join(sync.revisions)) if sync is not None else ""
        how = "automated sync" if operation.initiated_by.automated else "sync"
        draft.tell("OperationStarted", f"Initiated {how} to '{revision}'")

    def finish(self, draft: Draft, phase: OperationPhase, message: str) -> None:
        """Write the final state, and the history entry of a full sync that succeeded."""
        state = draft.status.operation_state
        assert state is not None
        now = timestamp(self._services.clock())
        finished = msgspec.structs.replace(
            state, phase=phase, message=final_message(message, state.retries), finished_at=now
        )
        draft.set_operation(None, finished)
        sync = state.operation.sync
        is_full = sync is not None and not sync.dry_run and not sync.resources
        if phase.is_successful and is_full:
            self._append_history(draft, finished)
        partial = "Partial sync" if sync is not None and sync.resources else "Sync"
        result = state.result or SyncOperationResult()
        revision = result.revision or " ".join(result.revisions)
        ended = "succeeded" if phase.is_successful else f"failed: {message}"
        draft.tell(
            "OperationCompleted",
            f"{partial} operation to {revision} {ended}",
            is_warning=not phase.is_successful,
        )

    def wait_for_retry(self, draft: Draft, message: str) -> None:
        """Write that a failed attempt is tried again, and when."""
        state = draft.status.operation_state
        assert state is not None
        now = self._services.clock()
        delay_s = retry_delay_s(state.operation.retry, state.retries, _seconds)
        at = (now + timedelta(seconds=delay_s)).strftime("%I:%M%p").lstrip("0")
        retrying = msgspec.structs.replace(
            state,
            phase=OperationPhase.RUNNING,
            finished_at=timestamp(now),
            retry_count=state.retries + 1,
            message=retrying_message(message, state.retries + 1, at),
        )
        draft.set(operation_state=retrying)

    def retry_wait_s(self, state: OperationState | None) -> float:
        """Return the seconds until a failed attempt is tried again; 0 when that is due."""
        if state is None or state.phase.is_completed or not state.finished_at:
            return 0.0
        finished = parse_timestamp(state.finished_at)
        if finished is None:
            return 0.0
        delay_s = retry_delay_s(state.operation.retry, max(state.retries - 1, 0), _seconds)
        age_s = (self._services.clock() - finished).total_seconds()
        return max(delay_s - age_s, 0.0)

    def _append_history(self, draft: Draft, state: OperationState) -> None:
        limit = draft.app.spec.revision_history_limit
        kept = _HISTORY if limit is None else max(limit, 0)
        history = draft.status.history
        result = state.result or SyncOperationResult()
        has_many = bool(result.sources)
        unset = msgspec.UNSET
        entry = RevisionHistory(
            id=history[-1].id + 1 if history else 0,
            deployed_at=timestamp(self._services.clock()),
            deploy_started_at=state.started_at,
            initiated_by=state.operation.initiated_by,
            revision=unset if has_many else result.revision,
            revisions=result.revisions if has_many else unset,
            source=unset if has_many or result.source is None else result.source,
            sources=result.sources if has_many else unset,
        )
        draft.set(history=(*history, entry)[-kept:] if kept else ())
