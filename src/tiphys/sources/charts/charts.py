"""All Helm repositories and OCI registries of an installation, and the archives fetched from them.

A chart of an exact version that was fetched once is not asked for again: versions are not
published twice. A hard refresh asks all the same.
"""

import asyncio
import contextlib
import hashlib
from pathlib import Path
from typing import NamedTuple

import msgspec

from tiphys.model.errors import SourceError
from tiphys.sources.access import RepositoryAccess
from tiphys.sources.addresses import scheme_of
from tiphys.sources.api import RenderSettings
from tiphys.sources.charts.artifacts import Artifacts
from tiphys.sources.charts.helm_repository import HelmRepository
from tiphys.sources.charts.oci_repository import OciRepository
from tiphys.sources.charts.registry import Registry, parse_address
from tiphys.sources.charts.resolved import Resolved
from tiphys.sources.tree import FolderTree
from tiphys.sources.versions import parse_version


class ChartWanted(msgspec.Struct, frozen=True, kw_only=True):
    """A chart of a Helm repository or registry.

    Attributes:
        revision: a version or a range; empty for the newest.
        fresh: ask even when the repository was asked a moment ago.
        is_hard: ask even for a version that was fetched before.
    """

    access: RepositoryAccess
    chart: str
    revision: str
    pass_credentials: bool = False
    fresh: bool = False
    is_hard: bool = False
    max_bytes: int = RenderSettings().max_chart_bytes


class Fetched(NamedTuple):
    """A chart or artifact, unpacked."""

    revision: str
    tree: FolderTree


class Charts:
    """What is not Git."""

    def __init__(self, home: Path, *, fresh_s: float) -> None:
        self.artifacts = Artifacts(home / "unpacked")
        self._home, self._fresh_s = home, fresh_s
        self._helm: dict[str, HelmRepository] = {}
        self._oci: dict[tuple[str, str], OciRepository] = {}

    @property
    def requests(self) -> int:
        """How often any repository or registry was asked for anything."""
        helm = sum(repository.requests for repository in self._helm.values())
        return helm + sum(repository.requests for repository in self._oci.values())

    async def chart(self, wanted: ChartWanted) -> Fetched:
        """Return a chart.

        Raises:
            SourceError: its repository does not answer, or has no such chart or version.
            RenderError: its archive cannot be unpacked safely.
        """
        wanted.access.require_usable()
        pin = self._pin(wanted)
        if pin is not None and not wanted.is_hard:
            digest = await asyncio.to_thread(_read_pin, pin)
            if digest:
                return await self._pinned(wanted, digest)
        resolved = await self._resolve(wanted)
        tree = await self._tree(resolved, max_bytes=wanted.max_bytes)
        if pin is not None and resolved.revision == wanted.revision:
            await asyncio.to_thread(_write_pin, pin, resolved.digest)
        return Fetched(resolved.revision, tree)

    async def artifact(
        self,
        access: RepositoryAccess,
        revision: str,
        settings: RenderSettings,
        *,
        fresh: bool,
    ) -> Fetched:
        """Return an OCI artifact; its revision is its digest.

        Raises:
            SourceError: the registry does not answer, or has no such artifact.
            RenderError: it cannot be unpacked safely.
        """
        access.require_usable()
        repository = self._registry(access, "")
        resolved = await repository.artifact(revision, settings.oci_media_types, fresh=fresh)
        tree = await self._tree(resolved, max_bytes=settings.max_oci_bytes)
        return Fetched(resolved.revision, tree)

    async def names(self, access: RepositoryAccess) -> dict[str, tuple[str, ...]]:
        """Return the versions of every chart of a Helm repository, by its name.

        Raises:
            SourceError: it does not answer, or is a registry, which cannot list its charts.
        """
        access.require_usable()
        if not _is_http(access):
            raise SourceError(
                "an OCI registry cannot list its charts", where=access.where, transient=False
            )
        return await self._repository(access).charts()

    async def tags(self, access: RepositoryAccess) -> list[str]:
        """Return the tags of a repository of a registry.

        Raises:
            SourceError: it does not answer, or refuses us.
        """
        access.require_usable()
        return await self._registry(access, "").tags()

    async def check(self, access: RepositoryAccess) -> None:
        """See whether a repository answers; a registry as such has nothing to ask for.

        Raises:
            SourceError: it does not, or refuses us.
        """
        access.require_usable()
        if _is_http(access):
            await self._repository(access).check()
        elif access.kind == "oci" or scheme_of(access.url) == "oci":
            await self._registry(access, "").check()
        else:
            await Registry(parse_address(access.url, "ping"), access).ping()

    async def _resolve(self, wanted: ChartWanted) -> Resolved:
        access = wanted.access
        if _is_http(access):
            return await self._repository(access).resolve(
                wanted.chart,
                wanted.revision,
                fresh=wanted.fresh,
                pass_credentials=wanted.pass_credentials,
            )
        repository = self._registry(access, wanted.chart)
        return await repository.chart(wanted.chart, wanted.revision, fresh=wanted.fresh)

    async def _pinned(self, wanted: ChartWanted, digest: str) -> Fetched:
        async def fetch(into: Path) -> None:
            resolved = await self._resolve(wanted)
            if resolved.digest != digest:
                raise SourceError(
                    f'chart "{wanted.chart}" {wanted.revision} is not the archive it was',
                    where=wanted.access.where,
                    hint="Ask for a hard refresh to take the new archive.",
                    transient=False,
                )
            await resolved.fetch(into)

        tree = await self.artifacts.tree(digest, fetch, max_bytes=wanted.max_bytes, is_chart=True)
        return Fetched(wanted.revision, tree)

    async def _tree(self, resolved: Resolved, *, max_bytes: int) -> FolderTree:
        return await self.artifacts.tree(
            resolved.digest, resolved.fetch, max_bytes=max_bytes, is_chart=resolved.is_chart
        )

    def _repository(self, access: RepositoryAccess) -> HelmRepository:
        key = access.fingerprint
        if key not in self._helm:
            home = self._home / "indexes"
            self._helm[key] = HelmRepository(access, home, fresh_s=self._fresh_s)
        return self._helm[key]

    def _registry(self, access: RepositoryAccess, chart: str) -> OciRepository:
        key = (access.fingerprint, chart)
        if key not in self._oci:
            registry = Registry(parse_address(access.url, chart), access)
            self._oci[key] = OciRepository(registry, fresh_s=self._fresh_s)
        return self._oci[key]

    def _pin(self, wanted: ChartWanted) -> Path | None:
        if parse_version(wanted.revision) is None or wanted.revision.count(".") < 2:
            return None
        parts = (wanted.access.fingerprint, wanted.chart, wanted.revision)
        name = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        return self._home / "pins" / name


def _is_http(access: RepositoryAccess) -> bool:
    return scheme_of(access.url) in {"http", "https"} and not access.enable_oci


def _read_pin(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text()
    return ""


def _write_pin(path: Path, digest: str) -> None:
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(".new")
        scratch.write_text(digest)
        scratch.replace(path)
