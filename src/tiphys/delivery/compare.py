"""Compares what an Application wants with what is live, and says so in terms of its status."""

from collections.abc import Iterable, Mapping

import msgspec

from tiphys.delivery.breathing import Breath
from tiphys.delivery.clusters import OpenCluster
from tiphys.delivery.health import HealthChecks
from tiphys.delivery.installation import Installation
from tiphys.delivery.judging import Judge, Judged, Programs, namespace_of
from tiphys.delivery.orphans import Orphans
from tiphys.delivery.targets import Target, TargetSet, instance_of
from tiphys.delivery.verdicts import Verdicts
from tiphys.engine.conditions import ignore_rule_errors, orphaned_resource_warning
from tiphys.engine.diff import Comparison
from tiphys.engine.health.aggregate import app_health
from tiphys.engine.ignoring import IgnoreRule, compile_rules
from tiphys.engine.reconciliation import without_aliases
from tiphys.kube.live_cache import LiveCache
from tiphys.kube.live_store import LiveRecord
from tiphys.languages.asking import Look
from tiphys.languages.jq import compile_deletion
from tiphys.model.application import Application, Condition, HealthStatus, ResourceStatus
from tiphys.model.keys import GroupKind, ResourceKey
from tiphys.model.labels import MIGRATION_MANAGER
from tiphys.model.project import AppProject
from tiphys.model.words import ConditionType, SyncStatusCode


class Seen(msgspec.Struct, frozen=True, eq=False):
    """A moment of a live cache."""

    cache: LiveCache
    revision: int


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What a comparison found about an Application.

    Attributes:
        wanted: the targets but for hooks, by object.
        hooks: the keys of hooks.
        judged: what was found about each object that is wanted or ours, in their order.
        context: what holds for all objects alike; each stands while this and the object do.
        seen: the live cache, and its revision then.
        places: an object of each kind and namespace that it looked at.
        images: of all containers that the targets name, sorted.
        is_app_of_apps: there are Applications among the objects.
        is_provisional: the cluster could not answer all; comparing again may tell more.
    """

    targets: TargetSet
    sync: SyncStatusCode
    health: HealthStatus
    resources: tuple[ResourceStatus, ...]
    wanted: Mapping[ResourceKey, Target]
    hooks: frozenset[ResourceKey]
    judged: Mapping[ResourceKey, Judged]
    conditions: tuple[Condition, ...]
    context: object
    seen: Seen
    places: tuple[ResourceKey, ...]
    images: tuple[str, ...]
    is_app_of_apps: bool
    is_provisional: bool = False

    @property
    def comparisons(self) -> dict[ResourceKey, Comparison]:
        """What was found by comparing, by object."""
        return {
            key: judged.comparison
            for key, judged in self.judged.items()
            if judged.comparison is not None
        }


_APPLICATION = GroupKind("argoproj.io", "Application")


class Comparer:
    """Compares Applications with their clusters."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self.health = HealthChecks(installation)
        self.verdicts = Verdicts()
        self._orphans = Orphans()

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
            previous: what stands of it is taken over.

        Raises:
            ClusterError: what is live cannot be told.
        """
        context = self._context(app, project, cluster)
        if previous is not None and previous.context != context:
            previous = None
        seen = Seen(cluster.cache, cluster.cache.revision)
        look = self._installation.look()
        rules, unusable = await self.ignore_rules(app, look)
        judge = Judge(self._installation, app, project, cluster, Programs(look, rules))
        changed = _changed(cluster, targets, previous, instance_of(app, self._installation))
        if namespace_of(app) is not None:
            changed = None  # there is something to find out besides the objects
        warning = self._orphan_warning(app, project, cluster)
        if previous is not None and changed is not None:
            few = await self._judge_again(judge, cluster, previous, changed)
            if few is not None:
                return msgspec.structs.replace(
                    previous,
                    targets=targets,
                    judged=few,
                    seen=seen,
                    conditions=_with_warning(previous.conditions, warning),
                )
        known = previous.judged if previous is not None else {}
        records = await self.live_records(app, cluster, targets)
        wanted = {target.key: target for target in targets.targets if not target.is_hook}
        present = self._present(app, targets, records, wanted)
        judged = await self._judge_all(judge, wanted, present, known)
        namespace = namespace_of(app)
        lacks = (
            namespace is not None
            and all(target.key != namespace for target in targets.targets)
            and await judge.is_namespace_behind(records.get(namespace), self.verdicts)
        )
        found = judged.values()
        rows = _rows(found, previous)
        compared = {key: one.comparison for key, one in judged.items() if one.comparison}
        is_behind = lacks or any(one.is_behind for one in found)
        return Compared(
            targets=targets,
            sync=SyncStatusCode.OUT_OF_SYNC if is_behind else SyncStatusCode.SYNCED,
            health=app_health(one.health for one in found),
            resources=rows,
            wanted=wanted,
            hooks=frozenset(target.key for target in targets.targets if target.is_hook),
            judged=judged,
            conditions=(
                *targets.conditions,
                *(one.shared for one in found if one.shared is not None),
                *warning,
                *ignore_rule_errors(unusable, compared),
            ),
            context=context,
            seen=seen,
            places=tuple({key[:3]: key for key in judged}.values()),
            images=tuple(sorted({image for target in wanted.values() for image in target.images})),
            is_app_of_apps=any(key.group_kind == _APPLICATION for key in judged),
            is_provisional=any(
                one.comparison is not None and one.comparison.is_provisional for one in found
            ),
        )

    async def _judge_again(
        self, judge: Judge, cluster: OpenCluster, previous: Compared, changed: list[ResourceKey]
    ) -> Mapping[ResourceKey, Judged] | None:
        """Return what holds of all objects now; None when that changes what holds of the whole."""
        for place in previous.places:
            cluster.cache.require_available(place)
        if not changed:
            return previous.judged
        records = await cluster.cache.load_all(changed)
        judged, breath = dict(previous.judged), Breath()
        for key in changed:
            before, target, record = judged[key], previous.wanted.get(key), records.get(key)
            if before.stands(target, record):
                continue
            judged[key] = await judge.judge(key, target, record, self.health, self.verdicts)
            if not judged[key].counts_as(before):
                return None
            await breath.take()
        return judged

    async def _judge_all(
        self,
        judge: Judge,
        wanted: Mapping[ResourceKey, Target],
        present: Mapping[ResourceKey, LiveRecord],
        known: Mapping[ResourceKey, Judged],
    ) -> dict[ResourceKey, Judged]:
        keys = wanted.keys() | present.keys()
        order = known.keys() if known.keys() == keys else sorted(keys)
        judged, breath = {}, Breath()
        for key in order:
            target, record = wanted.get(key), present.get(key)
            before = known.get(key)
            if before is not None and before.stands(target, record):
                judged[key] = before
            elif target is not None or judge.may_be_ours(key):
                judged[key] = await judge.judge(key, target, record, self.health, self.verdicts)
            await breath.take()
        return judged

    def _present(
        self,
        app: Application,
        targets: TargetSet,
        records: Mapping[ResourceKey, LiveRecord],
        wanted: Mapping[ResourceKey, Target],
    ) -> dict[ResourceKey, LiveRecord]:
        """Return the live objects that count: targets, hooks' too, and what bears our mark."""
        instance = instance_of(app, self._installation)
        named = {target.key for target in targets.targets}
        uids = {
            key: record.uid
            for key, record in records.items()
            if record.instance == instance or key in named
        }
        return {key: records[key] for key in without_aliases(uids, wanted.keys())}

    async def live_records(
        self, app: Application, cluster: OpenCluster, targets: TargetSet
    ) -> dict[ResourceKey, LiveRecord]:
        """Return what is live of an Application: what it owns, and what has a target's key."""
        keys = {target.key for target in targets.targets}
        keys |= cluster.cache.owned_by(instance_of(app, self._installation))
        namespace = namespace_of(app)
        if namespace is not None:
            keys.add(namespace)
        return await cluster.cache.load_all(keys)

    def orphans(
        self, app: Application, project: AppProject, cluster: OpenCluster
    ) -> tuple[ResourceKey, ...]:
        """Return the objects that nobody owns, where the project wants to be warned of them."""
        monitoring, namespace = project.spec.orphaned_resources, app.spec.destination.namespace
        if monitoring is None or not monitoring.warn or not namespace:
            return ()
        return tuple(sorted(self._orphans.find(cluster.cache, namespace, project)))

    def _orphan_warning(
        self, app: Application, project: AppProject, cluster: OpenCluster
    ) -> tuple[Condition, ...]:
        monitoring, namespace = project.spec.orphaned_resources, app.spec.destination.namespace
        if monitoring is None or not monitoring.warn or not namespace:
            return ()
        count = len(self._orphans.find(cluster.cache, namespace, project))
        warning = orphaned_resource_warning(count)
        return () if warning is None else (warning,)

    async def ignore_rules(
        self, app: Application, look: Look
    ) -> tuple[tuple[IgnoreRule, ...], tuple[str, ...]]:
        """Return the rules on ignored differences, and a line for each part that is unusable.

        The Application's come first, then the installation's.
        """
        own = app.spec.ignore_differences or ()
        entries = (*own, *self._installation.settings.ignored_differences())
        return await look.settle(lambda: compile_rules(entries, compile_deletion))

    def _context(self, app: Application, project: AppProject, cluster: OpenCluster) -> object:
        discovery, spec = cluster.client.discovery, app.spec
        return (
            spec.destination,
            spec.ignore_differences,
            spec.policy.sync_options,
            app.metadata.annotations.get(MIGRATION_MANAGER),
            project.spec,
            cluster.record.server,
            discovery.version,
            discovery.digest,
            self._installation.settings,
        )


