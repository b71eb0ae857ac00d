"""One bare mirror a repository: who asks while a fetch is under way waits for that fetch.

Commits that the mirror has are never fetched again, and refs are listed at most once in
`fresh_s` seconds, unless a push was reported or somebody insists. What one identity was shown is
not shown to another: each lists the refs with its own credentials before it sees a commit.
"""

import asyncio
import hashlib
import logging
import time
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pygit2

from tiphys.model.errors import SourceError
from tiphys.sources.access import RepositoryAccess
from tiphys.sources.addresses import host_of, repository_identity
from tiphys.sources.git.command import run_git
from tiphys.sources.git.commits import CommitText
from tiphys.sources.git.deleted import DeletedBranches
from tiphys.sources.git.handles import Handles
from tiphys.sources.git.revisions import find_revision, find_tags, is_full_sha, is_short_sha
from tiphys.sources.git.tree import CommitTree
from tiphys.telemetry.metrics import SourceMetrics

log = logging.getLogger(__name__)

_PARALLEL_PER_SERVER = 16  # a server that does not answer must not cost a process per repository
_FETCH_FACTOR = 10  # a fetch carries objects, a listing only names


class _Listing(msgspec.Struct, frozen=True):
    """The refs that one identity was shown, full names to commits, and when."""

    refs: dict[str, str]
    listed_at: float


