"""Compares what an Application wants with what is live, and says so in terms of its status."""

from collections.abc import Mapping

import msgspec

from tiphys.delivery.clusters import OpenCluster
from tiphys.delivery.health import HealthChecks
from tiphys.delivery.installation import Installation
from tiphys.delivery.targets import Target, TargetSet, instance_of
from tiphys.delivery.verdicts import Question, Verdicts
from tiphys.engine.conditions import orphaned_resource_warning, shared_resource_warning
from tiphys.engine.deletion import needs_deletion_approval
from tiphys.engine.diff import Comparison, Verdict
from tiphys.engine.diff.digest import target_digest
from tiphys.engine.diff.settings import CompareSettings
from tiphys.engine.health.aggregate import ResourceHealth, app_health
from tiphys.engine.hooks import is_hook, is_skipped, sync_wave
from tiphys.engine.ignoring import IgnoreRule, compile_rules, ignores_status, select_rules
from tiphys.engine.namespaces import namespace_key, namespace_manifest
from tiphys.engine.orphans import orphans
from tiphys.engine.permissions import permits_live, permits_resource
from tiphys.engine.reconciliation import (
    Judgement,
    Pair,
    Roles,
    app_sync_status,
    is_health_ignored,
    pair_resources,
    resource_row,
)
from tiphys.engine.sync.options import parse_options
from tiphys.engine.tracking import (
    is_self_reference,
    owner_instance,
    tracking_of,
    with_backfilled_tracking,
)
from tiphys.kube.live_store import LiveRecord
from tiphys.model.application import Application, Condition, HealthStatus, ResourceStatus
from tiphys.model.keys import GroupKind, Manifest, ResourceKey, key_of
from tiphys.model.labels import MIGRATION_MANAGER
from tiphys.model.project import AppProject
from tiphys.model.words import SyncStatusCode


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What a comparison found about an Application.

    Attributes:
        comparisons: by object, for those that are wanted or ours.
        versions: what it was computed from; equal when a new comparison would find the same.
        is_provisional: the cluster could not answer all; comparing again may tell more.
    """

    targets: TargetSet
    sync: SyncStatusCode
    health: HealthStatus
    resources: tuple[ResourceStatus, ...]
    comparisons: Mapping[ResourceKey, Comparison]
    conditions: tuple[Condition, ...]
    versions: object
    is_provisional: bool = False


class Comparer:
    """Compares Applications with their clusters."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self.health = HealthChecks(installation)
        self.verdicts = Verdicts()

    async def compare(
        self,
        app: Application,
        project: AppProject,
        cluster: OpenCluster,
        targets: TargetSet,
        previous: Compared | None = None,
    ) -> Compared:
        """Return how an Application stands.

        Args:
            app: the Application.
            project: what it may manage.
            cluster: its destination.
            targets: what it wants.
            previous: returned again when nothing that it was computed from has changed.

        Raises:
            ClusterError: what is live cannot be told.
        """
        records = await self.live_records(app, cluster, targets)
        orphans = self.orphans(app, project, cluster)
        versions = (self._versions(app, project, targets, records), orphans)
        is_known = previous is not None and previous.versions == versions
        if previous is not None and is_known and not previous.is_provisional:
            return msgspec.structs.replace(previous, targets=targets)
        run = _Run(self, self._installation, app, cluster)
        compared = await run.compare(project, targets, records, versions)
        warning = orphaned_resource_warning(len(orphans))
        if warning is None:
            return compared
        return msgspec.structs.replace(compared, conditions=(*compared.conditions, warning))

    async def live_records(
        self, app: Application, cluster: OpenCluster, targets: TargetSet
    ) -> dict[ResourceKey, LiveRecord]:
        """Return what is live of an Application: what it owns, and what has a target's key."""
        keys = set(cluster.cache.owned_by(instance_of(app, self._installation)))
        keys |= {target.key for target in targets.targets}
        if app.spec.policy.managed_namespace_metadata is not None:
            keys.add(namespace_key(app))
        found = {}
        for key in keys:
            record = await cluster.cache.load(key)
            if record is not None and record.body is not None:
                found[key] = record
        return found

    def orphans(
        self, app: Application, project: AppProject, cluster: OpenCluster
    ) -> tuple[ResourceKey, ...]:
        """Return the objects that nobody owns, where the project wants to be warned of them."""
        monitoring, namespace = project.spec.orphaned_resources, app.spec.destination.namespace
        if monitoring is None or not monitoring.warn or not namespace:
            return ()
        cache = cluster.cache
        return orphans(
            cache.unclaimed(namespace),
            monitoring.ignore,
            lambda key: permits_resource(project.spec, key, is_namespaced=True),
            cache.names_of(GroupKind("apps", "StatefulSet"), namespace),
        )

    def ignore_rules(self, app: Application) -> tuple[IgnoreRule, ...]:
        """Return the rules on ignored differences: the Application's, then the installation's."""
        own = app.spec.ignore_differences or ()
        entries = (*own, *self._installation.settings.ignored_differences())
        return compile_rules(entries, self._installation.compile_jq)[0]

    def _versions(
        self,
        app: Application,
        project: AppProject,
        targets: TargetSet,
        records: Mapping[ResourceKey, LiveRecord],
    ) -> object:
        return (
            targets.identity,
            app.spec,
            app.metadata.annotations.get(MIGRATION_MANAGER),
            project.spec,
            self._installation.settings,
            {key: (record.uid, record.resource_version) for key, record in records.items()},
        )


