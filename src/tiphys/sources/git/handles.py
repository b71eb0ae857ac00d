"""Handles of a repository on our disk, one a thread, kept open between readings.

Opening reads the configuration and maps the packs' indexes. A thousand Applications read the same
commit within seconds: each with a handle of its own cost more than what it read, and the handles
piled up until the garbage collector came by.
"""

import threading
from pathlib import Path

import pygit2

from tiphys.sources.git.tree import CommitTree

_TREES = 8
_OBJECT_CACHE_BYTES = 16 * 1024 * 1024

pygit2.settings.cache_max_size(_OBJECT_CACHE_BYTES)


class _Handle(threading.local):
    """What one thread has open."""

    def __init__(self) -> None:
        self.renewals = -1
        self.repository: pygit2.Repository | None = None
        self.trees: dict[tuple[str, bool, Path | None], CommitTree] = {}


class Handles:
    """What gives each thread a repository's files; what is given belongs to that thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._renewals = 0
        self._handle = _Handle()

    def renew(self) -> None:
        """Open anew at the next reading: other packs lie in the folder now."""
        self._renewals += 1

    def repository(self) -> pygit2.Repository:
        """Return the repository, open."""
        handle = self._handle
        if handle.repository is None or handle.renewals != self._renewals:
            handle.renewals = self._renewals
            handle.trees.clear()
            handle.repository = pygit2.Repository(str(self._folder))
        return handle.repository

    def tree(self, commit: str, *, allows_links_out: bool, lfs: Path | None) -> CommitTree:
        """Return the files of a commit that is there; see CommitTree."""
        repository, trees = self.repository(), self._handle.trees
        key = (commit, allows_links_out, lfs)
        if key not in trees:
            if len(trees) >= _TREES:
                trees.clear()
            trees[key] = CommitTree(repository, commit, allows_links_out=allows_links_out, lfs=lfs)
        return trees[key]
