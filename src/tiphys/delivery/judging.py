"""What a comparison finds out about single objects, kept until the object or its target changes.

An Application of thousands of objects is compared after every change of one of them. What was
found about an object depends on its target, on its live version and on what holds for the whole
Application; while these stand, it is taken over from the comparison before.
"""

import msgspec

from tiphys.delivery.clusters import OpenCluster
from tiphys.delivery.health import HealthChecks
from tiphys.delivery.installation import Installation
from tiphys.delivery.targets import Target, instance_of
from tiphys.delivery.verdicts import Question, Verdicts
from tiphys.engine.conditions import shared_resource_warning
from tiphys.engine.deletion import needs_deletion_approval
from tiphys.engine.diff import Comparison, Verdict
from tiphys.engine.diff.digest import target_digest
from tiphys.engine.diff.settings import CompareSettings
from tiphys.engine.health.aggregate import ResourceHealth
from tiphys.engine.hooks import is_hook, is_skipped, sync_wave
from tiphys.engine.ignoring import IgnoreRule, ignores_status, select_rules
from tiphys.engine.keeping import why_kept
from tiphys.engine.namespaces import namespace_key, namespace_manifest
from tiphys.engine.permissions import permits_live, permits_resource
from tiphys.engine.reconciliation import (
    Judgement,
    Pair,
    Roles,
    is_behind,
    is_health_ignored,
    pair_resource,
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
from tiphys.languages.asking import Look
from tiphys.model.application import Application, Condition, ResourceStatus
from tiphys.model.keys import Manifest, ResourceKey, key_of
from tiphys.model.labels import MIGRATION_MANAGER
from tiphys.model.project import AppProject


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What was found about one object.

    Attributes:
        target_digest: of the target that it was found from, "" for none.
        uid: of the live object that it was found from, "" for none.
        resource_version: of that.
        row: as the status shows it.
        is_behind: it makes the whole Application OutOfSync.
        health: what counts of it for the Application.
        shared: the warning that another Application claims it.
    """

    target_digest: str
    uid: str
    resource_version: int
    row: ResourceStatus
    is_behind: bool
    comparison: Comparison | None
    health: ResourceHealth
    shared: Condition | None

    def counts_as(self, before: "Judged") -> bool:
        """Return whether what was found before tells the same of the whole Application."""
        return (
            self.row == before.row
            and self.is_behind == before.is_behind
            and self.health == before.health
            and self.shared == before.shared
            and self.problems == before.problems
            and not (self.comparison is not None and self.comparison.is_provisional)
        )

    @property
    def problems(self) -> tuple[str, ...]:
        """Why rules on ignored differences could not be used for it."""
        return () if self.comparison is None else self.comparison.problems

    def stands(self, target: Target | None, record: LiveRecord | None) -> bool:
        """Return whether it holds for a target and a live object too."""
        uid, version = ("", 0) if record is None else (record.uid, record.resource_version)
        return (
            self.resource_version == version
            and self.uid == uid
            and self.target_digest == ("" if target is None else target.digest)
            and (self.comparison is None or not self.comparison.is_provisional)
        )


class Programs(msgspec.Struct, frozen=True):
    """What users wrote that a comparison runs.

    Attributes:
        look: runs it, and the health checks.
        rules: on ignored differences.
    """

    look: Look
    rules: tuple[IgnoreRule, ...]


class Judge:
    """Judges the objects of one Application, as it stands now."""

    def __init__(
        self,
        installation: Installation,
        app: Application,
        project: AppProject,
        cluster: OpenCluster,
        programs: Programs,
    ) -> None:
        self._installation = installation
        self._app, self._project, self._cluster = app, project, cluster
        self._look, self._rules = programs.look, programs.rules
        self._instance = instance_of(app, installation)
        self._options = parse_options(app.spec.policy.sync_options)
        tracking = installation.tracking
        self._roles = Roles(
            is_hook=is_hook,
            is_skipped=is_skipped,
            is_self=lambda live, target: is_self_reference(live, target, tracking, self._instance),
        )

    def may_be_ours(self, key: ResourceKey) -> bool:
        """Return whether what is live and in no target may be the Application's."""
        is_namespaced = self._is_namespaced(key)
        return permits_live(self._project, self._cluster.record, key, is_namespaced=is_namespaced)

    async def judge(
        self,
        key: ResourceKey,
        target: Target | None,
        record: LiveRecord | None,
        health: HealthChecks,
        verdicts: Verdicts,
    ) -> Judged:
        """Return what holds of one object; at least one of target and record is given."""
        wanted = None if target is None else target.manifest()
        live = None if record is None else self._live(record, wanted)
        pair = pair_resource(key, wanted, live, self._roles)
        manifest = wanted if wanted is not None else live
        assert manifest is not None
        comparison = None
        if pair.is_compared:
            comparison = await self._comparison(pair, target, verdicts)
        found = None
        if live is not None and not pair.is_skipped:
            found = await self._look.settle(lambda: health.of(live))
        is_namespaced = self._is_namespaced(key)
        judgement = Judgement(
            comparison=comparison,
            health=found,
            sync_wave=sync_wave(manifest),
            is_permitted=permits_resource(self._project.spec, key, is_namespaced=is_namespaced),
            requires_deletion_confirmation=needs_deletion_approval(manifest, self._options),
            kept=why_kept(manifest, self._app, self._options) if pair.requires_pruning else "",
        )
        return Judged(
            target_digest="" if target is None else target.digest,
            uid="" if record is None else record.uid,
            resource_version=0 if record is None else record.resource_version,
            row=resource_row(pair, judgement),
            is_behind=is_behind(pair, judgement),
            comparison=comparison,
            health=_resource_health(pair, judgement, self._app),
            shared=self._shared(pair),
        )

    def _live(self, record: LiveRecord, wanted: Manifest | None) -> Manifest:
        live = record.manifest()
        if wanted is None:
            return live
        return with_backfilled_tracking(live, wanted, self._installation.tracking)

    def _is_namespaced(self, key: ResourceKey) -> bool:
        scope = self._cluster.client.discovery.is_namespaced(key.group_kind)
        return bool(key.namespace) if scope is None else scope

    async def _comparison(
        self, pair: Pair, target: Target | None, verdicts: Verdicts
    ) -> Comparison:
        if pair.target is None or pair.live is None or target is None:
            note = "not in the cluster" if pair.live is None else "no longer in Git"
            return Comparison(verdict=Verdict.OUT_OF_SYNC, note=note)
        return await self._verdict(pair.target, target.digest, pair.live, verdicts)

    async def _verdict(
        self, target: Manifest, digest: str, live: Manifest, verdicts: Verdicts
    ) -> Comparison:
        discovery = self._cluster.client.discovery
        question = Question(
            target=target,
            target_digest=digest,
            live=live,
            settings=self._compare_settings(key_of(target)),
            options=self._options,
            context=(self._cluster.record.server, discovery.version, discovery.digest),
        )
        return await verdicts.judge(self._cluster.client, question, self._look)

    async def is_namespace_behind(self, record: LiveRecord | None, verdicts: Verdicts) -> bool:
        """Return whether the destination namespace lacks metadata that the Application manages.

        One that does not exist yet is no difference: it comes with the first object in it.
        """
        wanted = namespace_manifest(self._app, self._options)
        is_managed = self._app.spec.policy.managed_namespace_metadata is not None
        if not is_managed or wanted is None or record is None:
            return False
        found = await self._verdict(wanted, target_digest(wanted), record.manifest(), verdicts)
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

    def _shared(self, pair: Pair) -> Condition | None:
        tracking = self._installation.tracking
        if pair.target is None or pair.live is None:
            return None
        other = owner_instance(pair.live, tracking)
        mark = tracking_of(pair.live, tracking)
        is_copy = mark is not None and mark.resource not in {None, key_of(pair.live)}
        if other is None or other == self._instance or is_copy:
            return None
        return shared_resource_warning(pair.key, self._app.qualified_name, other)


def namespace_of(app: Application) -> ResourceKey | None:
    """Return the key of the namespace whose metadata an Application manages, if it does."""
    is_managed = app.spec.policy.managed_namespace_metadata is not None
    return namespace_key(app) if is_managed else None


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
