"""What is known of every Application, answered from memory: no request to a cluster.

The server reads it, in this process or, once roles run apart, over an internal route; whoever
holds the live caches can answer. What leaves it is masked.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Collection
from typing import Protocol

from tiphys.delivery.applications import decode_application
from tiphys.delivery.clusters import Clusters, OpenCluster
from tiphys.delivery.compare import Comparer
from tiphys.delivery.findings import Findings
from tiphys.delivery.installation import Installation
from tiphys.delivery.managed import (
    ManagedResource,
    ResourceDrift,
    drifts_of,
    managed_resources,
)
from tiphys.delivery.targets import instance_of
from tiphys.delivery.tree import LiveSide, resource_tree, uids_of
from tiphys.engine.masking import Masker
from tiphys.kube.client import KubeClient
from tiphys.kube.live_cache import LiveEvent
from tiphys.model.application import Application
from tiphys.model.errors import ClusterError, InvalidInputError, PreconditionError
from tiphys.model.keys import GroupVersionKind, Manifest, ResourceKey
from tiphys.model.tree import ResourceNode, ResourceTree

_SETTLE_S = 0.1
Listener = Callable[[str, Manifest | None, Manifest | None], None]


class ReadModel(Protocol):
    """What the server may ask of whoever holds the live caches."""

    def get(self, key: str) -> Manifest | None:
        """Return an Application by its "namespace/name"."""

    def all(self) -> list[Manifest]:
        """Return every Application, in no order."""

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Be told of every change of an Application; the answer ends it."""

    async def tree(self, key: str) -> ResourceTree:
        """Return the resource tree of an Application."""

    def watch_tree(self, key: str) -> AsyncGenerator[ResourceTree, None]:
        """Yield the tree now and whenever it changes, until the Application is gone."""

    async def managed(self, key: str) -> list[ManagedResource]:
        """Return what an Application manages."""

    async def drift(self, key: str) -> list[ResourceDrift]:
        """Return how what is live differs from what Git wants."""

    async def live(self, key: str, resource: ResourceKey) -> Manifest:
        """Return a live object of an Application's tree."""


