"""What a sync writes down about each task: the rows of `syncResult.resources`.

Source: Argo CD reference of `Application.status.operationState.syncResult`.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from tiphys.engine.sync.tasks import SyncTask
from tiphys.model.keys import Manifest, ResourceKey
from tiphys.model.operation import ResourceResult
from tiphys.model.words import OperationPhase, ResultCode, SyncPhase

Identity = tuple[SyncPhase | None, ResourceKey]
Records = dict[Identity, ResourceResult]
"""Results by task, in the order of first appearance."""


def read_records(results: Iterable[ResourceResult]) -> Records:
    """Return the results that a status holds, by task."""
    return {(result.sync_phase, result.key): result for result in results}


def applied(task: SyncTask, message: str, *, dry_run: bool = False) -> ResourceResult:
    """Return the result of a task whose object was written."""
    phase = OperationPhase.SUCCEEDED if dry_run else OperationPhase.RUNNING
    return _result(task, ResultCode.SYNCED, phase, message)


def refused(task: SyncTask, message: str) -> ResourceResult:
    """Return the result of a task that the API server, the project or the cluster refused."""
    return _result(task, ResultCode.SYNC_FAILED, OperationPhase.FAILED, message)


def pruned(task: SyncTask, message: str = "pruned") -> ResourceResult:
    """Return the result of a task whose object was deleted."""
    return _result(task, ResultCode.PRUNED, OperationPhase.SUCCEEDED, message)


def prune_skipped(task: SyncTask, message: str) -> ResourceResult:
    """Return the result of a task whose object stays although it left Git."""
    return _result(task, ResultCode.PRUNE_SKIPPED, OperationPhase.SUCCEEDED, message)


def with_phase(record: ResourceResult, phase: OperationPhase, message: str = "") -> ResourceResult:
    """Return a result that has come further; an empty message keeps the one that stands."""
    return msgspec.structs.replace(record, hook_phase=phase, message=message or record.message)


def terminated(record: ResourceResult) -> ResourceResult:
    """Return the result of a hook that was stopped."""
    return with_phase(record, OperationPhase.FAILED, "Terminated")


def is_running(record: ResourceResult | None) -> bool:
    """Return whether a task was started and has not ended."""
    return record is not None and record.hook_phase is OperationPhase.RUNNING


def has_failed(record: ResourceResult | None) -> bool:
    """Return whether a task ended without success."""
    return record is not None and record.hook_phase in {
        OperationPhase.FAILED,
        OperationPhase.ERROR,
    }


def _result(
    task: SyncTask, code: ResultCode, phase: OperationPhase, message: str
) -> ResourceResult:
    group, version, kind = task.gvk
    return ResourceResult(
        group=group,
        version=version,
        kind=kind,
        namespace=task.key.namespace,
        name=task.key.name,
        status=code,
        message=message,
        hook_type=task.hook_type.value if task.hook_type else "",
        hook_phase=phase,
        sync_phase=task.phase,
        images=container_images(task.target or {}),
    )


def container_images(manifest: Manifest) -> tuple[str, ...]:
    """Return the images of an object's containers, in their order, once each."""
    spec: Any = manifest.get("spec")
    for step in ("jobTemplate", "spec", "template", "spec"):
        if isinstance(spec, dict) and isinstance(spec.get(step), dict):
            spec = spec[step]
    if not isinstance(spec, dict):
        return ()
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    images = [item.get("image") for item in containers if isinstance(item, dict)]
    return tuple(dict.fromkeys(str(image) for image in images if image))
