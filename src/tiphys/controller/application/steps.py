"""Takes the steps of one sync, each written down before and after it is carried out.

What a step does runs beside the workers. A look that finds it unfinished ends there, and the one
after it goes on from the same place: `RunningSync` says which step is under way.
"""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from tiphys.controller.application.checks import Checks, Refusals
from tiphys.controller.application.draft import Draft
from tiphys.controller.application.progress import (
    is_overdue,
    record,
    records_of,
    state_of,
    timeout_s,
    write,
)
from tiphys.controller.application.services import Memory, RunningSync, Services
from tiphys.controller.application.sync_actions import Manner, SyncActions
from tiphys.controller.application.underway import NotYetError
from tiphys.delivery.blockers import blocker
from tiphys.delivery.clock import parse_timestamp, timestamp
from tiphys.delivery.clusters import OpenCluster
from tiphys.delivery.targets import instance_of
from tiphys.engine.deletion import is_approved
from tiphys.engine.keeping import why_kept
from tiphys.engine.sync.machine import Step, View, next_step, terminate
from tiphys.engine.sync.wording import waiting_since
from tiphys.engine.tracking import owner_instance
from tiphys.model.labels import DELETION_APPROVED, MIGRATION_MANAGER
from tiphys.model.operation import OperationState, ResourceResult, SyncOperation
from tiphys.model.words import OperationPhase

_BLOCKER_AGAIN_S = 10.0
TRIAL, BATCH, PAUSE = "trial", "batch", "pause"
"""Names of the work of a sync that goes on beside the workers."""

Save = Callable[[Draft], Awaitable[None]]
"""Writes a draft at once and goes on from what the API server then holds."""


class Ended(msgspec.Struct, frozen=True):
    """How an attempt ended."""

    phase: OperationPhase
    message: str


class Steps:
    """Takes the steps of syncs."""

    def __init__(self, services: Services, save: Save) -> None:
        self._services, self._save = services, save
        self._checks = Checks(services)

    async def take(self, draft: Draft, memory: Memory, cluster: OpenCluster) -> Ended | float:
        """Take steps as far as the sync goes now.

        Returns:
            How it ended, or the seconds until the next look at it.

        Raises:
            NotYetError: a step takes its time.
            TiphysError: the cluster does not answer.
        """
        running, sync = memory.sync, state_of(draft).operation.sync
        assert running is not None
        assert sync is not None
        actions = SyncActions(cluster, self._manner(draft, running, sync), running.untried)
        invalid = await self._invalid(draft, memory, cluster, actions)
        if invalid is not None:
            message, results = invalid
            record(draft, memory, {(r.sync_phase, r.key): r for r in results}, message)
            return Ended(OperationPhase.FAILED, message)
        settings = self._services.installation.settings
        while True:
            await self._pause(memory, running, settings.wave_delay_s)
            step = running.step
            if step is None:
                step = await self._next(draft, memory, cluster)
                self._write_down(draft, memory, step, cluster)
            if step.has_actions:
                await self._carry_out(draft, memory, step, actions)
            if step.phase.is_completed:
                return Ended(step.phase, step.message)
            if not step.has_actions:
                limit_s = settings.sync_timeout_s
                wait_s = timeout_s(state_of(draft), self._services.clock(), limit_s)
                # What blocks an object may change without a word of the object itself.
                return wait_s if step.awaits is None else min(wait_s, _BLOCKER_AGAIN_S)
            running.pauses = not step.is_last_batch and bool(step.apply or step.prune)

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

    async def _invalid(
        self, draft: Draft, memory: Memory, cluster: OpenCluster, actions: SyncActions
    ) -> Refusals | None:
        """Return why the first step must not be taken; None when it may, or has been."""
        running = memory.sync
        assert running is not None
        is_stopping = state_of(draft).phase is OperationPhase.TERMINATING
        if is_stopping or running.step is not None or records_of(draft, memory):
            return None
        return await memory.underway.result(
            TRIAL,
            running.attempt,
            lambda: self._checks.refusals(draft, running.tasks, actions, cluster),
        )

    async def _pause(self, memory: Memory, running: RunningSync, pause_s: float) -> None:
        if running.pauses:
            await memory.underway.result(PAUSE, running.attempt, lambda: asyncio.sleep(pause_s))
            running.pauses = False

    def _write_down(self, draft: Draft, memory: Memory, step: Step, cluster: OpenCluster) -> None:
        message = step.message
        if not (step.has_actions or step.phase.is_completed):
            before = str(state_of(draft).message or "")
            why = "" if step.awaits is None else blocker(cluster.cache, step.awaits)
            message = waiting_since(message, before, timestamp(self._services.clock()), why)
        record(draft, memory, step.records, message)

    async def _next(self, draft: Draft, memory: Memory, cluster: OpenCluster) -> Step:
        state = state_of(draft)
        assert memory.sync is not None
        assert state.operation.sync is not None
        view = View(
            live=lambda key: (
                found.manifest()
                if (found := cluster.cache.record(key)) is not None and found.body is not None
                else None
            ),
            health=self._services.comparer.health.of,
            is_deletion_approved=is_approved(
                parse_timestamp(draft.app.metadata.annotations.get(DELETION_APPROVED, "")),
                parse_timestamp(state.started_at),
            ),
            prunes=state.operation.sync.prune,
            is_dry_run=state.operation.sync.dry_run,
        )
        records, tasks = records_of(draft, memory), memory.sync.tasks
        look, why = self._services.installation.look(), ""
        if state.phase is not OperationPhase.TERMINATING:
            why = self._why_stop(memory, state)
            if not why:
                return await look.settle(lambda: next_step(tasks, records, view))
            write(draft, phase=OperationPhase.TERMINATING)
        step = await look.settle(lambda: terminate(tasks, records, view))
        message = f"{step.message}, {why}" if why else step.message
        return msgspec.structs.replace(step, message=message)

    def _why_stop(self, memory: Memory, state: OperationState) -> str:
        """Return why a sync that could go on is stopped, "" when it is not."""
        limit_s = self._services.installation.settings.sync_timeout_s
        if is_overdue(state, self._services.clock(), limit_s):
            return "triggered by controller sync timeout"
        return f"superseded by {memory.makes_way_for}" if memory.makes_way_for else ""

    async def _carry_out(
        self, draft: Draft, memory: Memory, step: Step, actions: SyncActions
    ) -> None:
        running = memory.sync
        assert running is not None
        if running.step is None:
            # What is about to happen must be known before it happens, and hooks that ended must be
            # written down before anything of them is deleted.
            if not (step.may_go_unrecorded and _is_pinned(draft)):
                await self._save(draft)
            running.step = step
        try:
            results = await memory.underway.result(
                BATCH, running.attempt, lambda: _act(actions, step)
            )
        except NotYetError:
            raise
        except BaseException:
            running.step = None
            raise
        running.step = None
        records = dict(step.records)
        records.update({(result.sync_phase, result.key): result for result in results})
        record(draft, memory, records, step.message)


async def _act(actions: SyncActions, step: Step) -> list[ResourceResult]:
    await actions.release(step.release)
    results = await actions.prune(step.prune)
    await actions.delete_hooks(step.delete_hooks)
    return [*results, *await actions.apply(step.apply)]


def _is_pinned(draft: Draft) -> bool:
    """Return whether the operation itself names its revisions, and so resumes at the same ones."""
    sync = draft.operation.sync if draft.operation is not None else None
    return sync is not None and bool(sync.revision or sync.revisions)
