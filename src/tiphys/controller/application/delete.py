"""Deletes an Application, and with the finalizer its objects, wave by wave.

Source: Argo CD user guide, "App Deletion".
"""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from tiphys.controller.application.acting import acting
from tiphys.controller.application.deletion_hooks import DeletionHooks
from tiphys.controller.application.draft import Draft
from tiphys.controller.application.refresh import Refresher
from tiphys.controller.application.removal import remove
from tiphys.controller.application.services import Services
from tiphys.controller.application.underway import Underway
from tiphys.delivery.clock import parse_timestamp, timestamp
from tiphys.delivery.clusters import OpenCluster
from tiphys.delivery.specification import permits_home
from tiphys.delivery.targets import instance_of
from tiphys.engine.conditions import merge_conditions
from tiphys.engine.deletion import (
    DeletionStage,
    DeletionStep,
    is_approved,
    is_deletable,
    next_deletion,
    next_stage,
    propagation,
    without_cascade,
)
from tiphys.engine.deletion_hooks import (
    cleanup_finalizer,
    hooks_finalizer,
    is_deletion_hook,
    wanted_finalizers,
)
from tiphys.engine.permissions import permits_live
from tiphys.engine.sync.options import parse_options
from tiphys.engine.tracking import is_self_reference, owner_instance
from tiphys.model.application import Application, Condition
from tiphys.model.errors import InvalidInputError, NotManagedError, TiphysError
from tiphys.model.keys import Manifest, ResourceKey
from tiphys.model.labels import DELETION_APPROVED
from tiphys.model.project import AppProject
from tiphys.model.words import ConditionType, HookType

_LOOK_AGAIN_S = 5.0
_PATIENCE = timedelta(seconds=5)


class _Stage(NamedTuple):
    """How far one stage has come.

    Attributes:
        left: the finalizers that stay now that it is done; None while it is not.
        waits_for: what it waits for, as people read it; "" for nothing that has a name.
    """

    left: list[str] | None
    waits_for: str = ""


class Deleter:
    """Deletes Applications."""

    def __init__(self, services: Services, refresher: Refresher) -> None:
        self._services = services
        self._hooks = DeletionHooks(services, refresher)
        self._not_before: dict[str, datetime] = {}

    async def advance(self, draft: Draft, underway: Underway) -> float | None:
        """Take a deletion as far as it goes now; return seconds until the next look.

        Nothing is deleted while it is not certain what belongs to the Application: an unreachable
        cluster or a missing project leave everything and say why.

        Raises:
            NotYetError: it takes its time.
        """
        step = next_stage(draft.app.metadata.finalizers)
        metadata = draft.app.metadata
        now, key = self._services.clock(), f"{metadata.uid} {metadata.finalizers}"
        again_at = self._not_before.get(key, now)
        if step is None:
            return None
        if again_at > now:
            return (again_at - now).total_seconds()
        self._not_before.pop(key, None)
        try:
            stage = await underway.result("deletion", key, lambda: self._carry_out(draft, step))
        except TiphysError as err:
            # Its own events must not make a hook that fails run in a circle.
            self._not_before[key] = now + timedelta(seconds=_LOOK_AGAIN_S)
            self._say(draft, [Condition(type=ConditionType.DELETION_ERROR, message=err.line)])
            return _LOOK_AGAIN_S
        if stage.left is not None:
            draft.set_finalizers(stage.left)
        if stage.left is not None or step[0] is DeletionStage.OBJECTS:
            self._say(draft, self._waiting(draft.app, stage.waits_for))
        return _LOOK_AGAIN_S if stage.left is None else None

    def _waiting(self, app: Application, waits_for: str) -> list[Condition]:
        """Say what a deletion waits for, once it takes longer than people expect."""
        since = parse_timestamp(app.metadata.deletion_timestamp)
        is_long = since is not None and self._services.clock() - since > _PATIENCE
        if not (waits_for and is_long):
            return []
        return [Condition(type=ConditionType.DELETION_WARNING, message=waits_for)]

    async def _carry_out(
        self, draft: Draft, step: tuple[DeletionStage, HookType | None]
    ) -> "_Stage":
        """Carry one stage out as far as it goes now."""
        app, (stage, kind) = draft.app, step
        finalizers = app.metadata.finalizers
        project = self._services.installation.project(app.project)
        if project is None:
            raise InvalidInputError(
                f"Application referencing project {app.project} which does not exist",
                hint="Create the project again, or remove the finalizer to leave the objects.",
            )
        if not permits_home(app, project, self._services.installation.namespace):
            raise InvalidInputError(
                f"project {app.project} is not for Applications of namespace "
                f"{app.metadata.namespace}",
                hint="Name the namespace in sourceNamespaces of the project, or remove the "
                "finalizer to leave the objects.",
            )
        try:
            record = self._services.clusters.find(app.spec.destination)
        except InvalidInputError:
            # A cluster that nobody knows any more has nothing that we could delete.
            return _Stage(without_cascade(wanted_finalizers(finalizers, ())))
        cluster = acting(app, await self._services.clusters.open(record), self._services)
        if stage is DeletionStage.OBJECTS or kind is None:
            deleted = await self._delete_objects(app, project, cluster)
            left = without_cascade(finalizers) if deleted.is_done else None
            return _Stage(left, deleted.message)
        if stage is DeletionStage.HOOKS:
            is_done = await self._hooks.run(app, project, cluster, kind)
            gone = hooks_finalizer(kind)
        else:
            is_done = await self._hooks.clear(app, cluster, kind)
            gone = cleanup_finalizer(kind)
        return _Stage([name for name in finalizers if name != gone] if is_done else None)

    async def _delete_objects(
        self, app: Application, project: AppProject, cluster: OpenCluster
    ) -> DeletionStep:
        approved_at = parse_timestamp(app.metadata.annotations.get(DELETION_APPROVED, ""))
        since = parse_timestamp(app.metadata.deletion_timestamp)
        options = parse_options(app.spec.policy.sync_options)
        approved = is_approved(approved_at, since)
        while True:
            live = await self._deletable(app, project, cluster)
            step = next_deletion(live, options, is_approved=approved)
            for found in step.delete:
                await remove(
                    cluster,
                    found,
                    propagation=propagation(app.metadata.finalizers),
                    may_go=lambda now: self._may_go(app, now),
                )
            if not step.delete:
                return step

    async def _deletable(
        self, app: Application, project: AppProject, cluster: OpenCluster
    ) -> list[Manifest]:
        instance = instance_of(app, self._services.installation)
        itself = ResourceKey(
            "argoproj.io", "Application", app.metadata.namespace, app.metadata.name
        )
        for row in app.status.resources:
            # What cannot be listed now would be left behind without a word.
            with suppress(NotManagedError):
                cluster.cache.require_available(row.key)
        found = []
        for key in sorted(cluster.cache.owned_by(instance)):
            record = await cluster.cache.load(key)
            if record is None or record.body is None or key == itself:
                continue
            live = record.manifest()
            is_namespaced = bool(key.namespace)
            permitted = permits_live(project, cluster.record, key, is_namespaced=is_namespaced)
            if permitted and self._may_go(app, live) and not is_deletion_hook(live):
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
        evaluated = (ConditionType.DELETION_ERROR, ConditionType.DELETION_WARNING)
        merged = merge_conditions(draft.status.conditions, found, evaluated, now)
        if merged != draft.status.conditions:
            draft.set(conditions=merged)