def _changed(
    cluster: OpenCluster, targets: TargetSet, previous: Compared | None, instance: str
) -> list[ResourceKey] | None:
    """Return the objects of an Application that changed since it was compared.

    Returns:
        None when all have to be looked at: other targets, a cluster that was opened anew, an
        object that came or went, too many changes.
    """
    if previous is None or previous.is_provisional:
        return None
    if previous.seen.cache is not cluster.cache or previous.targets.identity != targets.identity:
        return None
    changed = cluster.cache.changed_since(previous.seen.revision)
    if changed is None:
        return None
    ours = []
    for key in changed:
        record, before = cluster.cache.record(key), previous.judged.get(key)
        is_marked = record is not None and record.instance == instance
        if before is None and not is_marked and key not in previous.hooks:
            continue
        if before is None or (record is None) != (not before.uid):
            return None
        if not is_marked and not before.target_digest:
            return None
        ours.append(key)
    return ours


def _with_warning(
    conditions: tuple[Condition, ...], warning: tuple[Condition, ...]
) -> tuple[Condition, ...]:
    """Return conditions with another warning of orphans."""
    others = [one for one in conditions if one.type != ConditionType.ORPHANED_RESOURCE_WARNING]
    return (*others, *warning)


def _rows(found: Iterable[Judged], previous: Compared | None) -> tuple[ResourceStatus, ...]:
    """Return the rows of the status; the very tuple of before when nothing in it changed."""
    rows = tuple(one.row for one in found)
    return previous.resources if previous is not None and previous.resources == rows else rows
