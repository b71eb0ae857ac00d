"""The ASGI application: authenticates, finds out what is asked, and answers."""

import asyncio
import logging
from typing import Any

import orjson
from starlette.types import Receive, Scope, Send

from tiphys.sandbox.access.authentication import Access
from tiphys.sandbox.access.escalation import escalation_check
from tiphys.sandbox.access.reviews import Reviews
from tiphys.sandbox.http.bodies import read_body
from tiphys.sandbox.http.checks import check_served
from tiphys.sandbox.http.documents import Document, Documents
from tiphys.sandbox.http.handlers import Handlers, shower
from tiphys.sandbox.http.options import check_options
from tiphys.sandbox.http.requests import (
    NoSuchPathError,
    Request,
    find_kind,
    is_pretty,
    parse_query,
    without_watch,
)
from tiphys.sandbox.http.subresources import Subresources
from tiphys.sandbox.http.watches import watch
from tiphys.sandbox.registry.registry import Registry
from tiphys.sandbox.statuses import StatusError
from tiphys.sandbox.workloads.logs import pod_log

log = logging.getLogger(__name__)

_MAX_BODY = 3 * 1024 * 1024
_JSON = "application/json"


class ApiServer:
    """Answers every request to the cluster.

    Attributes:
        served: how many requests there have been.
    """

    served = 0

    def __init__(self, registry: Registry, access: Access) -> None:
        self._registry, self._access = registry, access
        self._documents = Documents(registry.kinds)
        self._reviews = Reviews(access)
        self._handlers = Handlers(registry, Subresources(registry, access.tokens))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        self.served += 1
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
        query = parse_query(scope["query_string"])
        path, query = without_watch(scope["method"], scope["path"].rstrip("/") or "/", query)
        pairs = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in scope["headers"]]
        headers = dict(pairs)
        user = self._access.admitted(scope["method"], path, query, pairs)
        body = await _read(receive)
        document = self._documents.find(path, query, headers)
        if document is not None:
            await _send_document(send, document)
            return
        check = None if user.is_master else escalation_check(self._access.rbac, user)
        target = find_kind(self._registry.kinds, path)
        request = Request(scope["method"], *target, query, headers, body, user, check)
        await self._answer_about(request, receive, send)

    async def _answer_about(self, request: Request, receive: Receive, send: Send) -> None:
        kind, place = request.kind, (request.namespace, request.name)
        if request.method == "POST" and self._reviews.answers(kind.plural):
            asked = read_body(request).value
            typed = {"kind": kind.kind, "apiVersion": kind.gvk.api_version, "metadata": {}, **asked}
            answered = self._reviews.answer(kind.plural, typed, request.user, request.namespace)
            await _send_json(send, 201, answered)
        elif request.subresource == "log":
            text = pod_log(self._registry.get(kind, *place).manifest, request.query)
            await _send(send, 200, text.encode(), "text/plain")
        elif request.is_watch:
            await self._watch(request, receive, send)
        else:
            code, answer, warnings = self._handlers.answer(request)
            await self._registry.store.committed()
            content = orjson.dumps(answer)
            if is_pretty(request):
                # What is stored is one line already, so it is read again.
                content = orjson.dumps(orjson.loads(content), option=orjson.OPT_INDENT_2)
            await _send(send, code, content, _JSON, warnings)

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


async def _send_document(send: Send, document: Document) -> None:
    more = [(name.encode(), value.encode()) for name, value in document.headers.items()]
    # A client puts the headers of a 304 in the place of those that it keeps: it must not say more.
    whole = [] if document.code == 304 else _headers(document.content, document.media)
    headers = [*whole, *more]
    await send({"type": "http.response.start", "status": document.code, "headers": headers})
    await send({"type": "http.response.body", "body": document.content})


async def _send(
    send: Send, code: int, body: bytes, media: str, warnings: list[str] | None = None
) -> None:
    headers = _headers(body, media)
    for text in warnings or []:
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        headers.append((b"warning", f'299 - "{quoted}"'.encode()))
    await send({"type": "http.response.start", "status": code, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _headers(body: bytes, media: str) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", media.encode()), (b"content-length", str(len(body)).encode())]
