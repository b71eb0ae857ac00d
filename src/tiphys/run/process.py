"""One process with all its roles, from start to stop."""

import asyncio
import contextlib
import logging
import random
import signal
import socket
from collections import Counter
from collections.abc import AsyncIterator

from tiphys.controller.application.services import Services
from tiphys.controller.controller import Controller
from tiphys.controller.queue_gauges import QueueGauges
from tiphys.controller.rivals import Rivals
from tiphys.delivery.clock import system_clock
from tiphys.delivery.scrape import ApplicationGauges, ClusterGauges
from tiphys.kube.client import KubeClient
from tiphys.kube.connection import connect
from tiphys.kube.events import EventRecorder
from tiphys.kube.informer import Informer
from tiphys.model.keys import GroupVersionKind
from tiphys.run.bootstrap import ensure_installed
from tiphys.run.login import prepare_login
from tiphys.run.monitoring import listen_for_scrapes, metrics_app, scraped
from tiphys.run.notifying import notifier_of
from tiphys.run.opening import installation_of
from tiphys.run.options import Options
from tiphys.run.parts import Parts, observer, parts_of
from tiphys.run.resources import raise_file_limit
from tiphys.run.serving import Server
from tiphys.server.app import listen
from tiphys.telemetry.loop_lag import LoopLag
from tiphys.telemetry.metrics import Metrics
from tiphys.telemetry.runtime import Runtime

log = logging.getLogger(__name__)


async def run(options: Options) -> None:
    """Run the controller and the server until SIGTERM or SIGINT.

    Raises:
        InvalidInputError: the port is taken.
        ClusterError: the cluster cannot be reached.
        ApiError: it refuses what we need.
    """
    raise_file_limit()
    listening = listen(options.host, options.port)
    working = asyncio.ensure_future(_work(options, listening))
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, working.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await working


async def _work(options: Options, listening: socket.socket) -> None:
    metrics = Metrics()
    async with connect(options.config, observer(metrics)) as client:
        await ensure_installed(client, options.namespace)
        async with (
            installation_of(client, options.namespace) as installation,
            _rivals(options, client) as rivals,
            parts_of(options, client, installation, metrics) as parts,
        ):
            await _serve(parts, rivals, listening)


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


async def _serve(parts: Parts, rivals: Rivals | None, listening: socket.socket) -> None:
    """Run all roles until one fails or this is cancelled."""
    installation, client = parts.installation, parts.home
    for problem in installation.settings.problems:
        log.warning("setting not understood", extra={"problem": problem})
    services = Services(
        installation=installation,
        clusters=parts.clusters,
        targets=parts.targets,
        comparer=parts.comparer,
        findings=parts.findings,
        home=client,
        events=EventRecorder(client, "argocd-application-controller", system_clock),
        clock=system_clock,
        jitter=random.random,  # spreads looks; it is no secret
        metrics=parts.metrics,
    )
    await prepare_login(parts)
    controller, lag = Controller(services, parts.sources, rivals), LoopLag()
    parts.cluster_listeners.append(controller.cluster_opened)
    server = Server(parts, controller.pushed, is_ready=lambda: controller.is_ready)
    notifier = notifier_of(
        parts, lambda: rivals is not None and rivals.are_alive, parts.metrics.notifications
    )
    _tell_where(parts)
    runtime = _register_gauges(parts, controller, lag)
    scrapes = listen_for_scrapes(parts.options.metrics_host, parts.options.metrics_ports)
    try:
        async with (
            scraped(metrics_app(parts.metrics.registry, lambda: controller.is_ready), scrapes),
            asyncio.TaskGroup() as roles,
        ):
            roles.create_task(controller.run(), name="controller")
            roles.create_task(server.serve(listening), name="server")
            roles.create_task(server.events.run(), name="server's events")
            roles.create_task(notifier.run(), name="notifications")
            roles.create_task(lag.run(), name="loop lag")
    finally:
        runtime.close()
        _tell_spent(parts, lag)


def _register_gauges(parts: Parts, controller: Controller, lag: LoopLag) -> Runtime:
    """Let scrapes find what is computed when they ask."""
    runtime = Runtime(lag)
    for gauges in (
        runtime,
        QueueGauges(controller.queue),
        ClusterGauges(parts.clusters),
        ApplicationGauges(
            parts.installation,
            labels=parts.options.metrics_labels,
            conditions=parts.options.metrics_conditions,
        ),
    ):
        parts.metrics.registry.register(gauges)
    return runtime


def _tell_spent(parts: Parts, lag: LoopLag) -> None:
    spent = parts.home.transport.requests + Counter()
    for cluster in parts.clusters.opened():
        spent += cluster.client.transport.requests
    figures = {
        "requests": dict(spent),
        "renders": parts.sources.pool.renders,
        "loop_lag_p99_ms": round(lag.percentile(0.99) * 1000, 1),
        "loop_lag_max_ms": round(lag.percentile(1.0) * 1000, 1),
    }
    log.info("stopped", extra=figures)


def _tell_where(parts: Parts) -> None:
    options = parts.options
    fields = {
        "cluster": options.config.server,
        "namespace": options.namespace,
        "applications": len(parts.installation.collections.applications.names()),
        "webhook": f"http://{options.host}:{options.port}/api/webhook",
    }
    log.info("delivering", extra=fields)
