"""All Git repositories of an installation: a commit with its submodules and large files."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from tiphys.model.errors import InvalidInputError, SourceError
from tiphys.sources.access import RepositoryAccess
from tiphys.sources.addresses import host_of, scheme_of
from tiphys.sources.api import RenderRequest
from tiphys.sources.git.command import run_git
from tiphys.sources.git.environment import require_git_address
from tiphys.sources.git.mirror import Mirror, Mirrors
from tiphys.sources.git.submodules import (
    MAX_DEPTH,
    MAX_SUBMODULES,
    ComposedTree,
    Submodule,
    submodules_of,
)
from tiphys.sources.git.tree import CommitTree
from tiphys.sources.tree import SourceTree
from tiphys.telemetry.metrics import SourceMetrics

Open = Callable[[], SourceTree]


class CommitWanted(msgspec.Struct, frozen=True, kw_only=True):
    """A revision of a repository."""

    access: RepositoryAccess
    revision: str
    tag_prefix: str = ""
    fresh: bool = False


class Commit(NamedTuple):
    """A commit that is here; `open` gives its files, for one thread."""

    sha: str
    open: Open


def borrowed_access(request: RenderRequest, url: str, lender: RepositoryAccess) -> RepositoryAccess:
    """Return who we are at a repository that another one refers to.

    Its own Secret counts where the project may use it; else the referring repository's
    credentials, where both lie on the same host; else nobody's.
    """
    own = request.access(url)
    if request.permits(url) and own.has_credentials:
        return own
    if (scheme_of(lender.url), host_of(lender.url)) == (scheme_of(own.url), host_of(own.url)):
        return msgspec.structs.replace(lender, url=own.url, depth=own.depth)
    return own.anonymous()


class GitRepositories:
    """Mirrors, and what makes files of commits."""

    def __init__(
        self,
        home: Path,
        *,
        fresh_s: float,
        timeout_s: float,
        metrics: SourceMetrics | None = None,
    ) -> None:
        self.mirrors = Mirrors(home, fresh_s=fresh_s, timeout_s=timeout_s, metrics=metrics)
        self._timeout_s = timeout_s

    async def commit(self, wanted: CommitWanted, request: RenderRequest) -> Commit:
        """Return the commit that a revision means, and its files.

        Raises:
            SourceError: a repository does not answer, or lacks the revision.
            InvalidInputError: an address, the credentials or the revision cannot be used.
        """
        access = wanted.access
        require_git_address(access.url, request.settings.file_roots)
        mirror = self.mirrors.get(access.url)
        sha = await mirror.resolve(
            wanted.revision, access, fresh=wanted.fresh, tag_prefix=wanted.tag_prefix
        )
        return Commit(sha, await self._files(mirror, sha, access, request))

    async def _files(
        self,
        mirror: Mirror,
        sha: str,
        access: RepositoryAccess,
        request: RenderRequest,
        depth: int = 0,
    ) -> Open:
        lfs = await self._large_files(mirror, sha, access) if access.enable_lfs else None

        def plain() -> CommitTree:
            allows = request.settings.allow_oob_symlinks
            return mirror.tree(sha, allows_links_out=allows, lfs=lfs)

        if not request.settings.submodules_enabled:
            return plain
        found = await asyncio.to_thread(lambda: submodules_of(plain(), access.url))
        if not found:
            return plain
        if len(found) > MAX_SUBMODULES or depth >= MAX_DEPTH:
            raise SourceError("it has too many submodules", where=access.where, transient=False)
        parts = await asyncio.gather(
            *(self._submodule(module, access, request, depth) for module in found)
        )

        def composed() -> SourceTree:
            opened = {module.path: part() for module, part in zip(found, parts, strict=True)}
            return ComposedTree(plain(), opened)

        return composed

    async def _submodule(
        self, module: Submodule, parent: RepositoryAccess, request: RenderRequest, depth: int
    ) -> Open:
        access = borrowed_access(request, module.url, parent)
        require_git_address(access.url, request.settings.file_roots)
        mirror = self.mirrors.get(access.url)
        try:
            await mirror.require(module.commit, access)
        except SourceError as err:
            what = f"submodule `{module.path}`: {err.line}"
            raise SourceError(
                what, where=parent.where, hint=err.hint, transient=err.transient
            ) from err
        return await self._files(mirror, module.commit, access, request, depth + 1)

    async def _large_files(self, mirror: Mirror, sha: str, access: RepositoryAccess) -> Path:
        if shutil.which("git-lfs") is None:
            raise InvalidInputError(
                "the repository uses Git LFS, and git-lfs is not installed",
                where=access.where,
                hint="Install git-lfs beside git, or turn off enableLfs of the repository.",
            )
        marker = mirror.folder / "lfs" / f"fetched-{sha}"
        if not marker.exists():
            arguments = ["-c", f"remote.origin.url={access.url}", "lfs", "fetch", "origin", sha]
            timeout_s = self._timeout_s * 10
            await run_git(arguments, access, timeout_s=timeout_s, folder=mirror.folder)
            marker.parent.mkdir(exist_ok=True)
            marker.touch()
        return mirror.folder / "lfs" / "objects"
