"""Requests to services: bounded in time and size, and for teams' own services kept off the host.

A configuration that a team may write (self-service) must not reach what only this process can
reach: loopback and link-local addresses, the metadata service of a cloud first of all. The address
is checked where the connection is made, after the name was resolved, so that a name cannot be
checked with one address and reached with another.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable, Mapping
from typing import Any, Final

import aiohttp
import msgspec
import orjson
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from tiphys.notifications.errors import DeliveryError

_TIMEOUT: Final = aiohttp.ClientTimeout(total=20, sock_connect=10)
_MAX_ANSWER: Final = 256 * 1024
_MAX_SHOWN: Final = 160
_MAX_PAUSE_S: Final = 3600


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request.

    Attributes:
        url: may hold a secret; it is never shown.
        json: sent as the body; `body` is sent as it is.
        is_insecure: take any certificate.
    """

    method: str = "POST"
    url: str
    headers: Mapping[str, str] = {}
    json: Any = None
    body: bytes | None = None
    is_insecure: bool = False


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a service said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")

    @property
    def retry_after_s(self) -> int:
        """How long to wait before the next request, an hour at most; 0 when it does not say."""
        said = self.headers.get("Retry-After", "")
        return min(int(said), _MAX_PAUSE_S) if said.isascii() and said.isdigit() else 0

    def json(self) -> Any:
        """Return the decoded body.

        Raises:
            DeliveryError: it is not JSON.
        """
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as err:
            raise DeliveryError("the answer is not JSON") from err


def is_forbidden(address: str) -> bool:
    """Return whether a team's service must not be at an IP address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip.sixtofour or ip
    return ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast


def refuse(host: str) -> DeliveryError:
    """Return the error for a host that a team's service must not be at."""
    return DeliveryError(
        "an address on this machine or its link is not allowed in a self-service configuration",
        where=host,
        hint="Ask an administrator to configure the service in the central namespace.",
    )


async def permitted_address(host: str, port: int) -> str:
    """Return an IP address of a host that a team's service may be at.

    Raises:
        DeliveryError: the host is not known, or one of its addresses is forbidden.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as err:
        raise DeliveryError("the host is not known", where=host) from err
    addresses = [str(entry[4][0]) for entry in found]
    if any(map(is_forbidden, addresses)):
        raise refuse(host)
    return addresses[0]


class _GuardedResolver(AbstractResolver):
    """Resolves names, and fails for one that leads to a forbidden address."""

    def __init__(self) -> None:
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if any(is_forbidden(one["host"]) for one in found):
            raise refuse(host)
        return found

    async def close(self) -> None:
        await self._resolver.close()


class Http:
    """Sends requests to services."""

    def __init__(
        self, *, is_guarded: bool = False, authority: Callable[[str], str] = lambda host: ""
    ) -> None:
        """Prepare.

        Args:
            is_guarded: for self-service configurations.
            authority: gives the PEM certificates that a host's is signed with; "" for the usual.
        """
        self.is_guarded = is_guarded
        self._authority = authority
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: Request) -> Answer:
        """Return the answer to a request, whatever its status.

        Raises:
            DeliveryError: there is none.
        """
        url = self._checked(request.url)
        body = orjson.dumps(request.json) if request.json is not None else request.body
        content = {"Content-Type": "application/json"} if request.json is not None else {}
        try:
            async with self._opened().request(
                request.method,
                url,
                data=body,
                headers={**content, "User-Agent": "tiphys", **request.headers},
                allow_redirects=False,
                ssl=self._tls(url.host or "", is_insecure=request.is_insecure),
            ) as response:
                body = await _read(response)
                return Answer(status=response.status, headers=dict(response.headers), body=body)
        except TimeoutError as err:
            raise DeliveryError("no answer in time", where=str(url.host)) from err
        except (aiohttp.ClientError, ValueError, OSError) as err:
            # What the library says may repeat the address with its secrets.
            raise DeliveryError(f"cannot be reached: {_why(err)}", where=str(url.host)) from err

    async def post(self, request: Request) -> Answer:
        """Return the answer to a request that was accepted.

        Raises:
            DeliveryError: there is none, or it is one of failure.
        """
        answer = await self.send(request)
        if answer.status >= 300:
            shown = " ".join(answer.text.split())[:_MAX_SHOWN]
            raise DeliveryError(
                f"answered {answer.status}" + (f": {shown}" if shown else ""),
                where=str(URL(request.url).host),
                retry_after_s=answer.retry_after_s,
            )
        return answer

    def _checked(self, address: str) -> URL:
        try:
            url = URL(address)
        except ValueError as err:
            raise DeliveryError("the address of the service is not understood") from err
        if url.scheme not in {"http", "https"} or not url.host:
            raise DeliveryError(
                "the address of the service is not one of HTTP",
                hint="Write it with `https://`; a `$name` that the Secret lacks stays as it is.",
            )
        if self.is_guarded and _is_ip(url.host) and is_forbidden(url.host):
            raise refuse(url.host)
        return url

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            resolver = _GuardedResolver() if self.is_guarded else None
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=resolver, limit_per_host=8),
                timeout=_TIMEOUT,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=not self.is_guarded,
            )
        return self._session

    def _tls(self, host: str, *, is_insecure: bool) -> ssl.SSLContext | bool:
        if is_insecure:
            return False
        pem = self._authority(host)
        if not pem:
            return True
        context = ssl.create_default_context()
        try:
            context.load_verify_locations(cadata=pem)
        except ssl.SSLError as err:
            raise DeliveryError("its entry in argocd-tls-certs-cm is no certificate") from err
        return context

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Return the body, cut where it is longer than anything that we look at."""
    read = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        read += chunk
        if len(read) >= _MAX_ANSWER:
            break
    return bytes(read[:_MAX_ANSWER])


class AnyCertificate(Http):
    """Sends requests like another one, and takes any certificate."""

    def __init__(self, inner: Http) -> None:
        super().__init__(is_guarded=inner.is_guarded)
        self._inner = inner

    async def send(self, request: Request) -> Answer:
        """Return the answer to a request, whatever its status; see `Http.send`."""
        return await self._inner.send(msgspec.structs.replace(request, is_insecure=True))


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _why(err: Exception) -> str:
    cause = err.__cause__ or err
    if isinstance(err, aiohttp.ClientConnectorCertificateError):
        return "its certificate is not trusted"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return type(err).__name__
