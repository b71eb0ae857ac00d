"""Carries an operation out: one sync, step by step, each step written down.

An operation begins with the state Running, is written before and after each batch, and ends in the
patch that removes `operation`. A process killed in between goes on from what was written.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec

from tiphys.controller.application.checks import Checks
from tiphys.controller.application.draft import Draft
from tiphys.controller.application.outcome import Outcome
from tiphys.controller.application.preparation import Preparation
from tiphys.controller.application.refresh_level import RefreshLevel
from tiphys.controller.application.services import Memory, RunningSync, Services
from tiphys.controller.application.sync_actions import Manner, SyncActions
from tiphys.delivery.clock import parse_timestamp, timestamp
from tiphys.delivery.clusters import OpenCluster
from tiphys.delivery.targets import instance_of
from tiphys.engine.deletion import is_approved
from tiphys.engine.keeping import why_kept
from tiphys.engine.namespaces import recorded_metadata
from tiphys.engine.retry import may_retry
from tiphys.engine.sync.machine import Step, View, next_step, terminate
from tiphys.engine.sync.records import Records, read_records
from tiphys.engine.sync.wording import waiting_since
from tiphys.engine.tracking import owner_instance
from tiphys.model.errors import ApiError, InvalidInputError, TiphysError
from tiphys.model.labels import DELETION_APPROVED, MIGRATION_MANAGER
from tiphys.model.operation import Operation, OperationState, SyncOperation, SyncOperationResult
from tiphys.model.words import OperationPhase

_BACKSTOP_S = 30.0
_CLUSTER_AGAIN_S = 2.0
_PATIENCE_S = 30.0
Save = Callable[[Draft], Awaitable[None]]
"""Writes a draft at once and goes on from what the API server then holds."""


class Operator:
    """Carries out the operations of Applications."""

    def __init__(self, services: Services, preparation: Preparation, save: Save) -> None:
        self._services, self._preparation, self._save = services, preparation, save
        self._outcome, self._checks = Outcome(services), Checks(services)

    async def advance(self, draft: Draft, memory: Memory) -> float | None:
        """Take an operation as far as it goes now.

        Returns:
            Seconds until the next look at it; None when it has ended, or waits for a change.
        """
        state = draft.status.operation_state
        operation = draft.operation
        if operation is None:
            return None
        if state is None or state.phase.is_completed or state.operation != operation:
            state = await self._begin(draft, memory, operation)
        is_stopping = state.phase is OperationPhase.TERMINATING
        if is_stopping and (state.finished_at or state.result is None):
            # Nothing runs: it waits for its next attempt, or never began.
            self._end(draft, memory, OperationPhase.FAILED, "Operation terminated")
            return None
        wait_s = self._make_way_or_wait_s(draft, memory, state)
        if wait_s is None or wait_s > 0:
            return wait_s
        if state.finished_at:
            state = await self._begin_retry(draft, memory, state)
        try:
            again_s = await self._run(draft, memory, state)
        except TiphysError as err:
            if isinstance(err, ApiError) and err.code == 409:
                raise
            return self._after_failure(draft, memory, err)
        memory.waits_since = None
        return again_s

    def _after_failure(self, draft: Draft, memory: Memory, err: TiphysError) -> float | None:
        """Wait for a cluster that does not answer, for a while; else end the attempt."""
        state = draft.status.operation_state
        assert state is not None
        if err.transient and self._is_patient(memory):
            memory.sync = None
            self._progress(draft, f"waiting for the cluster: {err.line}")
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
            self._progress(draft, waiting_since(message, str(state.message or ""), now))
            return 60.0
        attempt = (state.started_at, state.retries)
        if memory.sync is None or memory.sync.attempt != attempt:
            refusal = await self._prepare(draft, memory, state)
            if refusal is not None:
                self._end(draft, memory, *refusal)
                return self._outcome.retry_wait_s(draft.status.operation_state) or None
        assert memory.sync is not None
        cluster = await self._preparation.open(draft.app)
        actions = SyncActions(cluster, self._manner(draft, memory.sync, sync))
        return await self._steps(draft, memory, cluster, actions)

    def _manner(self, draft: Draft, running: RunningSync, sync: SyncOperation) -> Manner:
        installation = self._services.installation
        instance = instance_of(draft.app, installation)
        return Manner(
            dry_run=sync.dry_run,
            prune=sync.prune,
            options=running.options,
            migration_manager=draft.app.metadata.annotations.get(MIGRATION_MANAGER, ""),
            rules=running.rules,
            is_ours=lambda live: owner_instance(live, installation.tracking) == instance,
            why_kept=lambda live: why_kept(live, draft.app, running.options),
            trials=self._services.comparer.verdicts.trials,
            look=installation.look(),
            secret_annotations=installation.settings.sensitive_annotations,
        )

    async def _prepare(
        self, draft: Draft, memory: Memory, state: OperationState
    ) -> tuple[OperationPhase, str] | None:
        """Compare at the operation's revisions and plan; return how it ends when it cannot go."""
        prepared = await self._preparation.prepare(draft, memory, state)
        if not isinstance(prepared, RunningSync):
            return prepared
        memory.sync = prepared
        revisions = prepared.compared.targets.revisions
        has_many = bool(draft.app.spec.sources)
        result = state.result or SyncOperationResult()
        source = state.operation.sync.source if state.operation.sync else None
        self._write(
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

    async def _steps(
        self, draft: Draft, memory: Memory, cluster: OpenCluster, actions: SyncActions
    ) -> float | None:
        assert memory.sync is not None
        tasks = memory.sync.tasks
        if not self._records(draft, memory):
            invalid = await self._checks.refusals(draft, tasks, actions, cluster)
            if invalid is not None:
                message, results = invalid
                self._record(draft, memory, {(r.sync_phase, r.key): r for r in results}, message)
                self._end(draft, memory, OperationPhase.FAILED, message)
                return self._outcome.retry_wait_s(draft.status.operation_state) or None
        while True:
            step = await self._next(draft, memory, cluster)
            waits = not (step.has_actions or step.phase.is_completed)
            self._record(draft, memory, step.records, step.message, waits=waits)
            if step.has_actions:
                await self._carry_out(draft, memory, step, actions)
            if step.phase.is_completed:
                self._end(draft, memory, step.phase, step.message)
                return self._outcome.retry_wait_s(draft.status.operation_state) or None
            if not step.has_actions:
                return self._timeout_s(draft)
            if not step.is_last_batch and (step.apply or step.prune):
                await asyncio.sleep(self._services.installation.settings.wave_delay_s)

    async def _next(self, draft: Draft, memory: Memory, cluster: OpenCluster) -> Step:
        assert memory.sync is not None
        state = draft.status.operation_state
        assert state is not None
        sync = state.operation.sync
        assert sync is not None
        view = View(
            live=lambda key: (
                record.manifest()
                if (record := cluster.cache.record(key)) is not None and record.body is not None
                else None
            ),
            health=self._services.comparer.health.of,
            is_deletion_approved=is_approved(
                parse_timestamp(draft.app.metadata.annotations.get(DELETION_APPROVED, "")),
                parse_timestamp(state.started_at),
            ),
            prunes=sync.prune,
            is_dry_run=sync.dry_run,
        )
        records, tasks = self._records(draft, memory), memory.sync.tasks
        look, why = self._services.installation.look(), ""
        if state.phase is not OperationPhase.TERMINATING:
            why = self._why_stop(memory, state)
            if not why:
                return await look.settle(lambda: next_step(tasks, records, view))
            self._write(draft, phase=OperationPhase.TERMINATING)
        step = await look.settle(lambda: terminate(tasks, records, view))
        message = f"{step.message}, {why}" if why else step.message
        return msgspec.structs.replace(step, message=message)

    def _why_stop(self, memory: Memory, state: OperationState) -> str:
        """Return why a sync that could go on is stopped, "" when it is not."""
        if self._is_overdue(state):
            return "triggered by controller sync timeout"
        return f"superseded by {memory.makes_way_for}" if memory.makes_way_for else ""

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

    async def _carry_out(
        self, draft: Draft, memory: Memory, step: Step, actions: SyncActions
    ) -> None:
        # What is about to happen must be known before it happens, and hooks that ended must be
        # written down before anything of them is deleted.
        if not (step.may_go_unrecorded and _is_pinned(draft)):
            await self._save(draft)
        await actions.release(step.release)
        records = dict(step.records)
        results = await actions.prune(step.prune)
        await actions.delete_hooks(step.delete_hooks)
        results += await actions.apply(step.apply)
        records.update({(result.sync_phase, result.key): result for result in results})
        self._record(draft, memory, records, step.message)

    def _records(self, draft: Draft, memory: Memory) -> Records:
        if memory.sync is not None and memory.sync.records:
            return memory.sync.records
        state = draft.status.operation_state
        result = state.result if state is not None else None
        return read_records(result.resources) if result is not None else {}

    def _record(
        self, draft: Draft, memory: Memory, records: Records, message: str, *, waits: bool = False
    ) -> None:
        state = draft.status.operation_state
        assert state is not None
        if waits:
            now = timestamp(self._services.clock())
            message = waiting_since(message, str(state.message or ""), now)
        result = state.result or SyncOperationResult()
        memory.results = tuple(records.values())
        if memory.sync is not None:
            memory.sync.records = records
        self._write(
            draft,
            message=message,
            sync_result=msgspec.structs.replace(result, resources=memory.results),
        )

    def _progress(self, draft: Draft, message: str) -> None:
        self._write(draft, message=message)

    def _write(self, draft: Draft, **fields: object) -> None:
        state = draft.status.operation_state
        assert state is not None
        draft.set(operation_state=msgspec.structs.replace(state, **fields))

    def _end(self, draft: Draft, memory: Memory, phase: OperationPhase, message: str) -> None:
        """Write how an attempt ended; a failed one that may be tried again stays Running."""
        state = draft.status.operation_state
        assert state is not None
        retry = state.operation.retry
        was_stopped = state.phase is OperationPhase.TERMINATING
        memory.sync = memory.waits_since = None
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

    def _timeout_s(self, draft: Draft) -> float:
        """Return the seconds until a waiting sync is looked at again, should nothing wake it."""
        limit_s = self._services.installation.settings.sync_timeout_s
        state = draft.status.operation_state
        started = parse_timestamp(state.started_at) if state is not None else None
        if limit_s <= 0 or started is None:
            return _BACKSTOP_S
        return min(max(limit_s - self._age_s(started), 0.1), _BACKSTOP_S)

    def _is_overdue(self, state: OperationState) -> bool:
        limit_s = self._services.installation.settings.sync_timeout_s
        started = parse_timestamp(state.started_at)
        return limit_s > 0 and started is not None and self._age_s(started) > limit_s

    def _age_s(self, moment: datetime) -> float:
        return (self._services.clock() - moment).total_seconds()


def _is_pinned(draft: Draft) -> bool:
    """Return whether the operation itself names its revisions, and so resumes at the same ones."""
    sync = draft.operation.sync if draft.operation is not None else None
    return sync is not None and bool(sync.revision or sync.revisions)
