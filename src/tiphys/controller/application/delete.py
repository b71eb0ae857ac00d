"""Deletes an Application, and with the finalizer its objects, wave by wave.

Source: Argo CD user guide, "App Deletion".
"""

from tiphys.controller.application.draft import Draft
from tiphys.controller.application.removal import remove
from tiphys.controller.application.services import Services
from tiphys.delivery.clock import parse_timestamp, timestamp
from tiphys.delivery.clusters import OpenCluster
from tiphys.delivery.targets import instance_of
from tiphys.engine.conditions import merge_conditions
from tiphys.engine.deletion import (
    cascades,
    is_approved,
    is_deletable,
    next_deletion,
    propagation,
    without_cascade,
)
from tiphys.engine.permissions import permits_resource
from tiphys.engine.sync.options import parse_options
from tiphys.engine.tracking import is_self_reference, owner_instance
from tiphys.model.application import Application, Condition
from tiphys.model.errors import InvalidInputError, TiphysError
from tiphys.model.keys import Manifest, ResourceKey
from tiphys.model.labels import DELETION_APPROVED
from tiphys.model.project import AppProject
from tiphys.model.words import ConditionType

_LOOK_AGAIN_S = 5.0


class Deleter:
    """Deletes Applications."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def advance(self, draft: Draft) -> float | None:
        """Take a deletion as far as it goes now; return seconds until the next look.

        Nothing is deleted while it is not certain what belongs to the Application: an unreachable
        cluster or a missing project leave everything and say why.
        """
        if not cascades(draft.app.metadata.finalizers):
            return None
        try:
            is_done = await self._delete_objects(draft)
        except TiphysError as err:
            self._say(draft, [Condition(type=ConditionType.DELETION_ERROR, message=err.line)])
            return _LOOK_AGAIN_S
        if is_done:
            draft.set_finalizers(without_cascade(draft.app.metadata.finalizers))
            return None
        return _LOOK_AGAIN_S

    async def _delete_objects(self, draft: Draft) -> bool:
        app = draft.app
        project = self._services.installation.project(app.project)
        if project is None:
            raise InvalidInputError(
                f"Application referencing project {app.project} which does not exist",
                hint="Create the project again, or remove the finalizer to leave the objects.",
            )
        try:
            record = self._services.clusters.find(app.spec.destination)
        except InvalidInputError:
            return True  # a cluster that nobody knows any more has nothing that we could delete
        cluster = await self._services.clusters.open(record)
        live = await self._deletable(app, project, cluster)
        approved_at = parse_timestamp(app.metadata.annotations.get(DELETION_APPROVED, ""))
        since = parse_timestamp(app.metadata.deletion_timestamp)
        options = parse_options(app.spec.policy.sync_options)
        step = next_deletion(live, options, is_approved=is_approved(approved_at, since))
        for found in step.delete:
            await remove(
                cluster,
                found,
                propagation=propagation(app.metadata.finalizers),
                may_go=lambda now: self._may_go(app, now),
            )
        self._say(draft, [])
        return step.is_done

    async def _deletable(
        self, app: Application, project: AppProject, cluster: OpenCluster
    ) -> list[Manifest]:
        instance = instance_of(app, self._services.installation)
        itself = ResourceKey(
            "argoproj.io", "Application", app.metadata.namespace, app.metadata.name
        )
        found = []
        for key in sorted(cluster.cache.owned_by(instance)):
            record = await cluster.cache.load(key)
            if record is None or record.body is None or key == itself:
                continue
            live = record.manifest()
            permitted = permits_resource(project.spec, key, is_namespaced=bool(key.namespace))
            if permitted and self._may_go(app, live):
                found.append(live)
        return found

    def _may_go(self, app: Application, live: Manifest) -> bool:
        installation = self._services.installation
        instance = instance_of(app, installation)
        is_own = is_self_reference(live, None, installation.tracking, instance)
        options = parse_options(app.spec.policy.sync_options)
        owner = owner_instance(live, installation.tracking)
        return is_own and owner == instance and is_deletable(live, options)

    def _say(self, draft: Draft, found: list[Condition]) -> None:
        now = timestamp(self._services.clock())
        evaluated = (ConditionType.DELETION_ERROR,)
        merged = merge_conditions(draft.status.conditions, found, evaluated, now)
        if merged != draft.status.conditions:
            draft.set(conditions=merged)
