"""The next step of a sync, from its tasks, what was recorded of them, and the live objects.

Nothing is remembered between steps, so a sync that was interrupted goes on where it was.

Source: Argo CD user guide, "Sync Phases and Waves", "Resource Hooks"; architecture, decision 6.
"""

from collections.abc import Callable, Sequence

import msgspec

from tiphys.engine.hooks import OPERATION, annotation, delete_policies
from tiphys.engine.sync.options import PrunePolicy
from tiphys.engine.sync.records import (
    Records,
    has_failed,
    is_running,
    terminated,
    with_phase,
)
from tiphys.engine.sync.tasks import SyncTask
from tiphys.engine.sync.wording import describe, describe_all, failure_message
from tiphys.model.application import HealthStatus
from tiphys.model.keys import Manifest, ResourceKey
from tiphys.model.labels import HOOK_FINALIZER
from tiphys.model.words import (
    HealthStatusCode,
    HookDeletePolicy,
    OperationPhase,
    ResultCode,
    SyncPhase,
)

_PLACES = {phase: place for place, phase in enumerate(SyncPhase)}
_BY_HEALTH = {
    HealthStatusCode.HEALTHY: OperationPhase.SUCCEEDED,
    HealthStatusCode.DEGRADED: OperationPhase.FAILED,
}


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What a step may look at.

    Attributes:
        live: the live object of a key as it is now, None when there is none.
        health: None for kinds without a check.
        is_deletion_approved: a person approved prunes that need it.
        prunes: what left Git is to be deleted; else it is only shown.
        is_dry_run: nothing is written, so nothing of the last sync may be cleared away either.
    """

    live: Callable[[ResourceKey], Manifest | None]
    health: Callable[[Manifest], HealthStatus | None]
    is_deletion_approved: bool = False
    prunes: bool = True
    is_dry_run: bool = False


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What to do now. The actions are carried out in the order of the fields.

    Without actions and while Running, there is nothing to do until something changes.

    Attributes:
        records: the results so far, brought up to date.
        release: completed hooks whose finalizer goes.
        delete_hooks: hooks whose objects are deleted.
        prune: objects to delete because they left Git.
        apply: objects to write, those of one kind together.
        is_last_batch: no wave follows these actions.
        awaits: the object that the message names first, when the step only waits for it.
    """

    records: Records
    phase: OperationPhase = OperationPhase.RUNNING
    message: str = ""
    release: tuple[SyncTask, ...] = ()
    delete_hooks: tuple[SyncTask, ...] = ()
    prune: tuple[SyncTask, ...] = ()
    apply: tuple[SyncTask, ...] = ()
    is_last_batch: bool = False
    awaits: ResourceKey | None = None

    @property
    def has_actions(self) -> bool:
        """True when there is something to carry out."""
        return bool(self.release or self.delete_hooks or self.prune or self.apply)

    @property
    def may_go_unrecorded(self) -> bool:
        """True when a process that is killed in the middle may simply do all of it again.

        Plain objects are applied a second time without effect; hooks and deletes are not.
        """
        takes_away = self.release or self.delete_hooks or self.prune
        return not takes_away and not any(task.is_hook for task in self.apply)


def next_step(tasks: Sequence[SyncTask], records: Records, view: View) -> Step:
    """Return the next step of a sync.

    Args:
        tasks: from `build_tasks`, in their order.
        records: the results so far; untouched.
        view: the live objects and their health.
    """
    planned = [task for task in tasks if _is_planned(task, records)]
    normal = [task for task in planned if task.phase is not SyncPhase.SYNC_FAIL]
    free = _free_group(normal)
    awaited = [task for task in planned if task.is_hook or _group(task) != free]
    records = _updated(awaited, records, view)
    failed = [task for task in normal if has_failed(records.get(task.identity))]
    has_steps = len({_group(task) for task in planned}) > 1
    waiting = _waiting_step(awaited, records, is_for_resources=has_steps and not failed)
    if waiting is not None:
        return waiting
    leaving = [task for task in normal if _is_leaving(task, records, view)]
    pending = [task for task in normal if task.identity not in records]
    if leaving and pending:
        message = f"waiting for deletion of {describe_all(leaving, 'resources')}"
        return Step(records=records, message=message)
    release = tuple(task for task in planned if _is_to_release(task, records, view))
    if release:
        message = f"letting go of {describe_all(release, 'hooks')}"
        return Step(records=records, release=release, message=message)
    if failed:
        return _fail(planned, records, view)
    if not pending:
        return _succeed(normal, records, view)
    return _next_batch(normal, pending, records, view)


