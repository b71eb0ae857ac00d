"""Requests to a server's API, with errors of ours."""

import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlencode

import aiohttp
import msgspec
import orjson

from tiphys.model.errors import (
    ClusterError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    TiphysError,
    UnauthenticatedError,
)

_TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=10)
_KINDS: dict[int, type[TiphysError]] = {
    400: InvalidInputError, 401: UnauthenticatedError, 403: PermissionDeniedError,
    404: NotFoundError,
}  # fmt: skip


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A server, and who we are there.

    Attributes:
        server: host and port.
        insecure: do not check its certificate.
        plain_text: it speaks no TLS.
        headers: sent with each request.
    """

    server: str
    token: str = ""
    insecure: bool = False
    plain_text: bool = False
    headers: Mapping[str, str] = {}

    @property
    def address(self) -> str:
        """Where requests go."""
        return f"{'http' if self.plain_text else 'https'}://{self.server}"


class ApiClient:
    """Requests to one server."""

    def __init__(self, target: Target, session: aiohttp.ClientSession) -> None:
        self._target, self._session = target, session

    async def call(self, method: str, path: str, body: Any = None, **query: str) -> dict[str, Any]:
        """Send a request and return the JSON that comes back.

        Raises:
            UnauthenticatedError: the server does not know who we are.
            TiphysError: it refuses, or does not answer.
        """
        suffix = f"?{urlencode(query)}" if query else ""
        headers = {"Content-Type": "application/json", **self._target.headers}
        if self._target.token:
            headers["Authorization"] = f"Bearer {self._target.token}"
        try:
            async with self._session.request(
                method,
                f"{self._target.address}{path}{suffix}",
                data=None if body is None else orjson.dumps(body),
                headers=headers,
                allow_redirects=False,
            ) as answer:
                content = await answer.read()
        except aiohttp.ClientConnectorCertificateError as err:
            raise ClusterError(
                "the server's certificate is not signed by an authority that is known here",
                where=self._target.server,
                hint="Add --insecure if you know the server.",
            ) from err
        except (aiohttp.ClientError, TimeoutError, OSError) as err:
            raise self._unreachable(err) from err
        return self._decoded(answer.status, content)

    def _unreachable(self, err: BaseException) -> ClusterError:
        hint = "" if self._target.plain_text else "Add --plaintext if it does not speak TLS."
        what = f"the server cannot be reached: {err or type(err).__name__}"
        return ClusterError(what, where=self._target.server, hint=hint)

    def _decoded(self, status: int, content: bytes) -> dict[str, Any]:
        try:
            decoded = orjson.loads(content)
        except orjson.JSONDecodeError:
            decoded = None
        if status == 200 and isinstance(decoded, dict):
            return decoded
        problem = decoded if isinstance(decoded, dict) else {}
        what = str(problem.get("message") or f"the server answered with {status}")
        kind = _KINDS.get(status, TiphysError)
        hint = str(problem.get("hint") or "")
        if status == 401:
            hint = f"Log in with `tiphys login {self._target.server}`."
        raise kind(what, where=str(problem.get("where") or ""), hint=hint)


@contextlib.asynccontextmanager
async def connected(target: Target) -> AsyncIterator[ApiClient]:
    """Give a client of a server."""
    context = ssl.create_default_context()
    if target.insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connector = aiohttp.TCPConnector(ssl=context)
    async with aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT) as session:
        yield ApiClient(target, session)
