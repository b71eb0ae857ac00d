"""One process with all its roles, from start to stop."""

import asyncio
import contextlib
import logging
import random
import signal
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import uvicorn

from tiphys.controller.application.services import Services
from tiphys.controller.controller import Controller
from tiphys.controller.rivals import Rivals
from tiphys.delivery.clock import system_clock
from tiphys.delivery.clusters import Clusters, OpenCluster
from tiphys.delivery.compare import Comparer
from tiphys.delivery.installation import Installation
from tiphys.delivery.targets import TargetLoader
from tiphys.kube.client import KubeClient
from tiphys.kube.connection import connect
from tiphys.kube.events import EventRecorder
from tiphys.kube.informer import Informer
from tiphys.model.cluster import ClusterRecord
from tiphys.model.keys import GroupVersionKind
from tiphys.run.bootstrap import ensure_installed
from tiphys.run.opening import installation_of, open_cluster
from tiphys.run.options import Options
from tiphys.server.app import create_server, listen
from tiphys.server.routes.webhook import webhook_route
from tiphys.server.static import WebUi, built_ui, ui_routes
from tiphys.sources.sources import Sources
from tiphys.telemetry.loop_lag import LoopLag

log = logging.getLogger(__name__)


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
            "loop_lag_max_ms": round(lag.percentile(1.0) * 1000, 1),
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
    ui = WebUi(folder=built_ui() if options.serves_ui else None)
    app = create_server([webhook, *ui_routes(ui)], is_ready=lambda: True)
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