def terminate(tasks: Sequence[SyncTask], records: Records, view: View) -> Step:
    """Return the step that ends a sync because somebody asked for it."""
    hooks = [task for task in tasks if task.is_hook]
    # One that has just ended keeps what it ended as.
    updated = _updated(hooks, records, view)
    running = [task for task in hooks if is_running(updated.get(task.identity))]
    for task in running:
        updated[task.identity] = terminated(updated[task.identity])
    return Step(
        records=updated,
        phase=OperationPhase.FAILED,
        message="Operation terminated",
        delete_hooks=tuple(task for task in running if view.live(task.key) is not None),
        release=tuple(task for task in tasks if _is_to_release(task, updated, view)),
    )


def _is_planned(task: SyncTask, records: Records) -> bool:
    if task.identity in records or task.is_hook or task.is_prune:
        return True
    return task.is_modified or not task.options.apply_out_of_sync_only


def _updated(tasks: Sequence[SyncTask], records: Records, view: View) -> Records:
    """Look at what was started and has not ended; adopt hooks that a killed process created."""
    updated = dict(records)
    for task in tasks:
        record = updated.get(task.identity)
        if record is None or not is_running(record):
            continue
        live = view.live(task.key)
        if live is None:
            gone = f"Resource {describe(task)} is missing, it might have been deleted"
            updated[task.identity] = msgspec.structs.replace(
                record,
                status=ResultCode.SYNC_FAILED,
                hook_phase=OperationPhase.ERROR,
                message=gone,
            )
            continue
        health = view.health(live)
        phase = _phase_of(task, health)
        if phase is not OperationPhase.RUNNING:
            message = health.message if health is not None and health.message else ""
            if health is None and task.is_hook:
                message = f"{task.key.name} created"
            updated[task.identity] = with_phase(record, phase, message)
    return updated


def _phase_of(task: SyncTask, health: HealthStatus | None) -> OperationPhase:
    if health is None:
        return OperationPhase.SUCCEEDED
    if task.is_hook and health.status is HealthStatusCode.UNKNOWN:
        return OperationPhase.FAILED
    return _BY_HEALTH.get(health.status, OperationPhase.RUNNING)


def _group(task: SyncTask) -> tuple[int, int]:
    return _PLACES[task.phase], task.wave


def _free_group(normal: Sequence[SyncTask]) -> tuple[int, int] | None:
    """Return the phase and wave that nobody waits for: the last one, when it has no hooks.

    What becomes of its objects is the Application's health and not the sync's result: a Deployment
    that was broken before must not fail the sync that mends it.
    """
    last = max((_group(task) for task in normal), default=None)
    has_hooks = any(task.is_hook for task in normal if _group(task) == last)
    return None if has_hooks else last


def _waiting_step(
    awaited: Sequence[SyncTask], records: Records, *, is_for_resources: bool
) -> Step | None:
    """Return the step that waits for what is running; None when nothing holds the sync up."""
    running = [task for task in awaited if is_running(records.get(task.identity))]
    hooks = [task for task in running if task.is_hook]
    resources = [task for task in running if not task.is_hook and is_for_resources]
    if resources:
        message = f"waiting for healthy state of {describe_all([*resources, *hooks], 'resources')}"
    elif hooks:
        message = f"waiting for completion of hook {describe_all(hooks, 'hooks')}"
    else:
        return None
    return Step(records=records, message=message, awaits=[*resources, *hooks][0].key)


def _is_leaving(task: SyncTask, records: Records, view: View) -> bool:
    record = records.get(task.identity)
    is_pruned = record is not None and record.status is ResultCode.PRUNED
    return is_pruned and not view.is_dry_run and view.live(task.key) is not None


def _is_to_release(task: SyncTask, records: Records, view: View) -> bool:
    record = records.get(task.identity)
    if not task.is_hook or record is None or is_running(record) or view.is_dry_run:
        return False
    live = view.live(task.key)
    return live is not None and HOOK_FINALIZER in (live["metadata"].get("finalizers") or ())