class Mirror:
    """One repository on our disk, and what its refs were when last asked."""

    def __init__(
        self,
        folder: Path,
        *,
        fresh_s: float,
        timeout_s: float,
        slots: asyncio.Semaphore,
        metrics: SourceMetrics | None = None,
    ) -> None:
        """Prepare; nothing is read.

        Args:
            folder: of the mirror.
            fresh_s: how long a listing of refs is believed.
            timeout_s: of a listing; a fetch may take longer.
            slots: shared by all who talk to the same server.
            metrics: told of each request; None for none.
        """
        self.folder, self._slots, self._metrics = folder, slots, metrics
        self.fetches = 0
        self._fresh_s, self._timeout_s = fresh_s, timeout_s
        self._listings: dict[str, _Listing] = {}
        self._expired_at = float("-inf")
        self._handles = Handles(folder)
        self._deleted = DeletedBranches(folder)
        self._is_clean = False
        self._lock = asyncio.Lock()
        self._waiting: dict[str, asyncio.Task[_Listing]] = {}

    def expire(self) -> None:
        """Ask the repository at the next occasion: something was pushed."""
        self._expired_at = time.monotonic()

    async def named(
        self, revision: str, access: RepositoryAccess, *, fresh: bool, tag_prefix: str = ""
    ) -> str | None:
        """Return the commit that a targetRevision names, here or not; None when no ref has it.

        Raises:
            SourceError: the repository does not answer.
            InvalidInputError: the revision or the credentials cannot be used.
        """
        if is_full_sha(revision):
            return revision
        listing = self._listings.get(access.fingerprint)
        if listing is None or fresh or not self._is_recent(listing):
            listing = await self._update(access)
        try:
            return find_revision(listing.refs, revision, tag_prefix, self._deleted.names)
        except SourceError as err:
            err.where = access.where
            raise

    async def refs(self, access: RepositoryAccess) -> dict[str, str]:
        """Return the full names of all refs with the commits that they lead to.

        Raises:
            SourceError: the repository does not answer.
        """
        listing = self._listings.get(access.fingerprint)
        if listing is None or not self._is_recent(listing):
            listing = await self._update(access)
        return listing.refs

    async def resolve(
        self, revision: str, access: RepositoryAccess, *, fresh: bool, tag_prefix: str = ""
    ) -> str:
        """Return the commit that a targetRevision means; it is in the mirror afterwards.

        Raises:
            SourceError: the repository does not answer, or nothing has that name.
            InvalidInputError: the revision or the credentials cannot be used.
        """
        commit = await self.named(revision, access, fresh=fresh, tag_prefix=tag_prefix)
        if commit is not None:
            return await self.require(commit, access)
        if is_short_sha(revision):
            found = await asyncio.to_thread(self._complete, revision)
            if found:
                return found
        raise SourceError(
            f"unable to resolve '{revision}' to a commit SHA",
            where=access.where,
            hint="Use a branch, a tag or a commit that exists there.",
            transient=False,
        )

    def tree(self, commit: str, *, allows_links_out: bool, lfs: Path | None) -> CommitTree:
        """Return the files of a commit that is in the mirror, for this thread; see CommitTree."""
        return self._handles.tree(commit, allows_links_out=allows_links_out, lfs=lfs)

    async def describe(self, commit: str, access: RepositoryAccess) -> CommitText:
        """Return who wrote a commit, when and why; it is fetched when it is not here.

        Raises:
            SourceError: the repository does not answer, or has no such commit.
        """
        await self.require(commit, access)
        listing = self._listings.get(access.fingerprint)
        tags = find_tags(listing.refs if listing else {}, commit)
        return await asyncio.to_thread(self._handles.describe, commit, tags)

    async def require(self, commit: str, access: RepositoryAccess) -> str:
        """Return a commit that is in the mirror, fetched when it was not.

        Raises:
            SourceError: the repository does not answer, or has no such commit.
        """
        if access.fingerprint not in self._listings:
            await self._update(access)
        if await asyncio.to_thread(self._has, commit):
            return commit
        if not access.depth:
            await self._update(access)
        async with self._lock:
            if not await asyncio.to_thread(self._has, commit):
                await self._fetch_commit(commit, access)
        return commit

    def _is_recent(self, listing: _Listing) -> bool:
        is_young = time.monotonic() <= listing.listed_at + self._fresh_s
        return is_young and listing.listed_at > self._expired_at

    async def _update(self, access: RepositoryAccess) -> _Listing:
        # All who ask before a listing begins share it; who asks later may know of a newer push.
        who = access.fingerprint
        waiting = self._waiting.get(who)
        if waiting is None:
            waiting = asyncio.create_task(self._in_turn(access))
            waiting.add_done_callback(_retrieved)
            self._waiting[who] = waiting
        return await asyncio.shield(waiting)

    async def _in_turn(self, access: RepositoryAccess) -> _Listing:
        async with self._lock:
            self._waiting.pop(access.fingerprint, None)
            return await self._list_and_fetch(access)

    async def _list_and_fetch(self, access: RepositoryAccess) -> _Listing:
        await asyncio.to_thread(self._create)
        listed_at = time.monotonic()
        told = await self._git(["ls-remote", "--", access.url], access, self._timeout_s)
        refs = _parse_refs(told)
        await asyncio.to_thread(self._deleted.learn, self._handles.repository(), refs)
        if not access.depth and not await asyncio.to_thread(self._has_all, refs):
            await self._fetch(access, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
        listing = _Listing(refs, listed_at)
        self._listings[access.fingerprint] = listing
        return listing

    async def _fetch_commit(self, commit: str, access: RepositoryAccess) -> None:
        try:
            await self._fetch(access, commit)
        except SourceError as err:
            if "not our ref" not in err.what and "remote did not send" not in err.what:
                raise
        if not await asyncio.to_thread(self._has, commit):
            what = f"commit {commit} is not in the repository"
            raise SourceError(what, where=access.where, transient=False)

    async def _fetch(self, access: RepositoryAccess, *wanted: str) -> None:
        self.fetches += 1
        options = [f"--depth={access.depth}"] if access.depth else ["--prune"]
        try:
            await self._git(
                ["fetch", "--quiet", "--force", "--no-tags", *options, "--", access.url, *wanted],
                access,
                self._timeout_s * _FETCH_FACTOR,
                folder=self.folder,
            )
        except BaseException:
            self._is_clean = False  # a git that was killed leaves its locks
            raise
        finally:
            self._handles.renew()

    def _create(self) -> None:
        if not (self.folder / "HEAD").exists():
            pygit2.init_repository(str(self.folder), bare=True)
            self._handles.renew()
        if not self._is_clean:
            for place in (self.folder, self.folder / "refs"):
                for lock in place.glob("*.lock" if place == self.folder else "**/*.lock"):
                    lock.unlink(missing_ok=True)
            self._is_clean = True

    async def _git(
        self,
        arguments: list[str],
        access: RepositoryAccess,
        patience_s: float,
        folder: Path | None = None,
    ) -> str:
        async with self._slots:
            began, is_failure = time.monotonic(), True
            try:
                told = await run_git(arguments, access, timeout_s=patience_s, folder=folder)
                is_failure = False
            finally:
                if self._metrics is not None:
                    took_s, verb = time.monotonic() - began, arguments[0]
                    self._metrics.asked_git(access.url, verb, took_s, is_failure=is_failure)
        return told

    def _has(self, commit: str) -> bool:
        return (self.folder / "HEAD").exists() and commit in self._handles.repository()

    def _has_all(self, refs: dict[str, str]) -> bool:
        repository = self._handles.repository()
        wanted = (
            sha for name, sha in refs.items() if name.startswith(("refs/heads/", "refs/tags/"))
        )
        return all(sha in repository for sha in wanted)

    def _complete(self, short: str) -> str:
        try:
            found = self._handles.repository().revparse_single(short)
            return str(found.peel(pygit2.Commit).id)
        except (KeyError, ValueError, pygit2.GitError):
            return ""


class Mirrors:
    """All mirrors of an installation."""

    def __init__(
        self,
        home: Path,
        *,
        fresh_s: float,
        timeout_s: float,
        metrics: SourceMetrics | None = None,
    ) -> None:
        self._home, self._metrics = home, metrics
        self._fresh_s, self._timeout_s = fresh_s, timeout_s
        self._mirrors: dict[str, Mirror] = {}
        self._slots: dict[str, asyncio.Semaphore] = {}

    def get(self, url: str) -> Mirror:
        """Return the mirror of a repository, however its address is spelled."""
        identity = repository_identity(url)
        if identity not in self._mirrors:
            name = hashlib.sha256(identity.encode()).hexdigest()[:32]
            self._home.mkdir(parents=True, exist_ok=True)
            self._mirrors[identity] = Mirror(
                self._home / name,
                fresh_s=self._fresh_s,
                timeout_s=self._timeout_s,
                metrics=self._metrics,
                slots=self._slots.setdefault(_server(url), asyncio.Semaphore(_PARALLEL_PER_SERVER)),
            )
        return self._mirrors[identity]

    @property
    def fetches(self) -> int:
        """How often objects were fetched from any repository."""
        return sum(mirror.fetches for mirror in self._mirrors.values())


def _server(url: str) -> str:
    """Return the host of an address, with the port where it names one."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower() if "://" in url else host_of(url)
    except ValueError:
        return ""


def _retrieved(listing: asyncio.Task[_Listing]) -> None:
    """Take notice of a failure that all who waited for it no longer wait for."""
    if not listing.cancelled() and (err := listing.exception()) is not None:
        log.debug("listing a repository failed", extra={"error": str(err)})


def _parse_refs(listing: str) -> dict[str, str]:
    refs: dict[str, str] = {}
    for line in listing.splitlines():
        sha, _, name = line.partition("\t")
        # The peeled line of an annotated tag comes after the tag's own and wins.
        refs[name.removesuffix("^{}")] = sha
    return refs
