"""Carries an operation out: one sync, step by step, each step written down.

An operation begins with the state Running, is written before and after each batch, and ends in the
patch that removes `operation`. A process killed in between goes on from what was written.
"""

from datetime import datetime

import msgspec

from tiphys.controller.application.draft import Draft
from tiphys.controller.application.outcome import Outcome
from tiphys.controller.application.preparation import Preparation
from tiphys.controller.application.progress import is_overdue, state_of, timeout_s, write
from tiphys.controller.application.refresh_level import RefreshLevel
from tiphys.controller.application.services import Memory, RunningSync, Services
from tiphys.controller.application.steps import BATCH, PAUSE, TRIAL, Ended, Save, Steps
from tiphys.controller.application.underway import NotYetError
from tiphys.delivery.clock import timestamp
from tiphys.engine.namespaces import recorded_metadata
from tiphys.engine.retry import may_retry
from tiphys.engine.sync.wording import waiting_since
from tiphys.model.errors import ApiError, InvalidInputError, TiphysError
from tiphys.model.operation import Operation, OperationState, SyncOperationResult
from tiphys.model.words import OperationPhase

_CLUSTER_AGAIN_S = 2.0
_PATIENCE_S = 30.0
_STOPS_WITHIN_S = 4.0
_LOOK_AT_STOPPING_S = 0.5
_SAY_SO_AFTER_S = 5.0
TERMINATED = "Operation terminated"
_UNANSWERED = "what was running did not answer in time and may go on"
_PREPARATION, _OPENING = "preparation", "opening"
_WORK = (_PREPARATION, _OPENING, TRIAL, BATCH, PAUSE)
_WAITS = {
    _PREPARATION: "waiting for the repository and the cluster, to compare",
    _OPENING: "waiting for the cluster to be opened",
    TRIAL: "waiting for the API server to try the sync as a dry run",
}


