"""Turns the table of routes into routes of the web framework.

For every call in this order: the content type, who calls, the body, what they may, the handler.
Nothing that a handler does can come before the permission check.

Source: Argo CD's REST gateway, for content types, error bodies and the answers for what is unknown.
"""

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol
from urllib.parse import unquote

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tiphys.model.errors import InvalidInputError, LimitExceededError
from tiphys.model.identity import ANONYMOUS
from tiphys.model.keys import Manifest
from tiphys.server.call import ADDED_COOKIES, Access, Call
from tiphys.server.problems import answer_problem, problem_of
from tiphys.server.streams import Stream, stream_answer
from tiphys.server.table import Endpoint, Scope

_MAX_BODY_BYTES = 200 * 1024 * 1024
_COMPRESSED_FROM_BYTES = 1024
_OFF_LOOP_FROM_BYTES = 256 * 1024


class Finder(Protocol):
    """Finds the Application that a call is about, as far as the caller may know of it."""

    async def find(self, call: Call, action: str) -> Manifest:
        """Return the Application.

        Raises:
            PermissionDeniedError: the caller may not do this, or there is no such one.
            NotFoundError: there is none, and the caller may know that.
        """

    def require(self, call: Call, resource: str, action: str) -> None:
        """Check another permission on the Application of a call."""


class ApiSettings(Protocol):
    """What the dispatcher is told, each time anew."""

    @property
    def content_types(self) -> frozenset[str]:
        """Content types of requests that may change something, lower case; empty for any."""

    @property
    def compresses(self) -> bool:
        """Whether answers are compressed for clients that accept it."""


class CallObserver(Protocol):
    """Is told of each call that was answered, for metrics and the audit log."""

    def answered(self, endpoint: Endpoint, call: Call | None, code: int, seconds: float) -> None:
        """Take note of one call; `code` is of google.rpc.Code."""


class Dispatcher(msgspec.Struct, frozen=True, kw_only=True):
    """Answers calls of endpoints."""

    access: Access
    finder: Finder
    settings: ApiSettings
    observer: CallObserver

    def routes(self, endpoints: Iterable[Endpoint]) -> list[Route]:
        """Return a route for each endpoint, in their order."""
        return [
            Route(endpoint.path, self._handler(endpoint), methods=[endpoint.method])
            for endpoint in endpoints
        ]

    def _handler(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            began = asyncio.get_running_loop().time()
            calls: list[Call] = []
            code = 0
            try:
                response = await self._answer(endpoint, request, calls)
                for cookie in request.scope.get(ADDED_COOKIES, ()):
                    response.headers.append("set-cookie", cookie)
                return response
            except ClientDisconnect:
                code = 1
                raise
            except Exception as err:  # noqa: BLE001 - every error has one face on every route
                problem = problem_of(err)
                code = problem.code
                if not endpoint.is_stream:
                    return await answer_problem(request, err)
                return JSONResponse({"error": problem.stream_body()}, status_code=problem.status)
            finally:
                seconds = asyncio.get_running_loop().time() - began
                self.observer.answered(endpoint, calls[0] if calls else None, code, seconds)

        return handle

    async def _answer(self, endpoint: Endpoint, request: Request, calls: list[Call]) -> Response:
        if endpoint.method != "GET" and not self._is_expected_type(request):
            return PlainTextResponse("Invalid content type", status_code=415)
        is_public = endpoint.permission.scope is Scope.PUBLIC
        identity = ANONYMOUS if is_public else await self.access.authenticate(request)
        call = Call(
            request=request,
            identity=identity,
            access=self.access,
            path={name: unquote(str(value)) for name, value in request.path_params.items()},
            body=await _read_body(request, endpoint.body),
        )
        calls.append(call)
        await self._permit(endpoint, call)
        answer = await endpoint.handler(call)
        if isinstance(answer, Response):
            return answer
        if isinstance(answer, Stream):
            return stream_answer(request, answer)
        return await self._json(request, answer)

    def _is_expected_type(self, request: Request) -> bool:
        expected = self.settings.content_types
        return not expected or request.headers.get("content-type", "").lower() in expected

    async def _permit(self, endpoint: Endpoint, call: Call) -> None:
        permission = endpoint.permission
        if permission.scope is Scope.APPLICATION:
            call.application = await self.finder.find(call, permission.action)
            for resource, action in permission.also:
                self.finder.require(call, resource, action)
        elif permission.object_of is not None:
            call.require(permission.resource, permission.action, permission.object_of(call))

    async def _json(self, request: Request, answer: Any) -> Response:
        content = answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
        headers = {"Content-Type": "application/json"}
        accepts = "gzip" in request.headers.get("accept-encoding", "")
        if accepts and self.settings.compresses and len(content) >= _COMPRESSED_FROM_BYTES:
            headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
            if len(content) >= _OFF_LOOP_FROM_BYTES:
                content = await asyncio.to_thread(gzip.compress, content, 1)
            else:
                content = gzip.compress(content, 5)
        return Response(content, headers=headers)


async def _read_body(request: Request, record: Any) -> Any:
    if record is None:
        return None
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > _MAX_BODY_BYTES:
            raise LimitExceededError(f"the body is larger than {_MAX_BODY_BYTES // 1024**2} MiB")
        parts.append(part)
    try:
        return msgspec.json.decode(b"".join(parts) or b"{}", type=record, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise InvalidInputError(f"the body is not what is expected: {err}") from err
