"""A client of OCI registries: tags, manifests and blobs, with tokens where a registry wants them.

Source: OCI distribution specification 1.1; CNCF distribution, "Token Authentication".
"""

import asyncio
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec
import orjson

from tiphys.model.errors import InvalidInputError, SourceError
from tiphys.sources.access import RepositoryAccess
from tiphys.sources.http import (
    Answer,
    Wanted,
    absolute,
    basic_authorization,
    download,
    read,
    refusal,
)

_MAX_JSON_BYTES = 8 * 1024 * 1024
_MAX_TAG_PAGES = 200
_TOKEN_S = 60.0
_MANIFESTS = ", ".join(
    (
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.oci.image.index.v1+json",
    )
)
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_NEXT = re.compile(r'<([^>]+)>\s*;\s*rel="?next"?')
_NAME = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")
_HOST = re.compile(r"[A-Za-z0-9.-]+(?::\d+)?|\[[0-9a-fA-F:]+\](?::\d+)?")
_HUB = {"docker.io": "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"}


class Address(NamedTuple):
    """A repository of a registry."""

    host: str
    name: str

    def __str__(self) -> str:
        return f"{self.host}/{self.name}"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a tag or digest stands for; `layers` are descriptors as decoded."""

    digest: str
    media_type: str
    layers: tuple[Mapping[str, Any], ...]


class _Token(NamedTuple):
    header: str
    until: float


def parse_address(url: str, chart: str = "") -> Address:
    """Return the repository that `oci://host/name`, or `host/name`, and a chart's name mean.

    Raises:
        InvalidInputError: it is no such address.
    """
    plain = re.sub(r"^(oci|https?)://", "", url)
    host, _, path = plain.rstrip("/").partition("/")
    name = "/".join(part for part in (path, chart) if part)
    if not _HOST.fullmatch(host) or not _NAME.fullmatch(name):
        raise InvalidInputError(
            f"`{host}/{name}` is no repository of an OCI registry",
            hint="Write oci://host/path, in lower case, without a tag.",
        )
    return Address(_HUB.get(host, host), name)


class Registry:
    """One repository of a registry as one identity sees it."""

    def __init__(self, address: Address, access: RepositoryAccess) -> None:
        self.address, self._access = address, access
        scheme = "http" if access.plain_http else "https"
        self._root = f"{scheme}://{address.host}/v2/"
        self._base = f"{self._root}{address.name}"
        self._token: _Token | None = None
        self.requests = 0

    async def tags(self) -> list[str]:
        """Return all tags.

        Raises:
            SourceError: the registry does not answer, or refuses us.
        """
        found: list[object] = []
        url = f"{self._base}/tags/list"
        for _ in range(_MAX_TAG_PAGES):
            answer, body = await self._read(url)
            if answer.status == 404:
                raise self._not_found()
            found += _decoded(body, self._where).get("tags") or []
            following = _NEXT.search(answer.headers.get("link", ""))
            if following is None:
                return [tag for tag in found if isinstance(tag, str)]
            url = absolute(url, following[1])
        raise SourceError("it has too many tags", where=self._where, transient=False)

    async def ping(self) -> None:
        """See whether the registry answers us at all.

        Raises:
            SourceError: it does not, or refuses us.
        """
        answer, _ = await self._read(self._root)
        if answer.status != 200:
            raise SourceError("is no OCI registry", where=self.address.host, transient=False)

    async def manifest(self, reference: str) -> Manifest | None:
        """Return what a tag or digest stands for, None when it is unknown.

        Raises:
            SourceError: the registry does not answer, refuses us, or answers something else.
        """
        answer, body = await self._read(f"{self._base}/manifests/{reference}", _MANIFESTS)
        if answer.status == 404:
            return None
        digest = f"sha256:{answer.sha256}"
        if reference.startswith("sha256:") and reference != digest:
            what = f"asked for {reference}, the registry sent {digest}"
            raise SourceError(what, where=self._where, transient=True)
        document = _decoded(body, self._where)
        choices = document.get("manifests")
        if isinstance(choices, list):
            if len(choices) != 1 or not isinstance(choices[0], dict):
                what = f"an index of {len(choices)} manifests is no single artifact"
                raise SourceError(what, where=self._where, transient=False)
            return await self.manifest(str(choices[0].get("digest")))
        layers: list[object] = document.get("layers") or []
        return Manifest(
            digest=digest,
            media_type=str(document.get("artifactType") or document.get("mediaType") or ""),
            layers=tuple(layer for layer in layers if isinstance(layer, Mapping)),
        )

    async def fetch_blob(self, digest: str, into: Path, *, max_bytes: int) -> None:
        """Write a blob into a file.

        Raises:
            SourceError: it is not there, too large, or not what its digest says.
        """
        answer = await self._ask(f"{self._base}/blobs/{digest}", into, max_bytes=max_bytes)
        if answer.status != 200:
            raise refusal(answer, self._access)
        if f"sha256:{answer.sha256}" != digest:
            what = f"the blob's digest is sha256:{answer.sha256}, the manifest says {digest}"
            raise SourceError(what, where=self._where, transient=True)

    @property
    def _where(self) -> str:
        return str(self.address)

    def _not_found(self) -> SourceError:
        return SourceError(
            "repository not found in the registry",
            where=self._where,
            hint="Check the address; a private repository also needs credentials.",
            transient=False,
        )

    async def _read(self, url: str, accept: str = "application/json") -> tuple[Answer, bytes]:
        answer, body = await read(self._wanted(url, accept=accept), self._access)
        if answer.status == 401:
            await self._authenticate(answer)
            answer, body = await read(self._wanted(url, accept=accept), self._access)
        if answer.status not in {200, 404}:
            raise refusal(answer, self._access)
        return answer, body

    async def _ask(self, url: str, into: Path, *, max_bytes: int) -> Answer:
        answer = await download(self._wanted(url, max_bytes=max_bytes), self._access, into)
        if answer.status == 401:
            await self._authenticate(answer)
            answer = await download(self._wanted(url, max_bytes=max_bytes), self._access, into)
        return answer

    def _wanted(self, url: str, *, accept: str = "*/*", max_bytes: int = _MAX_JSON_BYTES) -> Wanted:
        self.requests += 1
        is_valid = self._token is not None and time.monotonic() < self._token.until
        return Wanted(
            url=url,
            home=self._root,
            authorization=self._token.header if self._token and is_valid else "",
            headers={"Accept": accept},
            max_bytes=max_bytes,
        )

    async def _authenticate(self, refused: Answer) -> None:
        """Get what the registry asks for: a token from its token server, or our password."""
        kind, _, rest = refused.headers.get("www-authenticate", "").partition(" ")
        basic = basic_authorization(self._access)
        if kind.lower() == "basic" and basic:
            self._token = _Token(basic, time.monotonic() + 3600)
        elif kind.lower() == "bearer":
            self._token = await self._new_token(dict(_PARAMETER.findall(rest)), basic)
        else:
            raise refusal(refused, self._access)

    async def _new_token(self, told: dict[str, str], basic: str) -> _Token:
        realm = told.get("realm", "")
        is_safe = realm.startswith("https://") or self._root.startswith("http://")
        if not is_safe:
            what = f"its token server `{realm}` is not reached by https"
            raise SourceError(what, where=self._where, transient=False)
        query = {
            "scope": f"repository:{self.address.name}:pull",
            **{name: told[name] for name in ("service", "scope") if told.get(name)},
        }
        joint = "&" if "?" in realm else "?"
        # The realm is where the registry's own users authenticate: credentials are for it, too.
        wanted = Wanted(
            url=f"{realm}{joint}{urlencode(query)}",
            home=realm,
            authorization=basic,
            max_bytes=_MAX_JSON_BYTES,
        )
        self.requests += 1
        answer, body = await read(wanted, self._access)
        if answer.status != 200:
            raise refusal(answer, self._access)
        document = await asyncio.to_thread(_decoded, body, self._where)
        value = document.get("token") or document.get("access_token")
        if not isinstance(value, str):
            raise SourceError("its token server sent no token", where=self._where, transient=True)
        lasts_s = document.get("expires_in")
        lasts_s = float(lasts_s) if isinstance(lasts_s, int | float) else _TOKEN_S
        return _Token(f"Bearer {value}", time.monotonic() + max(lasts_s - 10, 5))


def _decoded(body: bytes, where: str) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as err:
        raise SourceError(f"no JSON: {err}", where=where, transient=True) from err
    if not isinstance(document, dict):
        raise SourceError("no JSON object", where=where, transient=True)
    return document
