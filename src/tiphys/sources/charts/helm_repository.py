"""Helm repositories over HTTP: an `index.yaml` that names the archives.

Source: Helm documentation, "The Chart Repository Guide"; Argo CD user guide, "Helm".
"""

import asyncio
import hashlib
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tiphys.model.errors import SourceError
from tiphys.sources.access import RepositoryAccess
from tiphys.sources.charts.index import ChartVersion, all_charts, chart_versions
from tiphys.sources.charts.resolved import Resolved
from tiphys.sources.http import Wanted, absolute, basic_authorization, download, refusal
from tiphys.sources.versions import best_match, named_version

_MAX_INDEX_BYTES = 256 * 1024 * 1024
_MAX_ARCHIVE_BYTES = 256 * 1024 * 1024


class _Index(msgspec.Struct, frozen=True, kw_only=True):
    """A repository's index on disk, and what says whether it has changed."""

    path: Path
    asked_at: float
    validators: dict[str, str] = {}


class HelmRepository:
    """One repository as one identity sees it; who asks while it is asked waits for that answer."""

    def __init__(self, access: RepositoryAccess, home: Path, *, fresh_s: float) -> None:
        self._access, self._home, self._fresh_s = access, home, fresh_s
        self._lock = asyncio.Lock()
        self._index: _Index | None = None
        self._digests: dict[str, str] = {}
        self.requests = 0

    async def resolve(
        self, chart: str, revision: str, *, fresh: bool, pass_credentials: bool
    ) -> Resolved:
        """Return the version of a chart that a targetRevision means.

        Args:
            chart: its name in the index.
            revision: a version, or a range of versions; empty for the newest.
            fresh: ask the repository even when it was asked a moment ago.
            pass_credentials: send credentials to whatever host the archive lies on.

        Raises:
            SourceError: the repository does not answer, or has no such chart or version.
        """
        index = await self._current(fresh=fresh)
        versions = await asyncio.to_thread(chart_versions, index.path, chart)
        if not versions:
            raise SourceError(
                f'chart "{chart}" not found in {self._access.where} repository',
                hint="Check spec.source.chart; names are case-sensitive.",
                transient=False,
            )
        found = self._pick(chart, revision, versions)
        return await self._resolved(chart, found, pass_credentials=pass_credentials)

    async def check(self) -> None:
        """See whether the repository answers.

        Raises:
            SourceError: it does not.
        """
        await self._current(fresh=True)

    async def charts(self) -> dict[str, tuple[str, ...]]:
        """Return the versions of every chart, by its name.

        Raises:
            SourceError: the repository does not answer, or its index is too large.
        """
        index = await self._current(fresh=False)
        return await asyncio.to_thread(all_charts, index.path)

    def _pick(self, chart: str, revision: str, versions: Sequence[ChartVersion]) -> ChartVersion:
        best = named_version(revision, [found.version for found in versions])
        for found in versions:
            if found.version == best:
                return found
        newest = best_match("*", (found.version for found in versions)) or versions[0].version
        raise SourceError(
            f'chart "{chart}" version "{revision}" not found in {self._access.where} repository',
            hint=f"Name a version that it has, such as {newest}.",
            transient=False,
        )

    async def _resolved(
        self, chart: str, found: ChartVersion, *, pass_credentials: bool
    ) -> Resolved:
        if not found.urls:
            what = f'chart "{chart}" {found.version} has no downloadable URLs'
            raise SourceError(what, where=self._access.where, transient=False)
        url = absolute(f"{self._access.url.rstrip('/')}/", found.urls[0])
        digest = found.digest or self._digests.get(url, "")

        async def fetch(into: Path) -> str:
            return await self._fetch(url, found.digest, into, pass_credentials=pass_credentials)

        if not digest:
            # An index without digests: the archive itself is the only thing to go by.
            with tempfile.TemporaryDirectory(prefix="tiphys-chart-") as folder:
                digest = self._digests[url] = await fetch(Path(folder) / "archive")
        return Resolved(revision=found.version, digest=digest, is_chart=True, fetch=fetch)

    async def _fetch(self, url: str, digest: str, into: Path, *, pass_credentials: bool) -> str:
        wanted = Wanted(
            url=url,
            home=self._access.url,
            authorization=basic_authorization(self._access),
            shares_credentials=pass_credentials,
            max_bytes=_MAX_ARCHIVE_BYTES,
        )
        self.requests += 1
        answer = await download(wanted, self._access, into)
        if answer.status != 200:
            raise refusal(answer, self._access)
        if digest and answer.sha256 != digest:
            raise SourceError(
                f"the archive's digest is {answer.sha256}, the index says {digest}",
                where=answer.url,
                transient=True,
            )
        return answer.sha256

    async def _current(self, *, fresh: bool) -> _Index:
        asked_at = time.monotonic()
        async with self._lock:
            index = self._index
            if index is not None:
                is_recent = asked_at < index.asked_at + self._fresh_s
                if index.asked_at >= asked_at or (is_recent and not fresh):
                    return index
            self._index = await self._ask(index)
            return self._index

    async def _ask(self, before: _Index | None) -> _Index:
        asked_at = time.monotonic()
        wanted = Wanted(
            url=absolute(f"{self._access.url.rstrip('/')}/", "index.yaml"),
            home=self._access.url,
            authorization=basic_authorization(self._access),
            headers=before.validators if before else {},
            max_bytes=_MAX_INDEX_BYTES,
        )
        name = hashlib.sha256(self._access.fingerprint.encode()).hexdigest()[:32]
        scratch = self._home / f"{name}.new"
        await asyncio.to_thread(self._home.mkdir, parents=True, exist_ok=True)
        self.requests += 1
        answer = await download(wanted, self._access, scratch)
        if answer.status == 304 and before is not None:
            return msgspec.structs.replace(before, asked_at=asked_at)
        if answer.status == 404:
            raise SourceError(
                "is no Helm repository: it has no index.yaml",
                where=self._access.where,
                hint="Check repoURL; an OCI registry is written without a scheme, or as oci://.",
                transient=False,
            )
        if answer.status != 200:
            raise refusal(answer, self._access)
        path = self._home / f"{name}.yaml"
        await asyncio.to_thread(scratch.replace, path)
        given = (("if-none-match", "etag"), ("if-modified-since", "last-modified"))
        validators = {ask: answer.headers[name] for ask, name in given if name in answer.headers}
        return _Index(path=path, asked_at=asked_at, validators=validators)
