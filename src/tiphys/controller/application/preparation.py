"""What happens before the first write of a sync: gates, comparison, plan, dry run."""

from datetime import UTC

import msgspec

from tiphys.controller.application.acting import acting
from tiphys.controller.application.draft import Draft
from tiphys.controller.application.refresh import Refresher, load_failure
from tiphys.controller.application.services import Memory, RunningSync, Services
from tiphys.delivery.breathing import apart
from tiphys.delivery.clock import parse_timestamp
from tiphys.delivery.clusters import OpenCluster
from tiphys.delivery.compare import Compared
from tiphys.delivery.specification import check_spec
from tiphys.delivery.sync_windows import assess_windows
from tiphys.delivery.targets import Target, instance_of, render_request
from tiphys.engine.keeping import why_kept
from tiphys.engine.namespaces import namespace_key, namespace_manifest
from tiphys.engine.nulls import known_sources, with_nulls
from tiphys.engine.sync.options import SyncOptions, parse_options
from tiphys.engine.sync.tasks import SyncPair, SyncRequest, SyncTask, build_tasks
from tiphys.engine.windows import Assessment, Attempt
from tiphys.kube.live_store import LiveRecord
from tiphys.model.application import Application
from tiphys.model.errors import TiphysError
from tiphys.model.keys import Manifest, ResourceKey
from tiphys.model.operation import OperationState, SyncOperation
from tiphys.model.project import AppProject
from tiphys.model.words import ConditionType, OperationPhase, SyncStatusCode

Refusal = tuple[OperationPhase, str]


class Preparation:
    """Prepares syncs."""

    def __init__(self, services: Services, refresher: Refresher) -> None:
        self._services, self._refresher = services, refresher

    async def open(self, app: Application) -> OpenCluster:
        """Return the cluster of an Application, as who may change things there.

        Raises:
            ClusterError: it cannot be reached.
            InvalidInputError: there is no such cluster, or no account to act as.
        """
        return acting(app, await self._refresher.open(app), self._services)

    def windows(self, app: Application, state: OperationState) -> Assessment:
        """Return what the project's sync windows say of an operation now."""
        return assess_windows(
            app,
            self._services.installation.project(app.project),
            Attempt(
                now=self._services.clock(),
                is_manual=not state.operation.initiated_by.automated,
                began_at=parse_timestamp(state.started_at) if state.result is not None else None,
            ),
        )

    async def prepare(
        self, draft: Draft, memory: Memory, state: OperationState
    ) -> RunningSync | Refusal:
        """Return the plan of a sync, or how it ends because it cannot begin.

        Raises:
            TiphysError: a source or the cluster does not answer.
        """
        sync = state.operation.sync
        assert sync is not None
        checked = check_spec(draft.app, self._services.installation, self._services.clusters)
        if isinstance(checked, list):
            text = ";".join(f"{ConditionType.INVALID_SPEC_ERROR}: {line}" for line in checked)
            return OperationPhase.ERROR, text
        project, _ = checked
        cluster = await self._refresher.open(draft.app)
        try:
            compared = await self._compare(draft.app, project, cluster, memory, state)
        except TiphysError as err:
            if err.transient and err.is_about_live:
                raise
            what = load_failure(err)
            return OperationPhase.ERROR, f"{ConditionType.COMPARISON_ERROR}: {what}"
        options = parse_options((*draft.app.spec.policy.sync_options, *sync.sync_options))
        shared = [
            condition.message
            for condition in compared.conditions
            if condition.type == ConditionType.SHARED_RESOURCE_WARNING
        ]
        if options.fail_on_shared_resource and shared:
            return OperationPhase.FAILED, f"Shared resource found: {shared[0]}"
        tasks = await self._plan(draft.app, cluster, compared, state, options)
        look = self._services.installation.look()
        rules, _ = await self._services.comparer.ignore_rules(draft.app, look)
        return RunningSync(
            attempt=(state.started_at, state.retries),
            compared=compared,
            tasks=tasks,
            options=options,
            rules=rules if options.respect_ignore_differences else (),
        )

    async def _compare(
        self,
        app: Application,
        project: AppProject,
        cluster: OpenCluster,
        memory: Memory,
        state: OperationState,
    ) -> Compared:
        sync = state.operation.sync
        assert sync is not None
        at = _at_operation(app, sync, state)
        wanted = render_request(at, self._services.installation, cluster)
        pinned = _revisions(sync, state, len(wanted.sources))
        wanted = msgspec.structs.replace(wanted, revisions=pinned, resolve_fresh=not any(pinned))
        previous = memory.compared if at.spec == app.spec else None
        targets = await self._services.targets.load(
            at, cluster, wanted, previous.targets if previous is not None else None
        )
        return await self._services.comparer.compare(at, project, cluster, targets, previous)

    async def _plan(
        self,
        app: Application,
        cluster: OpenCluster,
        compared: Compared,
        state: OperationState,
        options: SyncOptions,
    ) -> tuple[SyncTask, ...]:
        sync = state.operation.sync
        assert sync is not None
        records = await self._services.comparer.live_records(app, cluster, compared.targets)
        started = parse_timestamp(state.started_at)
        strategy = sync.sync_strategy
        namespace = await self._namespace(app, cluster, compared, options)
        request = SyncRequest(
            options=options,
            revision="".join(compared.targets.revisions[:1]),
            started_at=state.started_at,
            started_unix=int(started.astimezone(UTC).timestamp()) if started else 0,
            attempt=state.retries,
            selected=sync.resources,
            runs_hooks=strategy is None or strategy.apply is None,
            force=_is_forced(sync),
            namespace_manifest=namespace[0],
            namespace_live=namespace[1],
        )
        return await apart(
            len(records),
            lambda: build_tasks(
                _pairs(app, options, compared, records),
                lambda key: _manifest(cluster.cache.record(key)),
                request,
            ),
        )

    async def _namespace(
        self, app: Application, cluster: OpenCluster, compared: Compared, options: SyncOptions
    ) -> tuple[Manifest | None, Manifest | None]:
        """Return the namespace to create and the one that is there, when either matters."""
        manifest, key = namespace_manifest(app, options), namespace_key(app)
        if manifest is None or any(target.key == key for target in compared.targets.targets):
            return None, None
        record = await cluster.cache.load(key)
        is_ours = record is not None and record.instance == instance_of(
            app, self._services.installation
        )
        is_managed = app.spec.policy.managed_namespace_metadata is not None
        if record is not None and not (is_ours or is_managed):
            return None, None
        return manifest, _manifest(record)


