"""Downloads: with limits, and with credentials that never leave the host they are for.

Redirects are followed here, one by one: credentials and client certificate go only to the scheme,
host and port that they were given for, and nothing moves from https to http.
"""

import asyncio
import base64
import contextlib
import hashlib
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.request import getproxies_environment

import aiohttp
import msgspec
from yarl import URL

from tiphys.model.errors import SourceError
from tiphys.sources.access import RepositoryAccess
from tiphys.sources.addresses import redacted

_CHUNK_BYTES = 256 * 1024
_MAX_REDIRECTS = 10
_MAX_TEXT = 300
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_REFUSALS = frozenset({401, 403, 407})


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to download.

    Attributes:
        headers: for every host on the way.
        authorization: the Authorization header, for the origin of `home` only; "" for none.
        home: the address that the credentials are for.
        shares_credentials: send them to every host, as `passCredentials` asks.
        max_bytes: refuse what is larger.
    """

    url: str
    home: str
    authorization: str = ""
    shares_credentials: bool = False
    headers: Mapping[str, str] = {}
    max_bytes: int
    timeout_s: float = 60.0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a server said; `size` and `sha256` are of the body, which lies in the file asked for."""

    status: int
    headers: Mapping[str, str]
    url: str
    size: int
    sha256: str


def basic_authorization(access: RepositoryAccess) -> str:
    """Return the Authorization header for a user's name and password; "" when there is none."""
    if not (access.username or access.password):
        return ""
    pair = f"{access.username}:{access.password}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


async def download(wanted: Wanted, access: RepositoryAccess, into: Path) -> Answer:
    """Write what is at an address into a file; 401, 403, 404 and 304 are answers, not errors.

    Raises:
        SourceError: no answer, a failure of the server, too many redirects, or too large a body.
    """
    url = _parsed(wanted.url)
    try:
        async with asyncio.timeout(wanted.timeout_s):
            for _ in range(_MAX_REDIRECTS):
                answer = await _one(wanted, access, url, into)
                if answer.status not in _REDIRECTS:
                    return answer
                url = _redirected(url, answer, access)
    except TimeoutError:
        what = f"no answer within {wanted.timeout_s:.0f} s"
        raise SourceError(what, where=redacted(str(url)), transient=True) from None
    except (aiohttp.ClientError, OSError, ValueError) as err:
        raise _unreachable(err, url, access) from None
    raise SourceError("too many redirects", where=redacted(wanted.url), transient=False)


async def read(
    wanted: Wanted, access: RepositoryAccess, home: Path | None = None
) -> tuple[Answer, bytes]:
    """Return what is at an address, for small things.

    Raises:
        SourceError: see `download`.
    """
    with tempfile.TemporaryDirectory(prefix="tiphys-http-", dir=home) as folder:
        path = Path(folder) / "body"
        answer = await download(wanted, access, path)
        return answer, await asyncio.to_thread(path.read_bytes)


def refusal(answer: Answer, access: RepositoryAccess) -> SourceError:
    """Return the error for an answer that no caller has an own meaning for."""
    where = redacted(answer.url)
    if answer.status in _REFUSALS:
        has_some = bool(access.username or access.password or access.tls_client_cert_data)
        what = "access denied: wrong credentials" if has_some else "authentication required"
        hint = "Add a Secret of type `repository` or `repo-creds` with working credentials."
        return SourceError(f"{what} ({answer.status})", where=where, hint=hint, transient=False)
    is_passing = answer.status >= 500 or answer.status in {408, 429}
    return SourceError(f"the server answered {answer.status}", where=where, transient=is_passing)


async def _one(wanted: Wanted, access: RepositoryAccess, url: URL, into: Path) -> Answer:
    is_home = wanted.shares_credentials or url.origin() == _parsed(wanted.home).origin()
    headers = {"User-Agent": "tiphys", "Accept-Encoding": "identity", **wanted.headers}
    if is_home and wanted.authorization:
        headers["Authorization"] = wanted.authorization
    context = await asyncio.to_thread(_tls, access, with_certificate=is_home)
    async with (
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context), auto_decompress=False
        ) as session,
        session.get(
            url, headers=headers, allow_redirects=False, proxy=_proxy(url, access)
        ) as response,
    ):
        if response.status not in _REDIRECTS and response.status >= 500:
            raise _failed(response, url)
        size, digest = await _save(response, wanted, into)
        return Answer(
            status=response.status,
            headers={name.lower(): value for name, value in response.headers.items()},
            url=str(url),
            size=size,
            sha256=digest,
        )


