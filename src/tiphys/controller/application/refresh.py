"""A look at an Application: compare, and put what was found into its status."""

import msgspec

from tiphys.controller.application.draft import Draft
from tiphys.controller.application.refresh_level import Looked, RefreshLevel
from tiphys.controller.application.services import Memory, Services
from tiphys.delivery.clock import timestamp
from tiphys.delivery.clusters import OpenCluster
from tiphys.delivery.compare import Compared
from tiphys.delivery.specification import check_spec
from tiphys.delivery.targets import render_request
from tiphys.engine.conditions import merge_conditions
from tiphys.engine.deletion_hooks import wanted_finalizers
from tiphys.model.application import (
    Application,
    ApplicationHealth,
    ApplicationSummary,
    ComparedTo,
    Condition,
    HealthStatus,
    SyncStatus,
)
from tiphys.model.errors import ClusterAwayError, SourceError, TiphysError
from tiphys.model.labels import LINK_PREFIX, REFRESH, REFRESH_TIMESTAMP
from tiphys.model.project import AppProject
from tiphys.model.words import ConditionType, HealthStatusCode, SyncStatusCode

COMPARISON = "comparison"
EVALUATED = (
    ConditionType.INVALID_SPEC_ERROR,
    ConditionType.COMPARISON_ERROR,
    ConditionType.SHARED_RESOURCE_WARNING,
    ConditionType.REPEATED_RESOURCE_WARNING,
    ConditionType.EXCLUDED_RESOURCE_WARNING,
    ConditionType.ORPHANED_RESOURCE_WARNING,
    ConditionType.UNKNOWN_ERROR,
)


