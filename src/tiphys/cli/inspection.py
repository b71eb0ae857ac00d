"""Looks into one Application from outside: rendered, compared and traced as the controller does."""

import contextlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec

from tiphys.cli.live_tree import LiveNode
from tiphys.delivery.applications import decode_application
from tiphys.delivery.clusters import Clusters, OpenCluster
from tiphys.delivery.compare import Compared, Comparer
from tiphys.delivery.installation import Installation
from tiphys.delivery.specification import check_spec
from tiphys.delivery.targets import TargetLoader, TargetSet, instance_of, render_request
from tiphys.kube.client import KubeClient
from tiphys.kube.config import ClusterConfig
from tiphys.model.application import Application, HealthStatus
from tiphys.model.cluster import ClusterRecord
from tiphys.model.errors import InvalidInputError
from tiphys.model.keys import Manifest, ResourceKey
from tiphys.model.project import AppProject
from tiphys.run.opening import installation_of, open_cluster
from tiphys.sources.sources import Sources


class Inspection:
    """One Application with its destination open."""

    def __init__(
        self,
        app: Application,
        project: AppProject,
        cluster: OpenCluster,
        installation: Installation,
        sources: Sources,
    ) -> None:
        self._app, self._project, self._cluster = app, project, cluster
        self._installation = installation
        self._loader = TargetLoader(installation, sources)
        self._comparer = Comparer(installation)

    @property
    def sensitive_annotations(self) -> tuple[str, ...]:
        """Keys of annotations whose values are never shown."""
        return self._installation.settings.sensitive_annotations

    async def targets(self, revisions: Sequence[str] = ()) -> TargetSet:
        """Return what Git wants.

        Args:
            revisions: one for each source, "" for its target revision; none for all of them.
        """
        wanted = render_request(self._app, self._installation, self._cluster)
        if revisions:
            asked = tuple(revision or None for revision in revisions)
            wanted = msgspec.structs.replace(wanted, revisions=asked)
        return await self._loader.load(self._app, self._cluster, wanted)

    async def compare(self, revisions: Sequence[str] = ()) -> Compared:
        """Return how live stands to what Git wants, see `targets`."""
        targets = await self.targets(revisions)
        return await self._comparer.compare(self._app, self._project, self._cluster, targets)

    async def live(self) -> list[Manifest]:
        """Return the live objects that the Application owns."""
        cache = self._cluster.cache
        keys = cache.owned_by(instance_of(self._app, self._installation))
        records = [await cache.load(key) for key in sorted(keys)]
        return [found.manifest() for found in records if found is not None]

    def orphans(self) -> tuple[ResourceKey, ...]:
        """Return what nobody owns in the destination namespace, where the project asks for it."""
        return self._comparer.orphans(self._app, self._project, self._cluster)

    async def tree(self, status: Manifest) -> tuple[LiveNode, ...]:
        """Return the live objects with what they own below them.

        Args:
            status: of the Application; its resources are the roots.
        """
        rows = status.get("resources") or []
        return tuple([await self._root(row) for row in rows])

    async def _root(self, row: Manifest) -> LiveNode:
        key = ResourceKey(row.get("group", ""), row["kind"], row.get("namespace", ""), row["name"])
        health = row.get("health") or {}
        return LiveNode(
            key=key,
            status=row.get("status", ""),
            health=health.get("status", ""),
            message=health.get("message", ""),
            children=await self._children(key),
        )

    async def _children(self, key: ResourceKey) -> tuple[LiveNode, ...]:
        cache = self._cluster.cache
        record = cache.record(key)
        if record is None:
            return ()
        return tuple(
            [await self._child(child) for child in sorted(cache.children([record.uid, str(key)]))]
        )

    async def _health(self, live: Manifest) -> HealthStatus | None:
        return await self._installation.look().settle(lambda: self._comparer.health.of(live))

    async def _child(self, key: ResourceKey) -> LiveNode:
        record = await self._cluster.cache.load(key)
        health = None if record is None else await self._health(record.manifest())
        return LiveNode(
            key=key,
            health=health.status.value if health else "",
            message=health.message if health else "",
            children=await self._children(key),
        )


@contextlib.asynccontextmanager
async def inspect(
    config: ClusterConfig, client: KubeClient, namespace: str, manifest: Manifest
) -> AsyncIterator[Inspection]:
    """Open an Application to look into it; repositories are read into a folder of their own.

    Raises:
        TiphysError: its project, repository or cluster cannot be used.
    """
    app = decode_application(manifest)
    async with contextlib.AsyncExitStack() as stack:
        installation = await stack.enter_async_context(installation_of(client, namespace))

        async def opened(record: ClusterRecord) -> OpenCluster:
            return await open_cluster(record, config, installation)

        clusters = Clusters(opened)
        stack.push_async_callback(clusters.close)
        await clusters.update(installation.clusters())
        checked = check_spec(app, installation, clusters)
        if isinstance(checked, list):
            raise InvalidInputError("; ".join(checked), where=app.qualified_name)
        project, record = checked
        cluster = await clusters.open(record)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tiphys-"))
        sources = Sources(Path(folder))
        stack.push_async_callback(sources.close)
        yield Inspection(app, project, cluster, installation, sources)