async def _save(response: aiohttp.ClientResponse, wanted: Wanted, into: Path) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    with into.open("wb") as file:
        async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
            size += len(chunk)
            if size > wanted.max_bytes:
                raise SourceError(
                    f"it is larger than {wanted.max_bytes} bytes",
                    where=redacted(str(response.url)),
                    transient=False,
                )
            digest.update(chunk)
            await asyncio.to_thread(file.write, chunk)
    return size, digest.hexdigest()


def _parsed(url: str) -> URL:
    with contextlib.suppress(ValueError):
        parsed = URL(url)
        if parsed.scheme in {"http", "https"} and parsed.host and parsed.port:
            return parsed.with_user(None)
    what = "no valid address, expected http:// or https:// and a host"
    raise SourceError(what, where=redacted(url), transient=False)


def _redirected(url: URL, answer: Answer, access: RepositoryAccess) -> URL:
    target = _parsed(str(url.join(URL(answer.headers.get("location", "")))))
    if url.scheme == "https" and target.scheme == "http" and not access.insecure:
        raise SourceError(
            f"it redirects from https to {redacted(str(target))}",
            where=redacted(str(url)),
            transient=False,
        )
    return target


def _tls(access: RepositoryAccess, *, with_certificate: bool) -> ssl.SSLContext | bool:
    if not (access.insecure or access.ca_data or access.tls_client_cert_data):
        return True
    context = ssl.create_default_context()
    if access.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif access.ca_data:
        context.load_verify_locations(cadata=access.ca_data)
    if with_certificate and access.tls_client_cert_data:
        with tempfile.NamedTemporaryFile("w", prefix="tiphys-tls-") as file:
            file.write(f"{access.tls_client_cert_data}\n{access.tls_client_cert_key}\n")
            file.flush()
            context.load_cert_chain(file.name)
    return context


def _proxy(url: URL, access: RepositoryAccess) -> str | None:
    named = getproxies_environment()
    proxy = access.proxy or named.get(url.scheme)
    excepted = access.no_proxy if access.proxy else named.get("no", "")
    return None if _is_excepted(url, excepted) else proxy


def _is_excepted(url: URL, excepted: str) -> bool:
    """Return whether a list of hosts and domains, as in NO_PROXY, holds an address."""
    host = url.host or ""
    for entry in excepted.lower().split(","):
        name = entry.strip().lstrip("*").lstrip(".")
        if name in {host, f"{host}:{url.port}"} or (name and host.endswith(f".{name}")):
            return True
        if entry.strip() == "*":
            return True
    return False


def _failed(response: aiohttp.ClientResponse, url: URL) -> SourceError:
    what = f"the server answered {response.status}"
    return SourceError(what, where=redacted(str(url)), transient=True)


def _unreachable(err: Exception, url: URL, access: RepositoryAccess) -> SourceError:
    text = redacted(" ".join(str(err).split()))
    for secret in access.secrets:
        text = text.replace(secret, "******")
    is_certificate = isinstance(err, aiohttp.ClientConnectorCertificateError)
    hint = "Add its authority to the ConfigMap argocd-tls-certs-cm." if is_certificate else ""
    what = f"cannot be reached: {text[:_MAX_TEXT] or type(err).__name__}"
    return SourceError(what, where=redacted(str(url)), hint=hint, transient=True)


def absolute(home: str, reference: str) -> str:
    """Return where a reference in a document leads.

    Raises:
        SourceError: it is no address.
    """
    base = _parsed(home)
    with contextlib.suppress(ValueError):
        return str(base.join(URL(reference)))
    raise SourceError(f"`{reference}` is no address", where=redacted(home), transient=False)