def _hooks_to_delete(
    tasks: Sequence[SyncTask], view: View, policy: HookDeletePolicy
) -> tuple[SyncTask, ...]:
    if view.is_dry_run:
        return ()
    return tuple(
        task
        for task in tasks
        if task.is_hook
        and policy in delete_policies(task.manifest)
        and (live := view.live(task.key)) is not None
        and not live["metadata"].get("deletionTimestamp")
    )


def _fail(planned: Sequence[SyncTask], records: Records, view: View) -> Step:
    """Run the SyncFail hooks, then end."""
    pending = [
        task
        for task in planned
        if task.phase is SyncPhase.SYNC_FAIL and task.identity not in records
    ]
    if pending:
        first = min(task.wave for task in pending)
        batch = [task for task in pending if task.wave == first]
        return _start(batch, records, view)
    failed = [
        record
        for task in planned
        if task.phase is not SyncPhase.SYNC_FAIL
        and has_failed(record := records.get(task.identity))
        and record is not None
    ]
    run = [task for task in planned if task.identity in records]
    return Step(
        records=records,
        phase=OperationPhase.FAILED,
        message=failure_message(failed),
        delete_hooks=_hooks_to_delete(run, view, HookDeletePolicy.HOOK_FAILED),
    )


def _succeed(normal: Sequence[SyncTask], records: Records, view: View) -> Step:
    last = max((_group(task) for task in normal), default=(0, 0))
    ended_with_hooks = any(task.is_hook for task in normal if _group(task) == last)
    how = "no more tasks" if ended_with_hooks or not normal else "all tasks run"
    return Step(
        records=records,
        phase=OperationPhase.SUCCEEDED,
        message=f"successfully synced ({how})",
        delete_hooks=_hooks_to_delete(normal, view, HookDeletePolicy.HOOK_SUCCEEDED),
    )


def _next_batch(
    normal: Sequence[SyncTask], pending: Sequence[SyncTask], records: Records, view: View
) -> Step:
    first = min(_group(task) for task in pending)
    batch = [task for task in pending if _group(task) == first]
    asks = view.prunes and not view.is_dry_run and not view.is_deletion_approved
    unapproved = [
        task
        for task in batch
        if asks and task.is_prune and task.options.prune is PrunePolicy.CONFIRM
    ]
    ready = [task for task in batch if task not in unapproved]
    if not ready:
        waiting = describe_all(unapproved, "resources")
        return Step(records=records, message=f"waiting for pruning confirmation of {waiting}")
    step = _start(ready, records, view)
    is_last = not unapproved and max(_group(task) for task in normal) == first
    return msgspec.structs.replace(step, is_last_batch=is_last)


def _start(batch: Sequence[SyncTask], records: Records, view: View) -> Step:
    """Begin a batch: adopt hooks of this operation, clear away those of earlier ones, write."""
    updated = dict(records)
    stale: list[SyncTask] = []
    apply: list[SyncTask] = []
    for task in batch:
        live = view.live(task.key) if task.is_hook and not view.is_dry_run else None
        if task.is_prune:
            continue
        if live is None or not _must_go_first(task, live):
            apply.append(task)
        else:
            stale.append(task)
    message = f"carrying out {describe_all(batch, 'resources')}"
    if stale:
        message = f"waiting for deletion of {describe_all(stale, 'hooks')}"
    leaving = [task for task in stale if not _is_being_deleted(view.live(task.key))]
    return Step(
        records=updated,
        message=message,
        delete_hooks=tuple(leaving),
        prune=tuple(task for task in batch if task.is_prune),
        apply=() if stale else tuple(apply),
    )


def _must_go_first(task: SyncTask, live: Manifest) -> bool:
    """A hook that an earlier operation left is deleted before ours is created."""
    if is_of_this_operation(task, live):
        return False
    return HookDeletePolicy.BEFORE_HOOK_CREATION in delete_policies(task.manifest) or (
        _is_being_deleted(live)
    )


def is_of_this_operation(task: SyncTask, live: Manifest) -> bool:
    """Return whether a live hook was created by the operation that a task belongs to."""
    return annotation(live, OPERATION) == annotation(task.manifest, OPERATION)


def _is_being_deleted(live: Manifest | None) -> bool:
    # A hook that somebody deletes still has our finalizer; it goes once that is released.
    if live is None:
        return True
    metadata = live["metadata"]
    held = HOOK_FINALIZER in (metadata.get("finalizers") or ())
    return bool(metadata.get("deletionTimestamp")) and not held