class HeldModel:
    """The read model of the process that holds the live caches."""

    def __init__(
        self,
        installation: Installation,
        clusters: Clusters,
        findings: Findings,
        comparer: Comparer,
    ) -> None:
        self._installation, self._clusters = installation, clusters
        self._findings, self._comparer = findings, comparer

    def get(self, key: str) -> Manifest | None:
        """Return an Application by its "namespace/name"."""
        return self._installation.collections.applications.get(key)

    def all(self) -> list[Manifest]:
        """Return every Application, in no order."""
        return self._installation.collections.applications.objects()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Be told of every change of an Application; the answer ends it."""
        return self._installation.collections.applications.subscribe(listener)

    def cluster_of(self, app: Application) -> OpenCluster | None:
        """Return the cluster of an Application, None while it is not open."""
        try:
            record = self._clusters.find(app.spec.destination)
        except InvalidInputError:
            return None
        opened = (found for found in self._clusters.opened() if found.record == record)
        return next(opened, None)

    async def tree(self, key: str) -> ResourceTree:
        """Return the resource tree of an Application; empty when there is none."""
        return self.held_tree(key)

    def held_tree(self, key: str) -> ResourceTree:
        """Return the resource tree of an Application as it is held here; empty for none."""
        app = self._application(key)
        if app is None:
            return ResourceTree()
        return resource_tree(app, self._findings.get(key), self._live_side(app))

    def _application(self, key: str) -> Application | None:
        manifest = self.get(key)
        return None if manifest is None else self.decoded(manifest)

    def decoded(self, manifest: Manifest) -> Application | None:
        """Return the record of an Application, None when it is not understood."""
        try:
            return decode_application(manifest)
        except InvalidInputError:
            return None

    def _live_side(self, app: Application) -> LiveSide | None:
        cluster = self.cluster_of(app)
        if cluster is None:
            return None
        project = self._installation.project(app.project)
        orphans = () if project is None else self._comparer.orphans(app, project, cluster)
        return LiveSide(
            cache=cluster.cache, instance=instance_of(app, self._installation), orphans=orphans
        )

    async def watch_tree(self, key: str) -> AsyncGenerator[ResourceTree, None]:
        """Yield the tree now and whenever it changes, until the Application is gone."""
        watch = _TreeWatch(key)
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(self.subscribe(watch.application_changed))
            stack.callback(self._findings.subscribe(watch.found))
            last: ResourceTree | None = None
            while self.get(key) is not None:
                watch.changed.clear()
                self._follow(watch, stack)
                tree = self.held_tree(key)
                watch.uids = uids_of(tree).keys()
                if tree != last:
                    last = tree
                    yield tree
                await watch.changed.wait()
                await asyncio.sleep(_SETTLE_S)

    def _follow(self, watch: "_TreeWatch", stack: contextlib.AsyncExitStack) -> None:
        """Be told of changes in the cluster; it may have been opened anew since the last time."""
        app = self._application(watch.key)
        cluster = None if app is None else self.cluster_of(app)
        if app is None or cluster is None or cluster is watch.cluster:
            return
        watch.cluster, watch.instance = cluster, instance_of(app, self._installation)
        stack.callback(cluster.cache.subscribe(watch.live_changed))

    async def managed(self, key: str) -> list[ManagedResource]:
        """Return what an Application manages.

        Raises:
            PreconditionError: it was not compared yet, or could not be.
            ClusterError: its cluster is not reachable.
        """
        app, compared = self._application(key), self._findings.get(key)
        if app is None or compared is None:
            raise _not_compared(key)
        annotations = self._installation.settings.sensitive_annotations
        return await managed_resources(compared, self._require_cluster(app).cache, annotations)

    async def drift(self, key: str) -> list[ResourceDrift]:
        """Return how what is live differs from what Git wants.

        Raises:
            PreconditionError: it was not compared yet, or could not be.
        """
        app, compared = self._application(key), self._findings.get(key)
        if app is None or compared is None:
            raise _not_compared(key)
        history = app.status.history
        synced = (history[-1].revision or "") if history else ""
        annotations = self._installation.settings.sensitive_annotations
        return drifts_of(compared, annotations, synced_revision=synced)

    def node(self, key: str, resource: ResourceKey) -> ResourceNode | None:
        """Return an object's node in the tree of an Application, None when it has none."""
        tree = self.held_tree(key)
        nodes = (*tree.nodes, *tree.orphaned_nodes)
        return next((node for node in nodes if node.key == resource and node.uid), None)

    async def live(self, key: str, resource: ResourceKey) -> Manifest:
        """Return a live object of an Application's tree, masked.

        Raises:
            InvalidInputError: it is not in the tree.
            ClusterError: the cluster does not answer.
        """
        manifest, _ = await self.held_live(key, resource)
        return Masker(self._installation.settings.sensitive_annotations).mask(manifest)

    async def held_live(self, key: str, resource: ResourceKey) -> tuple[Manifest, KubeClient]:
        """Return a live object of an Application's tree as it is, and a client of its cluster.

        What it returns holds secret values: it is for acting upon, not for showing.

        Raises:
            InvalidInputError: it is not in the tree.
            ClusterError: the cluster does not answer.
        """
        app, node = self._application(key), self.node(key, resource)
        if app is None or node is None:
            raise InvalidInputError(
                f"{resource.kind} {resource.group} {resource.name} not found as part of "
                f"application {key.partition('/')[2]}"
            )
        cluster = self._require_cluster(app)
        record = cluster.cache.record(resource)
        if record is not None and record.body is not None:
            manifest: Manifest | None = record.manifest()
        else:  # only what is managed is held whole; the rest is read when somebody looks at it
            gvk = GroupVersionKind(resource.group, node.version, resource.kind)
            manifest = await cluster.client.get(gvk, resource.namespace, resource.name)
        if manifest is None:
            raise InvalidInputError("the object is gone", where=str(resource))
        return manifest, cluster.client

    def _require_cluster(self, app: Application) -> OpenCluster:
        cluster = self.cluster_of(app)
        if cluster is None:
            destination = app.spec.destination
            raise ClusterError(
                "the cluster of the application is not reachable now",
                where=destination.name or destination.server,
            )
        return cluster


def _not_compared(key: str) -> PreconditionError:
    return PreconditionError(
        "the application was not compared yet, or could not be: its conditions say why",
        where=key,
    )


class _TreeWatch:
    """Tells one reader of a tree that it has to be drawn anew."""

    def __init__(self, key: str) -> None:
        self.key, self.instance = key, ""
        self.cluster: OpenCluster | None = None
        self.uids: Collection[str] = frozenset()
        self.changed = asyncio.Event()

    def application_changed(
        self, key: str, _before: Manifest | None, _after: Manifest | None
    ) -> None:
        if key == self.key:
            self.changed.set()

    def found(self, key: str) -> None:
        if key == self.key:
            self.changed.set()

    def live_changed(self, event: LiveEvent) -> None:
        if self.instance in event.instances or self._is_in_tree(event):
            self.changed.set()

    def _is_in_tree(self, event: LiveEvent) -> bool:
        return event.uid in self.uids or any(owner in self.uids for owner in event.owners)
