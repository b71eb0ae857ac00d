"""The composition root: the only place where concrete parts meet."""

import asyncio
import contextlib
import logging
import os
import random
import signal
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import uvicorn

from tiphys.controller.application.reconcile import APPLICATION
from tiphys.controller.application.services import Services
from tiphys.controller.controller import Controller
from tiphys.controller.rivals import Rivals
from tiphys.crds import custom_resource_definitions
from tiphys.delivery.clock import system_clock
from tiphys.delivery.clusters import Clusters, OpenCluster
from tiphys.delivery.compare import Comparer
from tiphys.delivery.health import HealthChecks
from tiphys.delivery.installation import Collections, Installation
from tiphys.delivery.noise import Noise
from tiphys.delivery.targets import TargetLoader
from tiphys.engine.filters import is_excluded
from tiphys.engine.tracking import owner_instance
from tiphys.kube.apply import wait_established
from tiphys.kube.client import KubeClient
from tiphys.kube.config import ClusterConfig, config_from_secret
from tiphys.kube.connection import connect
from tiphys.kube.discovery import Discovery
from tiphys.kube.events import EventRecorder
from tiphys.kube.extent import Extent
from tiphys.kube.informer import Informer
from tiphys.kube.live_cache import LiveCache
from tiphys.kube.transport import Transport
from tiphys.languages.jq import JqDeleter
from tiphys.model.cluster import ClusterRecord
from tiphys.model.errors import ApiError
from tiphys.model.keys import GroupVersionKind, Manifest
from tiphys.model.labels import API_GROUP, API_VERSION, DEFAULT_PROJECT
from tiphys.server.app import create_server, listen
from tiphys.server.routes.webhook import webhook_route
from tiphys.sources.api import RendererOptions
from tiphys.sources.plugins import load_plugins
from tiphys.sources.sources import Sources
from tiphys.telemetry.loop_lag import LoopLag

log = logging.getLogger(__name__)

