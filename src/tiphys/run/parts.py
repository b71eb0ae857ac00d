"""The parts that all roles of one process share."""

import contextlib
from collections.abc import AsyncIterator, Callable

import msgspec

from tiphys.delivery.clusters import Clusters, OpenCluster
from tiphys.delivery.compare import Comparer
from tiphys.delivery.findings import Findings
from tiphys.delivery.installation import Installation
from tiphys.delivery.targets import TargetLoader
from tiphys.kube.client import KubeClient
from tiphys.model.cluster import ClusterRecord
from tiphys.run.opening import open_cluster
from tiphys.run.options import Options
from tiphys.sources.sources import Sources
from tiphys.telemetry.acting_for import current
from tiphys.telemetry.metrics import ClusterRequest, Metrics


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What roles are made of.

    Attributes:
        home: the cluster that the installation is in.
        cluster_listeners: called with each destination cluster once it is open.
    """

    options: Options
    home: KubeClient
    installation: Installation
    clusters: Clusters
    sources: Sources
    targets: TargetLoader
    comparer: Comparer
    findings: Findings
    cluster_listeners: list[Callable[[OpenCluster], None]]
    metrics: Metrics


@contextlib.asynccontextmanager
async def parts_of(
    options: Options, home: KubeClient, installation: Installation, metrics: Metrics
) -> AsyncIterator[Parts]:
    """Give the parts, and close what they hold open at the end."""
    listeners: list[Callable[[OpenCluster], None]] = []

    async def opened(record: ClusterRecord) -> OpenCluster:
        cluster = await open_cluster(record, options.config, installation, observer(metrics))
        for listener in listeners:
            listener(cluster)
        return cluster

    timeout_s = installation.settings.git_timeout_s
    sources = Sources(
        options.home,
        git_timeout_s=timeout_s,
        renderers=options.renderers,
        metrics=metrics.sources,
    )
    clusters = Clusters(opened)
    try:
        await clusters.update(installation.clusters())
        yield Parts(
            options=options,
            home=home,
            installation=installation,
            clusters=clusters,
            sources=sources,
            targets=TargetLoader(installation, sources),
            comparer=Comparer(installation),
            findings=Findings(),
            cluster_listeners=listeners,
            metrics=metrics,
        )
    finally:
        await clusters.close()
        await sources.close()


def observer(metrics: Metrics) -> Callable[[ClusterRequest], None]:
    """Return what counts requests to clusters, by the Application that they are made for."""

    def observe(request: ClusterRequest) -> None:
        metrics.controller.asked_cluster(current.get(), request)

    return observe
