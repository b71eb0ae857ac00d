"""HTTP to one API server: authenticated, retried where that is safe, with errors of ours.

A request is repeated when the server could not answer: a dropped connection, 429, or a 5xx. Of the
writes only those that may be carried out twice are; of the others only what the server turned away
unread (429). For the rest the caller reads and decides again.
"""

import asyncio
import copy
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import msgspec
import orjson

from tiphys.engine.go_dumps import shortened
from tiphys.kube.config import ClusterConfig
from tiphys.kube.credentials import Credentials
from tiphys.kube.sessions import Sessions
from tiphys.model.errors import ApiError, ClusterError, CredentialsError
from tiphys.telemetry.metrics import ClusterRequest

APPLY_PATCH = "application/apply-patch+yaml"
_ATTEMPTS = 4
_FIRST_PAUSE_S = 0.2
_TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=10)
_MAX_MESSAGE = 2000
_MAX_READ = 100_000


class Response(msgspec.Struct, frozen=True):
    """An answer of success: its body, and what the server warns of."""

    body: bytes
    warnings: tuple[str, ...] = ()

    def json(self) -> Any:
        """Return the decoded body.

        Raises:
            ClusterError: it is no JSON; something between us and the server cut it off.
        """
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as err:
            raise ClusterError("the cluster's answer is no JSON") from err


class Transport:
    """Requests to one API server."""

    def __init__(
        self,
        config: ClusterConfig,
        observe: Callable[[ClusterRequest], None] = lambda request: None,
    ) -> None:
        """Connect when the first request is made.

        Args:
            config: where the server is, and who we are there.
            observe: told of every answer, for metrics.
        """
        self.server = config.server
        self.requests: Counter[str] = Counter()
        self._observe = observe
        self._config = config
        self._credentials = Credentials(config)
        self._sessions = Sessions(config)
        self._fixed_headers = {} if config.compresses else {"Accept-Encoding": "identity"}
        self.acts_as = ""

    @property
    def identity(self) -> str:
        """The server and who we are there; answers to one are none to another."""
        return f"{self.acts_as}@{self.server}"

    def acting_as(self, user: str) -> "Transport":
        """Return a transport over the same connections whose requests another user makes.

        Source: Kubernetes documentation, "User impersonation".
        """
        other = copy.copy(self)
        other.acts_as = user
        return other

    async def close(self) -> None:
        """Close all connections."""
        await self._sessions.close()
        await asyncio.sleep(0)  # connections under TLS end in the next turn of the loop

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send a request and return the answer.

        Raises:
            ApiError: the server answered with a failure.
            ClusterError: the server did not answer.
        """
        is_repeatable = _is_repeatable(method, body, headers or {})
        pause_s = _FIRST_PAUSE_S
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await self._send(method, path, params or {}, body, headers or {})
            except ApiError as err:
                is_turned_away = err.code == 429 or (is_repeatable and err.code >= 500)
                if attempt == _ATTEMPTS or not is_turned_away:
                    raise
                wait_s = err.retry_after_s if err.retry_after_s is not None else pause_s
            except CredentialsError:
                raise  # whoever issues them is asked again by the next request
            except ClusterError:
                if attempt == _ATTEMPTS or not is_repeatable:
                    raise
                wait_s = pause_s
            await asyncio.sleep(min(wait_s, 5.0))
            pause_s *= 2
        raise AssertionError("unreachable: the last attempt returns or raises")

    @asynccontextmanager
    async def stream(
        self, path: str, params: Mapping[str, str], *, quiet_s: float
    ) -> AsyncIterator[aiohttp.StreamReader]:
        """Open a streamed answer, as a watch is; it ends when the block is left.

        Args:
            path: of the collection.
            params: of the query.
            quiet_s: the longest silence, in seconds, before the connection counts as lost.

        Raises:
            ApiError: the server answered with a failure.
            ClusterError: the server did not answer, or the stream broke.
        """
        self.requests["WATCH"] += 1
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=quiet_s)
        async with self._answer("GET", path, params, timeout=timeout) as answer:
            if answer.status >= 400:
                raise _failure(answer.status, answer.headers, await answer.read())
            yield answer.content

    async def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> Response:
        self.requests[method] += 1
        began, code = time.monotonic(), 0
        try:
            async with self._answer(method, path, params, body=body, headers=headers) as answer:
                content, code = await answer.read(), answer.status
        finally:
            self._tell(method, path, params, code, time.monotonic() - began)
        if answer.status >= 400:
            raise _failure(answer.status, answer.headers, content)
        return Response(content, _warnings(answer.headers))

    def _tell(
        self, method: str, path: str, params: Mapping[str, str], code: int, seconds: float
    ) -> None:
        resource, namespace = place_of(path)
        request = ClusterRequest(
            host=self.server,
            verb=method,
            resource=resource,
            namespace=namespace,
            code=code,
            seconds=seconds,
            is_dry_run="dryRun" in params,
        )
        self._observe(request)

    @asynccontextmanager
    async def _answer(  # noqa: PLR0913 -- what makes up a request
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: aiohttp.ClientTimeout = _TIMEOUT,  # noqa: ASYNC109 -- of the connection, not ours
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Give the server's answer; where it does not know us any more, renew and ask once more.

        A request that is answered with 401 was not carried out, so it may always be repeated.
        """
        for is_last in (False, True):
            identity = await self._credentials.current(datetime.now(UTC))
            own = identity.headers(self.acts_as)
            own.update(self._fixed_headers)
            own.update(headers or {})
            try:
                async with (
                    self._sessions.using(identity.tls) as session,
                    session.request(
                        method,
                        self.server + path,
                        params=params,
                        data=body,
                        headers=own,
                        timeout=timeout,
                        server_hostname=self._config.tls_server_name or None,
                    ) as answer,
                ):
                    is_final = is_last or answer.status != 401
                    if is_final or not self._credentials.refused(identity):
                        yield answer
                        return
            except (aiohttp.ClientError, TimeoutError, OSError) as err:
                if isinstance(err, aiohttp.ClientSSLError):
                    self._credentials.refused(identity)  # the authority may have been replaced
                raise self._unreachable(err) from err

    def _unreachable(self, err: BaseException) -> ClusterError:
        why = str(err) or type(err).__name__
        hint = ""
        if isinstance(err, aiohttp.ClientConnectorCertificateError):
            hint = "Check the certificate authority and tls-server-name of the cluster."
        return ClusterError(f"the cluster cannot be reached: {why}", where=self.server, hint=hint)