_DEFAULT_PROJECT: Manifest = {
    "apiVersion": API_VERSION,
    "kind": "AppProject",
    "metadata": {"name": DEFAULT_PROJECT},
    "spec": {
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    },
}


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What `tiphys run` is told.

    Attributes:
        config: the cluster that the Applications are in.
        home: where caches lie; may be deleted at any moment.
        port: of the HTTP server, on localhost.
        takes_over: write although an Argo CD application controller is alive.
        renderers: how sources are rendered.
    """

    config: ClusterConfig
    home: Path
    namespace: str = "argocd"
    port: int = 8080
    host: str = "127.0.0.1"
    takes_over: bool = False
    renderers: RendererOptions = RendererOptions()


@contextlib.asynccontextmanager
async def installation_of(client: KubeClient, namespace: str) -> AsyncIterator[Installation]:
    """Give the installation in a namespace, its collections already listed."""

    def informer(gvk: GroupVersionKind, label_selector: str = "") -> Informer:
        return Informer(client, gvk, namespace=namespace, label_selector=label_selector)

    collections = Collections(
        applications=informer(APPLICATION),
        projects=informer(GroupVersionKind(API_GROUP, "v1alpha1", "AppProject")),
        secrets=informer(GroupVersionKind("", "v1", "Secret")),
        config_maps=informer(GroupVersionKind("", "v1", "ConfigMap")),
    )
    parts = [
        collections.applications,
        collections.projects,
        collections.secrets,
        collections.config_maps,
    ]
    deleter = JqDeleter()
    try:
        await asyncio.gather(*(part.start() for part in parts))
        yield Installation(namespace, collections, os.environ, deleter.compile)
    finally:
        await asyncio.gather(*(part.close() for part in parts))
        deleter.close()


async def open_cluster(
    record: ClusterRecord, home: ClusterConfig, installation: Installation
) -> OpenCluster:
    """Open a destination cluster and fill its live cache.

    Raises:
        ClusterError: it cannot be reached.
    """
    data = record.secret_data
    config = home if record.is_in_cluster else config_from_secret(data, f"cluster {record.name}")
    async with contextlib.AsyncExitStack() as stack:
        # An opening that is given up half-way must not leave watches behind.
        transport = Transport(config)
        stack.push_async_callback(transport.close)
        discovery = Discovery(transport)
        await discovery.refresh()
        client = KubeClient(transport, discovery)
        settings = installation.settings
        cache = LiveCache(
            client,
            tracking=lambda live: owner_instance(live, installation.tracking),
            is_excluded=lambda kind: is_excluded(
                kind, record.server, settings.exclusions, settings.inclusions
            ),
            extent=Extent(record.namespaces, record.cluster_resources),
            without_noise=Noise(installation, HealthChecks(installation).of).without,
        )
        stack.push_async_callback(cache.close)
        await cache.start()
        close = stack.pop_all().aclose
    return OpenCluster(record=record, client=client, cache=cache, close=close)


def renderer_options(plugins: Path | None, *, helm_command: bool) -> RendererOptions:
    """Return how sources are rendered.

    Args:
        plugins: the folder of config management plugins, None for none.
        helm_command: run `helm` even where its library is installed.

    Raises:
        InvalidInputError: a plugin is not understood.
    """
    found = load_plugins(plugins) if plugins else ()
    return RendererOptions(helm_command=helm_command, plugins=found)


async def ensure_installed(client: KubeClient, namespace: str) -> None:
    """Create what tiphys needs in its own cluster, where it is missing; change nothing else.

    Raises:
        ApiError: we may not create it.
    """
    for definition in custom_resource_definitions():
        await _create_if_missing(client, definition)
        await wait_established(client, definition)
    await _create_if_missing(
        client, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    )
    while client.discovery.resource(APPLICATION) is None:
        await client.discovery.refresh()
        await asyncio.sleep(0.05)
    metadata = {**_DEFAULT_PROJECT["metadata"], "namespace": namespace}
    await _create_if_missing(client, {**_DEFAULT_PROJECT, "metadata": metadata})


async def _create_if_missing(client: KubeClient, manifest: Manifest) -> None:
    try:
        await client.create(manifest)
        log.info("created", extra={"object": f"{manifest['kind']}/{manifest['metadata']['name']}"})
    except ApiError as err:
        if err.status_reason != "AlreadyExists":
            raise


async def run(options: Options) -> None:
    """Run the controller and the server until SIGTERM or SIGINT.

    Raises:
        InvalidInputError: the port is taken.
        ClusterError: the cluster cannot be reached.
        ApiError: it refuses what we need.
    """
    listening = listen(options.host, options.port)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stopped.set)
    async with connect(options.config) as client:
        await ensure_installed(client, options.namespace)
        async with (
            installation_of(client, options.namespace) as installation,
            _rivals(options, client) as rivals,
        ):
            await _serve(options, (client, rivals, listening), installation, stopped)


@contextlib.asynccontextmanager
async def _rivals(options: Options, client: KubeClient) -> AsyncIterator[Rivals | None]:
    if options.takes_over:
        yield None
        return
    pods = Informer(client, GroupVersionKind("", "v1", "Pod"), namespace=options.namespace)
    try:
        await pods.start()
        yield Rivals(pods)
    finally:
        await pods.close()


async def _serve(
    options: Options,
    beside: tuple[KubeClient, Rivals | None, socket.socket],
    installation: Installation,
    stopped: asyncio.Event,
) -> None:
    client, rivals, listening = beside
    settings = installation.settings
    for problem in settings.problems:
        log.warning("setting not understood", extra={"problem": problem})

    async def opened(record: ClusterRecord) -> OpenCluster:
        cluster = await open_cluster(record, options.config, installation)
        controller.cluster_opened(cluster)
        return cluster

    sources = Sources(
        options.home, git_timeout_s=settings.git_timeout_s, renderers=options.renderers
    )
    clusters = Clusters(opened)
    await clusters.update(installation.clusters())
    services = Services(
        installation=installation,
        clusters=clusters,
        targets=TargetLoader(installation, sources),
        comparer=Comparer(installation),
        home=client,
        events=EventRecorder(client, "argocd-application-controller", system_clock),
        clock=system_clock,
        jitter=random.random,  # spreads looks; it is no secret
    )
    controller, lag = Controller(services, sources, rivals), LoopLag()
    server = _http_server(options, controller, installation)
    running = [
        asyncio.create_task(controller.run(), name="controller"),
        asyncio.create_task(server.serve(sockets=[listening]), name="server"),
        asyncio.create_task(lag.run(), name="loop lag"),
    ]
    _tell_where(options, installation)
    waiting = asyncio.create_task(stopped.wait(), name="stop")
    try:
        done, _ = await asyncio.wait([*running, waiting], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in [*running, waiting]:
            task.cancel()
        await asyncio.gather(*running, waiting, return_exceptions=True)
        spent = client.transport.requests + Counter()
        for cluster in clusters.opened():
            spent += cluster.client.transport.requests
        figures = {
            "requests": dict(spent),
            "renders": sources.pool.renders,
            "loop_lag_p99_ms": round(lag.percentile(0.99) * 1000, 1),
        }
        log.info("stopped", extra=figures)
        await clusters.close()
        await sources.close()


def _tell_where(options: Options, installation: Installation) -> None:
    fields = {
        "cluster": options.config.server,
        "namespace": options.namespace,
        "applications": len(list(installation.collections.applications.names())),
        "webhook": f"http://{options.host}:{options.port}/api/webhook",
    }
    log.info("delivering", extra=fields)


class _QuietServer(uvicorn.Server):
    """Leaves signals to the process that it is part of."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing."""
        yield


def _http_server(
    options: Options, controller: Controller, installation: Installation
) -> uvicorn.Server:
    webhook = webhook_route(
        controller.pushed,
        secret=installation.webhook_secret,
        max_bytes=lambda: installation.settings.webhook_max_bytes,
    )
    app = create_server([webhook], is_ready=lambda: True)
    return _QuietServer(
        uvicorn.Config(
            app,
            host=options.host,
            port=options.port,
            access_log=False,
            log_config=None,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
    )
