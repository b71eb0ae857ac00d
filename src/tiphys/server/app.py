"""Puts the routes together into one ASGI application."""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Route

from tiphys.model.errors import TiphysError
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
