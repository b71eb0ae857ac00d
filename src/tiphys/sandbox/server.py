"""The ASGI application: authenticates, finds out what is asked, and answers."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import orjson
from starlette.types import Receive, Scope, Send

from tiphys.sandbox import discovery
from tiphys.sandbox.access.authentication import Access
from tiphys.sandbox.access.escalation import escalation_check
from tiphys.sandbox.access.reviews import Reviews
from tiphys.sandbox.bodies import read_body
from tiphys.sandbox.checks import check_served
from tiphys.sandbox.handlers import Handlers, shower
from tiphys.sandbox.logs import pod_log
from tiphys.sandbox.openapi import openapi_document, openapi_index
from tiphys.sandbox.options import check_options
from tiphys.sandbox.registry import Registry
from tiphys.sandbox.requests import NoSuchPathError, Request, find_kind, parse_query
from tiphys.sandbox.statuses import StatusError, no_such_resource
from tiphys.sandbox.subresources import Subresources
from tiphys.sandbox.watches import watch

log = logging.getLogger(__name__)

_MAX_BODY = 3 * 1024 * 1024
_OPEN_PATHS = frozenset({"/healthz", "/livez", "/readyz", "/version"})
_JSON = "application/json"


class ApiServer:
    """Answers every request to the cluster."""

    def __init__(self, registry: Registry, access: Access) -> None:
        self._registry, self._access = registry, access
        self._reviews = Reviews(access)
        self._handlers = Handlers(registry, Subresources(registry, access.tokens))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            await self._answer(scope, receive, send)
        except NoSuchPathError:
            await _send(send, 404, b"404 page not found\n", "text/plain; charset=utf-8")
        except StatusError as err:
            await _send_json(send, err.code, err.body, err.warnings)
        except Exception:
            log.exception("request crashed", extra={"path": scope["path"]})
            failure = StatusError(500, "InternalError", "the sandbox failed on this request")
            await _send_json(send, 500, failure.body)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].rstrip("/") or "/"
        query = parse_query(scope["query_string"])
        pairs = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in scope["headers"]]
        headers = dict(pairs)
        user = self._access.admitted(scope["method"], path, query, pairs)
        body = await _read(receive)
        document = self._document(path, headers)
        if document is not None:
            media, content = document
            await _send(send, 200, content, media)
            return
        target = find_kind(self._registry.kinds, path)
        check = None if user.is_master else escalation_check(self._access.rbac, user)
        request = Request(scope["method"], *target, query, headers, body, user, check)
        kind, namespace, name, subresource = target
        if request.method == "POST" and self._reviews.answers(kind.plural):
            asked = read_body(request).value
            typed = {"kind": kind.kind, "apiVersion": kind.gvk.api_version, "metadata": {}, **asked}
            await _send_json(send, 201, self._reviews.answer(kind.plural, typed, user, namespace))
            return
        if subresource == "log":
            text = pod_log(self._registry.get(kind, namespace, name).manifest, query)
            await _send(send, 200, text.encode(), "text/plain")
        elif request.is_watch:
            await self._watch(request, receive, send)
        else:
            code, answer, warnings = self._handlers.answer(request)
            await self._registry.store.committed()
            await _send_json(send, code, answer, warnings)

    def _document(self, path: str, headers: dict[str, str]) -> tuple[str, bytes] | None:
        """Return what is answered from what the cluster is, not from its objects."""
        if path in _OPEN_PATHS - {"/version"}:
            return "text/plain", b"ok"
        found = self._discovered(path, headers)
        if found is None:
            return None
        media = _JSON
        if path in {"/api", "/apis"} and "apidiscovery" in headers.get("accept", ""):
            media = f"{_JSON};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
        return media, orjson.dumps(found)

    def _discovered(self, path: str, headers: dict[str, str]) -> dict[str, Any] | None:
        kinds = self._registry.kinds
        is_aggregated = "APIGroupDiscoveryList" in headers.get("accept", "")
        fixed: dict[str, Callable[[], dict[str, Any]]] = {
            "/version": lambda: discovery.VERSION,
            "/api": lambda: (
                discovery.aggregated(kinds, is_core=True)
                if is_aggregated
                else {"kind": "APIVersions", "versions": ["v1"]}
            ),
            "/apis": lambda: (
                discovery.aggregated(kinds, is_core=False)
                if is_aggregated
                else discovery.group_list(kinds)
            ),
            "/openapi/v3": lambda: openapi_index(kinds),
        }
        if path in fixed:
            return fixed[path]()
        parts = path.strip("/").split("/")
        if parts[:2] == ["openapi", "v3"]:
            return openapi_document(kinds, "/".join(parts[2:])) or _missing()
        if parts[0] == "api" and len(parts) == 2:
            return discovery.resource_list(kinds, "", parts[1]) or _missing()
        if parts[0] == "apis" and len(parts) == 2:
            return discovery.one_group(kinds, parts[1]) or _unknown()
        if parts[0] == "apis" and len(parts) == 3:
            return discovery.resource_list(kinds, parts[1], parts[2]) or _missing()
        return None

    async def _watch(self, request: Request, receive: Receive, send: Send) -> None:
        check_served(request)
        check_options(request)
        lines = watch(self._registry, request, shower(request))
        headers = [(b"content-type", _JSON.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        gone = asyncio.ensure_future(receive())
        try:
            async for line in lines:
                if gone.done():
                    return
                if line:
                    await send({"type": "http.response.body", "body": line, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            await lines.aclose()


def _unknown() -> dict[str, Any]:
    raise NoSuchPathError


def _missing() -> dict[str, Any]:
    raise no_such_resource()


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > _MAX_BODY:
            text = f"Request entity too large: limit is {_MAX_BODY}"
            raise StatusError(413, "RequestEntityTooLarge", text)
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


async def _send_json(send: Send, code: int, body: Any, warnings: list[str] | None = None) -> None:
    await _send(send, code, orjson.dumps(body), _JSON, warnings or [])


async def _send(
    send: Send, code: int, body: bytes, media: str, warnings: list[str] | None = None
) -> None:
    headers = [
        (b"content-type", media.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    for text in warnings or []:
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        headers.append((b"warning", f'299 - "{quoted}"'.encode()))
    await send({"type": "http.response.start", "status": code, "headers": headers})
    await send({"type": "http.response.body", "body": body})