class Operator:
    """Carries out the operations of Applications."""

    def __init__(self, services: Services, preparation: Preparation, save: Save) -> None:
        self._services, self._preparation, self._save = services, preparation, save
        self._outcome, self._steps = Outcome(services), Steps(services, save)

    async def advance(self, draft: Draft, memory: Memory) -> float | None:
        """Take an operation as far as it goes now.

        Returns:
            Seconds until the next look at it; None when it has ended, or waits for a change.
        """
        if draft.operation is None:
            return None
        state = await self._current(draft, memory, draft.operation)
        is_stopping = state.phase is OperationPhase.TERMINATING
        if is_stopping and (state.finished_at or state.result is None):
            # Nothing runs: it waits for its next attempt, or never began.
            self._end(draft, memory, OperationPhase.FAILED, TERMINATED)
            return None
        wait_s = self._make_way_or_wait_s(draft, memory, state)
        if wait_s is None or wait_s > 0:
            return wait_s
        if state.finished_at:
            state = await self._begin_retry(draft, memory, state)
        try:
            again_s = await self._run(draft, memory, state)
        except NotYetError as err:
            return await self._go_on_later(draft, memory, err)
        except TiphysError as err:
            if isinstance(err, ApiError) and err.code == 409:
                raise
            return self._after_failure(draft, memory, err)
        memory.waits_since = None
        return again_s

    async def _current(self, draft: Draft, memory: Memory, operation: Operation) -> OperationState:
        """Return the state of an operation, begun; what is under way of one that stops is given up.

        An Application that is being deleted waits for no operation.
        """
        state = draft.status.operation_state
        if state is None or state.phase.is_completed or state.operation != operation:
            state = await self._begin(draft, memory, operation)
        if draft.app.metadata.deletion_timestamp and state.phase is OperationPhase.RUNNING:
            write(draft, phase=OperationPhase.TERMINATING)
            state = state_of(draft)
        if state.phase is not OperationPhase.TERMINATING and not self._is_overdue(state):
            memory.stops_since = None
        elif memory.stops_since is None:
            memory.stops_since = self._services.clock()
            await self._give_up(memory)
        return state

    async def _give_up(self, memory: Memory) -> None:
        await memory.underway.drop(*_WORK)
        if memory.sync is not None:
            memory.sync.step, memory.sync.pauses = None, False

    async def _go_on_later(self, draft: Draft, memory: Memory, err: NotYetError) -> float | None:
        """Return the seconds until a look at an operation whose work takes its time."""
        if memory.stops_since is not None:
            if self._age_s(memory.stops_since) < _STOPS_WITHIN_S:
                return _LOOK_AT_STOPPING_S
            await self._give_up(memory)
            self._end(draft, memory, OperationPhase.FAILED, f"{TERMINATED}: {_UNANSWERED}")
            return None
        if err.since_s >= _SAY_SO_AFTER_S and err.name in _WAITS:
            message = str(state_of(draft).message or "")
            now = timestamp(self._services.clock())
            write(draft, message=waiting_since(_WAITS[err.name], message, now))
            return self._timeout_s(state_of(draft))
        return min(_SAY_SO_AFTER_S, self._timeout_s(state_of(draft)))

    def _after_failure(self, draft: Draft, memory: Memory, err: TiphysError) -> float | None:
        """Wait for a cluster that does not answer, for a while; else end the attempt."""
        state = draft.status.operation_state
        assert state is not None
        if err.transient and memory.stops_since is None and self._is_patient(memory):
            memory.sync = None
            write(draft, message=f"waiting for the cluster: {err.line}")
            return _CLUSTER_AGAIN_S
        stopping = state.phase is OperationPhase.TERMINATING
        what = f"Operation termination had errors: {err.line}" if stopping else err.line
        self._end(draft, memory, OperationPhase.ERROR, what)
        return self._outcome.retry_wait_s(draft.status.operation_state) or None

    def _is_patient(self, memory: Memory) -> bool:
        """Return whether a cluster that does not answer may still come back in time."""
        memory.waits_since = memory.waits_since or self._services.clock()
        return self._age_s(memory.waits_since) < _PATIENCE_S

    async def _begin(self, draft: Draft, memory: Memory, operation: Operation) -> OperationState:
        now = timestamp(self._services.clock())
        state = OperationState(operation=operation, phase=OperationPhase.RUNNING, started_at=now)
        memory.sync = None
        draft.set_operation(operation, state)
        self._outcome.tell_started(draft, operation)
        await self._save(draft)
        return state

    async def _begin_retry(
        self, draft: Draft, memory: Memory, state: OperationState
    ) -> OperationState:
        """Start again from the beginning, at the revisions that the operation asked for."""
        with_latest = " with latest revisions" if state.operation.retry.refresh else ""
        operation = state.operation
        if state.operation.retry.refresh and operation.sync is not None:
            sync = msgspec.structs.replace(operation.sync, revision="", revisions=())
            operation = msgspec.structs.replace(operation, sync=sync)
        fresh = OperationState(
            operation=operation,
            phase=OperationPhase.RUNNING,
            started_at=state.started_at,
            retry_count=state.retries,
            message=f"Retrying operation. Attempt #{state.retries}{with_latest}",
        )
        memory.sync = None
        draft.set_operation(operation, fresh)
        await self._save(draft)
        return fresh

    async def _run(self, draft: Draft, memory: Memory, state: OperationState) -> float | None:
        sync = state.operation.sync
        if sync is None:
            message = "Invalid operation request: no operation specified"
            self._end(draft, memory, OperationPhase.ERROR, message)
            return None
        is_stopping = state.phase is OperationPhase.TERMINATING
        windows = self._preparation.windows(draft.app, state)
        if not (is_stopping or windows.may_sync):
            message = f"Sync operation blocked by sync window: {windows.reasons}"
            if state.result is None and not state.operation.initiated_by.automated:
                # Refused is not put off: nobody would think of it when the window ends.
                self._end(draft, memory, OperationPhase.FAILED, message)
                return None
            now = timestamp(self._services.clock())
            write(draft, message=waiting_since(message, str(state.message or ""), now))
            return 60.0
        attempt = (state.started_at, state.retries)
        if memory.sync is None or memory.sync.attempt != attempt:
            refusal = await self._prepare(draft, memory, state)
            if refusal is not None:
                self._end(draft, memory, *refusal)
                return self._outcome.retry_wait_s(draft.status.operation_state) or None
        assert memory.sync is not None
        cluster = await memory.underway.result(
            _OPENING, draft.app.spec.destination, lambda: self._preparation.open(draft.app)
        )
        ended = await self._steps.take(draft, memory, cluster)
        if not isinstance(ended, Ended):
            return ended
        self._end(draft, memory, ended.phase, ended.message)
        return self._outcome.retry_wait_s(draft.status.operation_state) or None

    async def _prepare(
        self, draft: Draft, memory: Memory, state: OperationState
    ) -> tuple[OperationPhase, str] | None:
        """Compare at the operation's revisions and plan; return how it ends when it cannot go."""
        await memory.underway.drop(TRIAL, BATCH, PAUSE)  # of an attempt before
        prepared = await memory.underway.result(
            _PREPARATION,
            (state.started_at, state.retries, state.operation, draft.app.spec),
            lambda: self._preparation.prepare(draft, memory, state),
        )
        if not isinstance(prepared, RunningSync):
            return prepared
        memory.sync = prepared
        revisions = prepared.compared.targets.revisions
        has_many = bool(draft.app.spec.sources)
        result = state.result or SyncOperationResult()
        source = state.operation.sync.source if state.operation.sync else None
        write(
            draft,
            sync_result=msgspec.structs.replace(
                result,
                revision="" if has_many else "".join(revisions[:1]),
                revisions=revisions if has_many else (),
                source=None if has_many else source or draft.app.spec.source,
                sources=draft.app.spec.sources,
                managed_namespace_metadata=recorded_metadata(draft.app),
            ),
        )
        return None

    def _make_way_or_wait_s(
        self, draft: Draft, memory: Memory, state: OperationState
    ) -> float | None:
        """Return the seconds until the next attempt; None when there is something newer to sync."""
        if not (memory.makes_way_for and state.finished_at):
            return self._outcome.retry_wait_s(state)
        failed = str(state.message or "").partition(" Retrying attempt #")[0]
        memory.sync, memory.asked = None, RefreshLevel.LATEST
        message = f"{failed} Superseded by {memory.makes_way_for}."
        self._outcome.finish(draft, OperationPhase.FAILED, message)
        return None

    def _end(self, draft: Draft, memory: Memory, phase: OperationPhase, message: str) -> None:
        """Write how an attempt ended; a failed one that may be tried again stays Running."""
        state = draft.status.operation_state
        assert state is not None
        retry = state.operation.retry
        was_stopped = state.phase is OperationPhase.TERMINATING
        memory.sync = memory.waits_since = memory.stops_since = None
        if not phase.is_successful and not was_stopped and may_retry(retry, state.retries):
            try:
                self._outcome.wait_for_retry(draft, message)
            except InvalidInputError as err:
                phase, message = OperationPhase.ERROR, f"{message} (failed to retry: {err.line})"
            else:
                return
        self._outcome.finish(draft, phase, message)
        manual = not state.operation.initiated_by.automated
        memory.asked = RefreshLevel.FORCE if manual else RefreshLevel.LATEST

    def _timeout_s(self, state: OperationState) -> float:
        limit_s = self._services.installation.settings.sync_timeout_s
        return timeout_s(state, self._services.clock(), limit_s)

    def _is_overdue(self, state: OperationState) -> bool:
        limit_s = self._services.installation.settings.sync_timeout_s
        return is_overdue(state, self._services.clock(), limit_s)

    def _age_s(self, moment: datetime) -> float:
        return (self._services.clock() - moment).total_seconds()
