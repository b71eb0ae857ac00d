"""Dex, an identity provider that an operator runs beside us and that browsers reach through us.

Source: Argo CD operator manual, "User Management", "Dex"; Dex documentation, "Configuration".
"""

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from yarl import URL

from tiphys.delivery.dex import PATH
from tiphys.settings.sso import SsoSettings

_TIMEOUT: Final = aiohttp.ClientTimeout(total=30)
_MAX_BODY: Final = 1024 * 1024
_MAX_ANSWER: Final = 16 * 1024 * 1024
_HOP_BY_HOP: Final = frozenset(
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
        "transfer-encoding", "upgrade", "content-length", "content-encoding", "host",
        "accept-encoding",
    }
)  # fmt: skip


class DexServer(msgspec.Struct, frozen=True, kw_only=True):
    """Where Dex listens, and whether its certificate counts."""

    address: str
    verifies_tls: bool = False


def dex_server(params: Mapping[str, str], environment: Mapping[str, str]) -> DexServer:
    """Return where Dex listens.

    Args:
        params: data of `argocd-cmd-params-cm`.
        environment: variables of the process.
    """

    def setting(key: str, variable: str, default: str) -> str:
        return params.get(key, "").strip() or environment.get(variable, "").strip() or default

    address = setting("server.dex.server", "ARGOCD_SERVER_DEX_SERVER", "argocd-dex-server:5556")
    plain = setting("server.dex.server.plaintext", "ARGOCD_SERVER_DEX_SERVER_PLAINTEXT", "false")
    strict = setting("server.dex.server.strict.tls", "ARGOCD_SERVER_DEX_SERVER_STRICT_TLS", "false")
    if "://" not in address:
        address = f"{'http' if plain == 'true' else 'https'}://{address}"
    return DexServer(address=address.rstrip("/"), verifies_tls=strict == "true")


def behind_us(issuer: str, server: DexServer) -> Callable[[str], str]:
    """Return the function that turns addresses below the issuer's into Dex's own."""
    own_path = urlsplit(issuer).path

    def rewrite(url: str) -> str:
        return server.address + own_path + url[len(issuer) :] if url.startswith(issuer) else url

    return rewrite


def dex_routes(sso: Callable[[], SsoSettings], server: Callable[[], DexServer]) -> list[BaseRoute]:
    """Return the routes that pass requests on to Dex, while SSO goes through it."""

    async def forward(request: Request) -> Response:
        settings, target = sso(), server()
        if settings.oidc is None or not settings.is_dex:
            return PlainTextResponse("Not Found", status_code=404)
        below = request.scope["path"].removeprefix(PATH)
        url = behind_us(settings.oidc.issuer, target)(settings.oidc.issuer) + below
        if request.url.query:
            url += f"?{request.url.query}"
        body = await _limited_body(request)
        if body is None:
            return PlainTextResponse("the request is too large", status_code=413)
        try:
            return await _forwarded(request, url, body, verifies_tls=target.verifies_tls)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return PlainTextResponse("Dex does not answer", status_code=502)

    methods = ["GET", "POST", "HEAD"]
    return [
        Route(PATH, forward, methods=methods),
        Route(PATH + "/{rest:path}", forward, methods=methods),
    ]


async def _limited_body(request: Request) -> bytes | None:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > _MAX_BODY:
            return None
        parts.append(part)
    return b"".join(parts)


async def _forwarded(request: Request, url: str, body: bytes, *, verifies_tls: bool) -> Response:
    # Our own session is no business of Dex's.
    dropped = _HOP_BY_HOP | {"cookie", "authorization"}
    headers = {n: v for n, v in request.headers.items() if n not in dropped}
    if request.headers.get("authorization", "").lower().startswith("basic "):
        headers["authorization"] = request.headers[
            "authorization"
        ]  # a client of Dex's proves itself
    connector = aiohttp.TCPConnector(ssl=verifies_tls)
    async with (
        aiohttp.ClientSession(
            connector=connector, timeout=_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()
        ) as session,
        session.request(
            request.method,
            URL(url, encoded=True),  # as it came: providers compare what they signed
            data=body,
            headers=headers,
            allow_redirects=False,
        ) as answer,
    ):
        content = await answer.content.read(_MAX_ANSWER)
        response = Response(content, status_code=answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in _HOP_BY_HOP:
                response.headers.append(name, value)
        return response
