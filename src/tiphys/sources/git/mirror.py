"""One bare mirror a repository: who asks while a fetch is under way waits for that fetch.

Commits that the mirror has are never fetched again, and refs are listed at most once in
`fresh_s` seconds, unless a push was reported or somebody insists.
"""

import asyncio
import hashlib
import time
from pathlib import Path

import pygit2

from tiphys.model.errors import SourceError
from tiphys.sources.access import RepositoryAccess
from tiphys.sources.addresses import repository_identity
from tiphys.sources.git.command import run_git
from tiphys.sources.git.revisions import find_revision, is_full_sha, is_short_sha


class Mirror:
    """One repository on our disk, and what its refs were when last asked."""

    def __init__(self, folder: Path, *, fresh_s: float, timeout_s: float) -> None:
        self.folder = folder
        self.fetches = 0
        self._fresh_s, self._timeout_s = fresh_s, timeout_s
        self._refs: dict[str, str] = {}
        self._listed_at = float("-inf")
        self._lock = asyncio.Lock()
        self._waiting: asyncio.Task[None] | None = None

    def expire(self) -> None:
        """Ask the repository at the next occasion: something was pushed."""
        self._listed_at = float("-inf")

    async def resolve(
        self, revision: str, access: RepositoryAccess, *, fresh: bool, tag_prefix: str = ""
    ) -> str:
        """Return the commit that a targetRevision means; it is in the mirror afterwards.

        Raises:
            SourceError: the repository does not answer, or nothing has that name.
        """
        if is_full_sha(revision):
            return await self._require(revision, access)
        if fresh or time.monotonic() > self._listed_at + self._fresh_s:
            await self._update(access)
        commit = find_revision(self._refs, revision, tag_prefix)
        if commit is not None:
            return commit
        if is_short_sha(revision):
            found = await asyncio.to_thread(self._complete, revision)
            if found:
                return found
        raise SourceError(
            f"unable to resolve '{revision}' to a commit SHA",
            where=access.url,
            hint="Use a branch, a tag or a commit that exists there.",
            transient=False,
        )

    def open(self) -> pygit2.Repository:
        """Open the mirror for reading; a handle belongs to one thread."""
        return pygit2.Repository(str(self.folder))

    async def _require(self, commit: str, access: RepositoryAccess) -> str:
        if not await asyncio.to_thread(self._has, commit):
            await self._update(access)
            if not await asyncio.to_thread(self._has, commit):
                raise SourceError(
                    f"commit {commit} is not in the repository", where=access.url, transient=False
                )
        return commit

    async def _update(self, access: RepositoryAccess) -> None:
        # All who ask before a listing begins share it; who asks later may know of a newer push.
        if self._waiting is None:
            self._waiting = asyncio.create_task(self._fetch(access))
        await asyncio.shield(self._waiting)

    async def _fetch(self, access: RepositoryAccess) -> None:
        async with self._lock:
            self._waiting = None
            await self._list_and_fetch(access)

    async def _list_and_fetch(self, access: RepositoryAccess) -> None:
        await asyncio.to_thread(self._create)
        listed_at = time.monotonic()
        listing = await run_git(["ls-remote", access.url], access, timeout_s=self._timeout_s)
        refs = _parse_refs(listing)
        if refs != self._refs or not await asyncio.to_thread(self._has_all, refs):
            self.fetches += 1
            await run_git(
                [
                    "fetch", "--quiet", "--force", "--prune", "--no-tags", access.url,
                    "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*",
                ],
                access,
                timeout_s=self._timeout_s * 10,
                folder=self.folder,
            )  # fmt: skip
        self._refs, self._listed_at = refs, listed_at

    def _create(self) -> None:
        if not (self.folder / "HEAD").exists():
            pygit2.init_repository(str(self.folder), bare=True)

    def _has(self, commit: str) -> bool:
        return (self.folder / "HEAD").exists() and commit in self.open()

    def _has_all(self, refs: dict[str, str]) -> bool:
        repository = self.open()
        wanted = (
            sha for name, sha in refs.items() if name.startswith(("refs/heads/", "refs/tags/"))
        )
        return all(sha in repository for sha in wanted)

    def _complete(self, short: str) -> str:
        try:
            found = self.open().revparse_single(short)
            return str(found.peel(pygit2.Commit).id)
        except (KeyError, ValueError, pygit2.GitError):
            return ""


class Mirrors:
    """All mirrors of an installation."""

    def __init__(self, home: Path, *, fresh_s: float, timeout_s: float) -> None:
        self._home = home
        self._fresh_s, self._timeout_s = fresh_s, timeout_s
        self._mirrors: dict[str, Mirror] = {}

    def get(self, url: str) -> Mirror:
        """Return the mirror of a repository, however its address is spelled."""
        identity = repository_identity(url)
        if identity not in self._mirrors:
            name = hashlib.sha256(identity.encode()).hexdigest()[:32]
            self._home.mkdir(parents=True, exist_ok=True)
            self._mirrors[identity] = Mirror(
                self._home / name, fresh_s=self._fresh_s, timeout_s=self._timeout_s
            )
        return self._mirrors[identity]

    @property
    def fetches(self) -> int:
        """How often objects were fetched from any repository."""
        return sum(mirror.fetches for mirror in self._mirrors.values())


def _parse_refs(listing: str) -> dict[str, str]:
    refs: dict[str, str] = {}
    for line in listing.splitlines():
        sha, _, name = line.partition("\t")
        # The peeled line of an annotated tag comes after the tag's own and wins.
        refs[name.removesuffix("^{}")] = sha
    return refs