class Refresher:
    """Looks at Applications."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def refresh(self, draft: Draft, memory: Memory, level: RefreshLevel) -> Compared | None:
        """Compare an Application and put what was found into the draft.

        Returns:
            What was found; None when it could not be compared, and the conditions say why.

        Raises:
            NotYetError: that takes its time; nothing has been changed.
        """
        app, began = draft.app, self._services.clock()
        checked = check_spec(app, self._services.installation, self._services.clusters)
        compared = None
        if not isinstance(checked, list):
            # Until this is done nothing has been touched: the next look takes it up.
            compared = await self._compare(draft, memory, level, checked[0])
        if level >= RefreshLevel.LATEST:
            memory.looked = self._look(app, memory, level)
        answers_request = REFRESH in app.metadata.annotations
        draft.drop_annotation(REFRESH)
        draft.drop_annotation(REFRESH_TIMESTAMP)
        if isinstance(checked, list):
            self._invalid(draft, checked)
            memory.compared = None
        if draft.patch() is not None and (level >= RefreshLevel.LATEST or answers_request):
            draft.set(reconciled_at=timestamp(began))
        return compared

    def _look(self, app: Application, memory: Memory, level: RefreshLevel) -> Looked:
        now = self._services.clock()
        jitter_s = self._services.installation.settings.reconciliation_jitter_s
        is_first = memory.looked is None or level is RefreshLevel.HARD
        hard_at = now if is_first or memory.looked is None else memory.looked.hard_at
        return Looked(
            at=now,
            hard_at=hard_at,
            jitter_s=jitter_s * self._services.jitter(),
            policy=app.spec.policy,
        )

    async def _compare(
        self, draft: Draft, memory: Memory, level: RefreshLevel, project: AppProject
    ) -> Compared | None:
        app = draft.app
        try:
            compared = await memory.underway.result(
                COMPARISON,
                (app.spec, level),
                lambda: self.compare(app, project, level, memory.compared),
            )
        except SourceError as err:
            if not self._is_excused(draft, memory, level):
                self._failed(draft, err)
                memory.compared = None
            return None
        except TiphysError as err:
            self._failed(draft, err)
            memory.compared = None
            # A cluster that is away is being tried, and we are told when it comes back.
            memory.is_cut_off = err.transient and not isinstance(err, ClusterAwayError)
            return None
        memory.compared, memory.failing_since = compared, None
        memory.is_cut_off = compared.is_provisional
        self._found(draft, compared)
        return compared

    def _is_excused(self, draft: Draft, memory: Memory, level: RefreshLevel) -> bool:
        """Return whether a repository that does not answer now is no news yet.

        What was known stands for the grace period, unless somebody asked what is there now.
        """
        now = self._services.clock()
        memory.failing_since = memory.failing_since or now
        if level >= RefreshLevel.FORCE or not draft.status.sync.status.is_known:
            return False
        grace_s = self._services.installation.settings.repo_error_grace_s
        return (now - memory.failing_since).total_seconds() < grace_s

    async def compare(
        self,
        app: Application,
        project: AppProject,
        level: RefreshLevel,
        previous: Compared | None,
    ) -> Compared:
        """Return how an Application stands against its own target revisions.

        Raises:
            TiphysError: a source or the cluster does not answer.
        """
        cluster = await self.open(app)
        targets = previous.targets if previous is not None else None
        if level >= RefreshLevel.LATEST or targets is None:
            wanted = msgspec.structs.replace(
                render_request(app, self._services.installation, cluster),
                resolve_fresh=level >= RefreshLevel.FORCE,
                is_hard=level is RefreshLevel.HARD,
            )
            targets = await self._services.targets.load(app, cluster, wanted, targets)
        return await self._services.comparer.compare(app, project, cluster, targets, previous)

    async def open(self, app: Application) -> OpenCluster:
        """Return the cluster of an Application.

        Raises:
            ClusterError: it cannot be reached.
            InvalidInputError: there is no such cluster.
        """
        record = self._services.clusters.find(app.spec.destination)
        return await self._services.clusters.open(record)

    def _found(self, draft: Draft, compared: Compared) -> None:
        app = draft.app
        has_many = bool(app.spec.sources)
        revisions = compared.targets.revisions
        types = compared.targets.source_types
        draft.set(
            sync=SyncStatus(
                status=compared.sync,
                compared_to=_compared_to(app),
                revision="" if has_many else "".join(revisions[:1]),
                revisions=revisions if has_many else (),
            ),
            source_type="" if has_many else "".join(types[:1]),
            source_types=types if has_many else (),
            summary=_summary(app, compared),
            controller_namespace=self._services.installation.namespace,
        )
        draft.set_resources(compared.resources)
        hooks = [hook.manifest() for hook in compared.targets.deletion_hooks]
        draft.set_finalizers(wanted_finalizers(app.metadata.finalizers, hooks))
        self._set_health(draft, compared.health)
        self._set_conditions(draft, list(compared.conditions))

    def _failed(self, draft: Draft, err: TiphysError) -> None:
        """Say that targets or live cannot be told; what was known of health stays."""
        message = load_failure(err)
        if err.hint:
            message = f"{message}. {err.hint}"
        status = draft.status
        unknown = tuple(
            msgspec.structs.replace(row, status=SyncStatusCode.UNKNOWN) if row.status else row
            for row in status.resources
        )
        sync = SyncStatus(
            status=SyncStatusCode.UNKNOWN,
            compared_to=_compared_to(draft.app),
            revision=status.sync.revision,
            revisions=status.sync.revisions,
        )
        draft.set(sync=sync, resources=unknown)
        if not status.resources:
            self._set_health(draft, HealthStatus(status=HealthStatusCode.HEALTHY))
        self._set_conditions(
            draft, [Condition(type=ConditionType.COMPARISON_ERROR, message=message)]
        )

    def _invalid(self, draft: Draft, problems: list[str]) -> None:
        sync = SyncStatus(status=SyncStatusCode.UNKNOWN, compared_to=_compared_to(draft.app))
        draft.set(sync=sync, resources=(), summary=ApplicationSummary())
        self._set_health(draft, HealthStatus(status=HealthStatusCode.UNKNOWN))
        self._set_conditions(
            draft,
            [Condition(type=ConditionType.INVALID_SPEC_ERROR, message=text) for text in problems],
        )

    def _set_health(self, draft: Draft, health: HealthStatus) -> None:
        before = draft.status.health
        since = before.last_transition_time
        if before.status is not health.status or not since:
            since = timestamp(self._services.clock())
        draft.set(
            health=ApplicationHealth(
                status=health.status, message=health.message, last_transition_time=since
            )
        )

    def _set_conditions(self, draft: Draft, found: list[Condition]) -> None:
        now = timestamp(self._services.clock())
        merged = merge_conditions(draft.status.conditions, found, EVALUATED, now)
        draft.set(conditions=merged)


def load_failure(err: TiphysError) -> str:
    """Return the sentence that says which side of a comparison could not be told, and why."""
    side = "live" if err.is_about_live else "target"
    return f"Failed to load {side} state: {err.line}"


def _compared_to(app: Application) -> ComparedTo:
    return ComparedTo(
        source=None if app.spec.sources else app.spec.source,
        sources=app.spec.sources,
        destination=app.spec.destination,
        ignore_differences=app.spec.ignore_differences,
    )


def _summary(app: Application, compared: Compared) -> ApplicationSummary:
    links = {
        value
        for key, value in app.metadata.annotations.items()
        if key.startswith(LINK_PREFIX) and value
    }
    return ApplicationSummary(
        external_urls=tuple(sorted(links)),
        images=compared.images,
        is_app_of_apps=compared.is_app_of_apps,
    )
