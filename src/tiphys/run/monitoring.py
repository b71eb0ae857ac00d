"""The ports that Prometheus scrapes: `/metrics` and `/healthz` of each role.

One process that holds several roles answers with all that it knows on each of their ports, so that
a scrape configuration written for roles apart finds what it asks for.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Callable

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tiphys.model.errors import InvalidInputError
from tiphys.run.quiet_server import QuietServer
from tiphys.server.app import listen

log = logging.getLogger(__name__)


def metrics_app(registry: CollectorRegistry, is_ready: Callable[[], bool]) -> Starlette:
    """Return what answers on a port of metrics."""

    async def metrics(_request: Request) -> Response:
        # Thousands of Applications take a while to write down: the loop goes on meanwhile.
        text = await asyncio.to_thread(generate_latest, registry)
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def health(_request: Request) -> Response:
        return PlainTextResponse("ok" if is_ready() else "", status_code=200 if is_ready() else 503)

    return Starlette(routes=[Route("/metrics", metrics), Route("/healthz", health)])


def listen_for_scrapes(host: str, ports: tuple[int, ...]) -> list[socket.socket]:
    """Return sockets on the ports that can be had; what is taken is logged and left out.

    Metrics are an addition: that another program has their port must not stop deliveries.
    """
    found = []
    for port in ports:
        try:
            found.append(listen(host, port))
        except InvalidInputError as err:
            hint = "Choose others with --metrics-ports."
            log.warning("no metrics there", extra={"error": err.line, "hint": hint})
    return found


@contextlib.asynccontextmanager
async def scraped(app: Starlette, sockets: list[socket.socket]) -> AsyncIterator[None]:
    """Answer scrapes for as long as the block runs."""
    if not sockets:
        yield
        return
    config = uvicorn.Config(
        app, access_log=False, log_config=None, lifespan="off", server_header=False,
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    serving = asyncio.create_task(QuietServer(config).serve(sockets=sockets), name="metrics")
    try:
        yield
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