def place_of(path: str) -> tuple[str, str]:
    """Return the plural name and the namespace that a path of the API is about, "" for none.

    Source: Kubernetes API concepts, "Resource URIs".
    """
    parts = path.strip("/").split("/")
    rest = parts[2:] if parts[0] == "api" else parts[3:] if parts[0] == "apis" else []
    if len(rest) > 2 and rest[0] == "namespaces":
        return rest[2], rest[1]
    return (rest[0] if rest else ""), ""


def _is_repeatable(method: str, body: bytes | None, headers: Mapping[str, str]) -> bool:
    """Return whether a request may be carried out twice: reads, applies, deletes of one object.

    With its preconditions a second delete finds nothing, or an object that it must not touch.
    """
    if method == "DELETE":
        return b'"preconditions"' in (body or b"")
    return method == "GET" or headers.get("Content-Type") == APPLY_PATCH


def _failure(code: int, headers: Mapping[str, str], content: bytes) -> ApiError:
    try:
        status = orjson.loads(content)
    except orjson.JSONDecodeError:
        status = None
    if not isinstance(status, dict):
        status = {"message": content[:256].decode(errors="replace").strip() or f"HTTP {code}"}
    details = status.get("details") or {}
    after = headers.get("Retry-After", "")
    retry_after_s = float(after) if after.isdigit() else details.get("retryAfterSeconds")
    return ApiError(
        shortened(str(status.get("message", ""))[:_MAX_READ])[:_MAX_MESSAGE],
        code=code,
        status_reason=str(status.get("reason", "")),
        causes=tuple(details.get("causes") or ()),
        retry_after_s=retry_after_s,
    )


def _warnings(headers: Any) -> tuple[str, ...]:
    # The header reads like 299 - "text", the text quoted with backslashes.
    found = [text.partition('"')[2].rpartition('"')[0] for text in headers.getall("Warning", ())]
    return tuple(text.replace('\\"', '"') for text in found if text)
