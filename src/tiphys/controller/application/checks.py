"""Why a sync must not begin: everything that can be known before the first write.

A dry run of the whole set comes first, deliberately unlike Argo CD, which tries only whether the
manifests can be read: a sync that fails should fail with nothing changed.
"""

from collections.abc import Mapping, Sequence

from tiphys.controller.application.draft import Draft
from tiphys.controller.application.services import Services
from tiphys.controller.application.sync_actions import SyncActions
from tiphys.delivery.clusters import OpenCluster
from tiphys.engine.permissions import permits_destination, permits_resource
from tiphys.engine.scrubbing import without_secrets
from tiphys.engine.shape import shape_problem
from tiphys.engine.sync.records import refused
from tiphys.engine.sync.tasks import SyncTask
from tiphys.engine.sync.wording import DRY_RUN_FAILED, invalid_message
from tiphys.model.errors import TiphysError
from tiphys.model.keys import GroupKind, Manifest
from tiphys.model.operation import ResourceResult
from tiphys.model.project import AppProject
from tiphys.model.words import SyncPhase

_CRD = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")
_NAMESPACE = GroupKind("", "Namespace")


Refusals = tuple[str, list[ResourceResult]]
"""Why a sync must not begin, and the results to show."""


class Checks:
    """Checks plans before they are carried out."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def refusals(
        self,
        draft: Draft,
        tasks: Sequence[SyncTask],
        actions: SyncActions,
        cluster: OpenCluster,
    ) -> Refusals | None:
        """Return why a sync must not begin, and the results to show; None when it may.

        Objects whose namespace or definition comes with this sync, those to be replaced or forced,
        and hooks that are still there from before cannot be tried: the API server would refuse
        what it will accept. Their shape is checked instead.
        """
        project = self._services.installation.project(draft.app.project)
        defined = _definitions(tasks)
        invalid = [
            refused(task, message)
            for task in tasks
            if (message := _invalidity(task, project, cluster, defined))
        ]
        if invalid:
            return invalid_message([result.message for result in invalid]), invalid
        writes = [task for task in tasks if _is_written(task)]
        changing = [task for task in writes if task.live is None or task.is_modified]
        coming = _definitions(changing)
        made = {task.key.name for task in changing if task.key.group_kind == _NAMESPACE}
        tried: list[SyncTask] = []
        looked_at: list[SyncTask] = []
        for task in writes:
            is_early = task.key.namespace in made or task.key.group_kind in coming
            is_served = cluster.client.discovery.resource(task.gvk) is not None
            can_answer = is_served and not is_early and _is_worth_a_trial(task)
            (tried if can_answer else looked_at).append(task)
        results = [
            refused(task, without_secrets(problem, [task.target]))
            for task in looked_at
            if task.options.validate and (problem := shape_problem(task.manifest, defined))
        ]
        results += await actions.check(tried)
        return (DRY_RUN_FAILED, results) if results else None


def _is_written(task: SyncTask) -> bool:
    return not task.is_prune and (task.is_modified or not task.options.apply_out_of_sync_only)


def _is_worth_a_trial(task: SyncTask) -> bool:
    """Return whether what the API server says now of a write is what it will say then."""
    if task.options.force or task.options.replace:
        return False
    if not task.is_hook:
        return True
    # What an earlier sync left of a hook is deleted before, or may be gone by its phase; and a
    # hook for failures must not keep a sync from beginning that may never need it.
    return task.live is None and task.phase is not SyncPhase.SYNC_FAIL


def _definitions(tasks: Sequence[SyncTask]) -> dict[GroupKind, Manifest]:
    found = {}
    for task in tasks:
        if task.key.group_kind == _CRD and task.target is not None:
            spec = task.target.get("spec") or {}
            names = spec.get("names") or {}
            found[GroupKind(spec.get("group", ""), names.get("kind", ""))] = task.target
    return found


def _invalidity(
    task: SyncTask,
    project: AppProject | None,
    cluster: OpenCluster,
    defined: Mapping[GroupKind, Manifest],
) -> str:
    """Return why a task cannot be carried out at all, "" when it can."""
    kind = task.key.group_kind
    is_missing = cluster.client.discovery.resource(task.gvk) is None
    if is_missing and kind not in defined and not task.options.skip_dry_run_on_missing_resource:
        try:
            cluster.client.resource(task.gvk)
        except TiphysError as err:
            return err.what
    if project is None or task.creates_namespace:
        return ""
    name = project.metadata.name
    scope = cluster.client.discovery.is_namespaced(kind)
    is_namespaced = bool(task.key.namespace) if scope is None else scope
    if not permits_resource(project.spec, task.key, is_namespaced=is_namespaced):
        return f"resource {kind.group}:{kind.kind} is not permitted in project {name}."
    if is_namespaced and not permits_destination(project, cluster.record, task.key.namespace):
        return f"namespace {task.key.namespace} is not permitted in project '{name}'"
    return ""
