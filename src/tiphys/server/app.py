"""Puts the routes together into one ASGI application."""

import socket
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Route

from tiphys.model.errors import InvalidInputError, TiphysError
from tiphys.server.problems import answer_problem


def create_server(routes: list[BaseRoute], *, is_ready: Callable[[], bool]) -> Starlette:
    """Return the ASGI application.

    Args:
        routes: the routes of the roles that run in this process.
        is_ready: True once every cache that the routes answer from is filled.
    """

    async def health(_request: Request) -> PlainTextResponse:
        ready = is_ready()
        return PlainTextResponse("ok" if ready else "starting", status_code=200 if ready else 503)

    return Starlette(
        routes=[Route("/healthz", health), *routes],
        exception_handlers={TiphysError: answer_problem, Exception: answer_problem},
    )


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
