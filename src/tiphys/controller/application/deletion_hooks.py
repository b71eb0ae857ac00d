"""Runs the hooks of an Application's deletion, and clears them away.

Source: Argo CD user guide, "Resource Hooks" (PreDelete, PostDelete).
"""

from tiphys.controller.application.refresh import Refresher
from tiphys.controller.application.removal import remove
from tiphys.controller.application.services import Services
from tiphys.delivery.clusters import OpenCluster
from tiphys.delivery.targets import render_request
from tiphys.engine.deletion_hooks import (
    failure_message,
    hooks_to_clear,
    next_hooks,
    of_deletion,
)
from tiphys.engine.hooks import hook_types
from tiphys.engine.permissions import permits_destination, permits_resource
from tiphys.engine.scrubbing import without_secrets
from tiphys.kube.apply import Applied, ApplyOptions, apply_resource
from tiphys.model.application import Application
from tiphys.model.cluster import ClusterRecord
from tiphys.model.errors import ApiError, InvalidInputError, TiphysError
from tiphys.model.keys import Manifest, ResourceKey, key_of
from tiphys.model.project import AppProject
from tiphys.model.words import HookType


class DeletionHooks:
    """Runs hooks before and after an Application's objects are deleted."""

    def __init__(self, services: Services, refresher: Refresher) -> None:
        self._services, self._refresher = services, refresher

    async def run(
        self, app: Application, project: AppProject, cluster: OpenCluster, kind: HookType
    ) -> bool:
        """Take the hooks of a type as far as they go now; return whether all have succeeded.

        Raises:
            TiphysError: they cannot be rendered or created, or one has failed.
        """
        hooks = await self._hooks(app, cluster, kind)
        for hook in hooks:
            self._require_permitted(project, cluster.record, key_of(hook))
        health, look = self._services.comparer.health.of, self._services.installation.look()
        while True:
            step = await look.settle(
                lambda: next_hooks(hooks, lambda key: _live(cluster, key), health)
            )
            for found in step.delete:
                await _delete(cluster, found)
            if step.failed:
                raise TiphysError(failure_message(kind, step.failed))
            for hook in step.create:
                applied = await _created(cluster, hook)
                cluster.cache.observe(applied.manifest)
            if not step.create:
                return step.is_done

    async def clear(self, app: Application, cluster: OpenCluster, kind: HookType) -> bool:
        """Delete the hooks of a type that go after they succeeded; return whether they are gone.

        Raises:
            TiphysError: they cannot be rendered or deleted.
        """
        hooks = await self._hooks(app, cluster, kind)
        for live in hooks_to_clear(hooks, lambda key: _live(cluster, key)):
            await _delete(cluster, live)
        return not hooks_to_clear(hooks, lambda key: _live(cluster, key))

    async def _hooks(
        self, app: Application, cluster: OpenCluster, kind: HookType
    ) -> list[Manifest]:
        request = render_request(app, self._services.installation, cluster)
        targets = await self._services.targets.load(app, cluster, request)
        found = [hook.manifest() for hook in targets.deletion_hooks]
        hooks = [hook for hook in found if kind in hook_types(hook)]
        marked = of_deletion(hooks, kind, app.metadata.deletion_timestamp)
        for hook in marked:
            await cluster.cache.load(key_of(hook))  # kept whole from now on
        return marked

    def _require_permitted(
        self, project: AppProject, cluster: ClusterRecord, key: ResourceKey
    ) -> None:
        name, is_namespaced = project.metadata.name, bool(key.namespace)
        if not permits_resource(project.spec, key, is_namespaced=is_namespaced):
            what = f"resource {key.group}:{key.kind} is not permitted in project {name}."
        elif is_namespaced and not permits_destination(project, cluster, key.namespace):
            what = f"namespace {key.namespace} is not permitted in project '{name}'"
        else:
            return
        hint = "Permit it, or take the hook out of Git."
        raise InvalidInputError(what, where=str(key), hint=hint)


def _live(cluster: OpenCluster, key: ResourceKey) -> Manifest | None:
    record = cluster.cache.record(key)
    return None if record is None or record.body is None else record.manifest()


async def _delete(cluster: OpenCluster, live: Manifest) -> None:
    uid = live["metadata"]["uid"]
    await remove(
        cluster,
        live,
        propagation="Background",
        may_go=lambda found: found["metadata"]["uid"] == uid,
    )


async def _created(cluster: OpenCluster, hook: Manifest) -> Applied:
    try:
        return await apply_resource(cluster.client, hook, None, ApplyOptions())
    except ApiError as err:
        # Its line becomes a condition, which everybody may read who may read the Application.
        raise TiphysError(without_secrets(err.line, [hook])) from err