def _manifest(record: LiveRecord | None) -> Manifest | None:
    return None if record is None or record.body is None else record.manifest()


def _at_operation(app: Application, sync: SyncOperation, state: OperationState) -> Application:
    """Return the Application with the sources that the operation was asked for."""
    result = state.result
    sources = sync.sources or (result.sources if result is not None else ())
    source = sync.source or (result.source if result is not None else None)
    known = known_sources(app)
    if sources:
        whole = tuple(with_nulls(source, known) for source in sources)
        spec = msgspec.structs.replace(app.spec, sources=whole)
    elif source is not None:
        spec = msgspec.structs.replace(app.spec, source=with_nulls(source, known))
    else:
        return app
    return msgspec.structs.replace(app, spec=spec)


def _revisions(sync: SyncOperation, state: OperationState, count: int) -> tuple[str | None, ...]:
    """Return the revisions to sync to: those begun with, else those asked for."""
    result = state.result
    begun = (result.revisions or ((result.revision,) if result.revision else ())) if result else ()
    asked = sync.revisions or ((sync.revision,) if sync.revision else ())
    chosen: tuple[str | None, ...] = tuple(begun or asked)
    return chosen if len(chosen) == count else (None,) * count


def _is_forced(sync: SyncOperation) -> bool:
    strategy = sync.sync_strategy
    if strategy is None:
        return False
    return any(part is not None and part.force for part in (strategy.apply, strategy.hook))


def _is_settled(compared: Compared, target: Target, record: LiveRecord | None) -> bool:
    judged = compared.judged.get(target.key)
    return (
        judged is not None
        and judged.comparison is not None
        and judged.comparison.is_settled
        and judged.stands(target, record)
    )


def _pairs(
    app: Application,
    options: SyncOptions,
    compared: Compared,
    records: dict[ResourceKey, LiveRecord],
) -> list[SyncPair]:
    rows = {row.key: row for row in compared.resources}
    pairs = []
    wanted = set()
    for target in compared.targets.targets:
        wanted.add(target.key)
        row = rows.get(target.key)
        pairs.append(
            SyncPair(
                target=target.manifest(),
                live=_manifest(records.get(target.key)),
                is_modified=row is None or row.status is not SyncStatusCode.SYNCED,
                is_settled=_is_settled(compared, target, records.get(target.key)),
            )
        )
    for key, row in rows.items():
        if row.hook or key in wanted:
            continue
        live = _manifest(records.get(key))
        if live is not None and (row.requires_pruning or why_kept(live, app, options)):
            pairs.append(SyncPair(target=None, live=live))
    return [pair for pair in pairs if pair.target is not None or pair.live is not None]