class _Run:
    """One comparison under way."""

    def __init__(
        self, comparer: Comparer, installation: Installation, app: Application, cluster: OpenCluster
    ) -> None:
        self._comparer, self._installation = comparer, installation
        self._app, self._cluster = app, cluster
        self._instance = instance_of(app, installation)
        self._rules = comparer.ignore_rules(app)
        self._options = parse_options(app.spec.policy.sync_options)

    async def compare(
        self,
        project: AppProject,
        targets: TargetSet,
        records: Mapping[ResourceKey, LiveRecord],
        versions: object,
    ) -> Compared:
        by_key = {target.key: target for target in targets.targets}
        manifests = {
            key: self._live(record, by_key.get(key))
            for key, record in records.items()
            if key in by_key or record.instance == self._instance
        }
        pairs = [
            pair
            for pair in pair_resources(
                [target.manifest() for target in targets.targets], manifests, self._roles()
            )
            if pair.target is not None or self._may_be_ours(project, pair.key)
        ]
        rows: list[ResourceStatus] = []
        states: list[tuple[Pair, ResourceStatus]] = []
        comparisons: dict[ResourceKey, Comparison] = {}
        healths: list[ResourceHealth] = []
        for pair in pairs:
            judgement = await self._judge(pair, by_key.get(pair.key), project)
            rows.append(resource_row(pair, judgement))
            # What the project does not permit is shown as unknown, but it does differ.
            permitted = msgspec.structs.replace(judgement, is_permitted=True)
            states.append((pair, resource_row(pair, permitted)))
            if judgement.comparison is not None:
                comparisons[pair.key] = judgement.comparison
            healths.append(_resource_health(pair, judgement, self._app))
        is_behind = await self._is_namespace_behind(by_key, records)
        return Compared(
            targets=targets,
            sync=SyncStatusCode.OUT_OF_SYNC if is_behind else app_sync_status(states),
            health=app_health(healths),
            resources=tuple(rows),
            comparisons=comparisons,
            conditions=(*targets.conditions, *self._shared(pairs)),
            versions=versions,
            is_provisional=any(found.is_provisional for found in comparisons.values()),
        )

    def _roles(self) -> Roles:
        tracking = self._installation.tracking
        return Roles(
            is_hook=is_hook,
            is_skipped=is_skipped,
            is_self=lambda live, target: is_self_reference(live, target, tracking, self._instance),
        )

    def _live(self, record: LiveRecord, target: Target | None) -> Manifest:
        live = record.manifest()
        if target is None:
            return live
        return with_backfilled_tracking(live, target.manifest(), self._installation.tracking)

    def _may_be_ours(self, project: AppProject, key: ResourceKey) -> bool:
        is_namespaced = self._is_namespaced(key)
        return permits_live(project, self._cluster.record, key, is_namespaced=is_namespaced)

    def _is_namespaced(self, key: ResourceKey) -> bool:
        scope = self._cluster.client.discovery.is_namespaced(key.group_kind)
        return bool(key.namespace) if scope is None else scope

    async def _judge(self, pair: Pair, target: Target | None, project: AppProject) -> Judgement:
        manifest = pair.target if pair.target is not None else pair.live
        assert manifest is not None
        comparison = None
        if pair.is_compared:
            comparison = await self._comparison(pair, target)
        health = None if pair.live is None else self._comparer.health.of(pair.live)
        return Judgement(
            comparison=comparison,
            health=health if self._counts_health(pair) else None,
            sync_wave=sync_wave(manifest),
            is_permitted=permits_resource(
                project.spec, pair.key, is_namespaced=self._is_namespaced(pair.key)
            ),
            requires_deletion_confirmation=needs_deletion_approval(manifest, self._options),
        )

    def _counts_health(self, pair: Pair) -> bool:
        return not pair.is_skipped

    async def _comparison(self, pair: Pair, target: Target | None) -> Comparison:
        if pair.target is None or pair.live is None or target is None:
            note = "not in the cluster" if pair.live is None else "no longer in Git"
            return Comparison(verdict=Verdict.OUT_OF_SYNC, note=note)
        return await self._verdict(pair.target, target.digest, pair.live)

    async def _verdict(self, target: Manifest, digest: str, live: Manifest) -> Comparison:
        discovery = self._cluster.client.discovery
        question = Question(
            target=target,
            target_digest=digest,
            live=live,
            settings=self._compare_settings(key_of(target)),
            options=self._options,
            context=(self._cluster.record.server, discovery.version, discovery.digest),
        )
        return await self._comparer.verdicts.judge(self._cluster.client, question)

    async def _is_namespace_behind(
        self, by_key: Mapping[ResourceKey, Target], records: Mapping[ResourceKey, LiveRecord]
    ) -> bool:
        """Return whether the destination namespace lacks metadata that the Application manages.

        One that does not exist yet is no difference: it comes with the first object in it.
        """
        key, wanted = namespace_key(self._app), namespace_manifest(self._app, self._options)
        record = records.get(key)
        is_managed = self._app.spec.policy.managed_namespace_metadata is not None
        if not is_managed or wanted is None or record is None or key in by_key:
            return False
        found = await self._verdict(wanted, target_digest(wanted), record.manifest())
        return found.verdict is Verdict.OUT_OF_SYNC

    def _compare_settings(self, key: ResourceKey) -> CompareSettings:
        rules: tuple[IgnoreRule, ...] = select_rules(self._rules, key)
        settings = self._installation.settings
        return CompareSettings(
            ignore=rules,
            ignore_status=ignores_status(settings.ignore_status_field, key.group_kind),
            known_types=settings.customizations.known_type_fields(key.group_kind),
            migration_manager=self._app.metadata.annotations.get(MIGRATION_MANAGER, ""),
        )

    def _shared(self, pairs: list[Pair]) -> list[Condition]:
        tracking = self._installation.tracking
        found = []
        for pair in pairs:
            if pair.target is None or pair.live is None:
                continue
            other = owner_instance(pair.live, tracking)
            mark = tracking_of(pair.live, tracking)
            is_copy = mark is not None and mark.resource not in {None, key_of(pair.live)}
            if other is not None and other != self._instance and not is_copy:
                found.append(shared_resource_warning(pair.key, self._app.qualified_name, other))
        return found


def _resource_health(pair: Pair, judgement: Judgement, app: Application) -> ResourceHealth:
    is_itself = pair.key == ResourceKey(
        "argoproj.io", "Application", app.metadata.namespace, app.metadata.name
    )
    is_ignored = pair.live is not None and is_health_ignored(pair.live)
    return ResourceHealth(
        key=pair.key,
        health=judgement.health,
        is_live=pair.live is not None,
        is_counted=not (pair.is_skipped or not pair.is_self or is_ignored or is_itself),
        is_hook=pair.is_hook,
    )
