"""One port for HTTPS and HTTP: TLS is served, plain HTTP is sent to it.

The first byte of a connection tells them apart: a TLS handshake begins with 0x16, no method of HTTP
does. Each connection takes the certificate that is in force when it begins, so a new one needs no
restart. Source: Argo CD operator manual, "TLS configuration".
"""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable, Iterator

import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

log = logging.getLogger(__name__)

_HANDSHAKE = b"\x16"
_FIRST_BYTE_S = 10.0
_HANDSHAKE_S = 10.0
_PAUSE_WITHOUT_FILES_S = 0.2
_MOST_GREETING = 1000

Protocols = Callable[[], asyncio.Protocol]


class TlsPort:
    """Accepts the connections of a socket for a web server."""

    def __init__(
        self, listening: socket.socket, protocols: Protocols, context: Callable[[], ssl.SSLContext]
    ) -> None:
        """Accept nothing yet.

        Args:
            listening: the socket.
            protocols: makes what serves one connection.
            context: gives the TLS settings with the certificate in force.
        """
        self._listening, self._protocols, self._context = listening, protocols, context
        self._greeted: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(_MOST_GREETING)

    async def run(self) -> None:
        """Accept connections until cancelled."""
        self._listening.settimeout(0)
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._room.acquire()
                try:
                    connection, _ = await loop.sock_accept(self._listening)
                except OSError as err:
                    # No file handle is free, or the client is gone already: others come.
                    log.warning("a connection cannot be accepted", extra={"why": err.strerror})
                    self._room.release()
                    await asyncio.sleep(_PAUSE_WITHOUT_FILES_S)
                    continue
                greeting = asyncio.create_task(self._greet(connection))
                self._greeted.add(greeting)
                greeting.add_done_callback(self._greeted.discard)
        finally:
            for task in list(self._greeted):
                task.cancel()

    async def _greet(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        connection.settimeout(0)
        is_handed_over = False
        try:
            first = await _first_byte(connection)
            if not first:
                return
            context = self._context() if first == _HANDSHAKE else None
            is_handed_over = True
            await loop.connect_accepted_socket(
                self._protocols,
                connection,
                ssl=context,
                ssl_handshake_timeout=_HANDSHAKE_S if context else None,
            )
        except (OSError, TimeoutError, ssl.SSLError) as err:
            # Scanners and impatient clients; nothing that an operator could mend.
            log.debug("a connection came to nothing", extra={"why": type(err).__name__})
        finally:
            self._room.release()
            if not is_handed_over:
                connection.close()


async def _first_byte(connection: socket.socket) -> bytes:
    """Return the first byte and leave it there; empty when the client hung up."""
    loop = asyncio.get_running_loop()
    readable, descriptor = asyncio.Event(), connection.fileno()
    loop.add_reader(descriptor, readable.set)
    try:
        async with asyncio.timeout(_FIRST_BYTE_S):
            await readable.wait()
    finally:
        loop.remove_reader(descriptor)
    with contextlib.suppress(BlockingIOError):
        return connection.recv(1, socket.MSG_PEEK)
    return b""


class SendToHttps:
    """Answers plain HTTP with the address under HTTPS; probes are answered all the same."""

    def __init__(self, app: ASGIApp, probes: tuple[str, ...] = ("/healthz",)) -> None:
        self._app, self._probes = app, probes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["scheme"] == "http":
            if scope["path"] not in self._probes:
                await _redirect(Request(scope))(scope, receive, send)
                return
        elif scope["type"] == "websocket" and scope["scheme"] == "ws":
            return  # it is closed without having been accepted
        await self._app(scope, receive, send)


def _redirect(request: Request) -> Response:
    if not request.headers.get("host"):
        return PlainTextResponse("HTTPS is spoken here", status_code=400)
    return RedirectResponse(request.url.replace(scheme="https"), status_code=307)


class TlsServer(uvicorn.Server):
    """A web server whose connections come from a TLS port."""

    def __init__(self, config: uvicorn.Config, context: Callable[[], ssl.SSLContext]) -> None:
        super().__init__(config)
        self._tls = context
        self._accepting: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process that this is part of."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections of the one socket that is given."""
        assert sockets is not None
        [listening] = sockets
        await self.lifespan.startup()
        protocol, loop = self.config.http_protocol_class, asyncio.get_running_loop()

        def connected() -> asyncio.Protocol:
            return protocol(  # type: ignore[call-arg]
                config=self.config,
                server_state=self.server_state,
                app_state=self.lifespan.state,
                _loop=loop,
            )

        self.servers = []
        port = TlsPort(listening, connected, self._tls)
        self._accepting = asyncio.create_task(port.run(), name="TLS port")
        self.started = True

    async def on_tick(self, counter: int) -> bool:
        """Return whether to end; raise what ended the accepting of connections."""
        if self._accepting is not None and self._accepting.done():
            self._accepting.result()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more, and let requests end."""
        if self._accepting is not None:
            self._accepting.cancel()
            await asyncio.gather(self._accepting, return_exceptions=True)
        await super().shutdown(sockets)
