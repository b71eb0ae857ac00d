"""Puts the routes together into one ASGI application, and takes the port that it answers on."""

import socket
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tiphys.model.errors import InvalidInputError, TiphysError
from tiphys.server.problems import answer_problem

_SECURITY_HEADERS = (
    (b"x-frame-options", b"sameorigin"),
    (b"x-xss-protection", b"1"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-robots-tag", b"noindex, nofollow"),
    (b"referrer-policy", b"same-origin"),
)


def create_server(
    routes: list[BaseRoute], *, is_ready: Callable[[], bool], root_path: str = ""
) -> Starlette:
    """Return the ASGI application.

    Args:
        routes: the routes of the roles that run in this process.
        is_ready: True once every cache that the routes answer from is filled.
        root_path: prefix that everything is served under, "" or "/argocd".
    """

    async def health(_request: Request) -> PlainTextResponse:
        if is_ready():
            return PlainTextResponse("ok")
        return PlainTextResponse("", status_code=503)

    return Starlette(
        routes=[Route("/healthz", health), *routes],
        exception_handlers={TiphysError: answer_problem, Exception: answer_problem},
        middleware=[
            Middleware(_RawPaths, prefix=root_path.rstrip("/")),
            Middleware(_SecurityHeaders),
        ],
    )


class _RawPaths:
    """Routes on the path as it was sent: an escaped `/` is part of a parameter.

    Repositories and clusters are named by addresses, escaped into one segment.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app, self._prefix = app, prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"}:
            raw = scope.get("raw_path") or scope["path"].encode()
            path = raw.partition(b"?")[0].decode("latin-1")
            if self._prefix and (path + "/").startswith(self._prefix + "/"):
                path = path[len(self._prefix) :] or "/"
            scope = {**scope, "path": path}
        await self._app(scope, receive, send)


class _SecurityHeaders:
    """Adds the headers that keep browsers from doing harm, where an answer has none of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers") or ())  # type: ignore[call-overload]
                present = {name.lower() for name, _ in headers}
                added = [pair for pair in _SECURITY_HEADERS if pair[0] not in present]
                message = {**message, "headers": [*headers, *added]}
            await send(message)

        await self._app(scope, receive, send_with_headers)  # type: ignore[arg-type]


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that the server is to answer on; taken early, so that a conflict shows early.

    Raises:
        InvalidInputError: the port cannot be had.
    """
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as err:
        listening.close()
        raise InvalidInputError(
            f"the port cannot be listened on: {err.strerror}",
            where=f"{host}:{port}",
            hint="Stop the program that has it, or choose another with --port.",
        ) from err
    listening.listen(512)
    return listening
