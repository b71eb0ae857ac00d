"""`/openapi.json`, `/swagger.json`: the API described, written once when the first client asks."""

from collections.abc import Sequence
from functools import cache

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tiphys.server.openapi import openapi_document, swagger_document
from tiphys.server.table import Endpoint


def document_routes(endpoints: Sequence[Endpoint]) -> list[Route]:
    """Return the routes of the documents of some endpoints."""

    @cache
    def newest() -> bytes:
        return msgspec.json.encode(openapi_document(endpoints))

    @cache
    def older() -> bytes:
        return msgspec.json.encode(swagger_document(openapi_document(endpoints)))

    async def openapi(_request: Request) -> Response:
        return Response(newest(), media_type="application/json")

    async def swagger(_request: Request) -> Response:
        return Response(older(), media_type="application/json")

    return [Route("/openapi.json", openapi), Route("/swagger.json", swagger)]
