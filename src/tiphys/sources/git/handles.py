"""Handles of repositories on our disk, kept open by each thread between readings.

Opening reads the configuration and maps the packs' indexes. A thousand Applications read the same
commit within seconds: each with a handle of its own cost more than what it read, and the handles
piled up until the garbage collector came by.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import pygit2

from tiphys.sources.git.commits import CommitText, commit_text
from tiphys.sources.git.tree import CommitTree

_KEPT = 16
"""Repositories that a thread keeps open; each holds its packs' files."""
_TREES = 8
_OBJECT_CACHE_BYTES = 8 * 1024 * 1024
_PACKS = 128
"""Packs that are open at once, over all threads; libgit2 closes and opens them as needed."""
_MAPPED_BYTES = 128 * 1024 * 1024
_WINDOW_BYTES = 16 * 1024 * 1024

pygit2.settings.cache_max_size(_OBJECT_CACHE_BYTES)
pygit2.settings.mwindow_file_limit = _PACKS
pygit2.settings.mwindow_mapped_limit = _MAPPED_BYTES
pygit2.settings.mwindow_size = _WINDOW_BYTES


class _Handle:
    """A repository that a thread has open, and the commits that it read of it lately."""

    def __init__(self, folder: Path, opening: object) -> None:
        self.opening = opening
        self.repository = pygit2.Repository(str(folder))
        self.trees: dict[tuple[str, bool, Path | None], CommitTree] = {}

    def close(self) -> None:
        """Close the packs; what is still held reads on, and opens them again for that."""
        self.trees.clear()
        self.repository.free()


class _Kept(threading.local):
    """What one thread has open, what was used last at the end."""

    def __init__(self) -> None:
        self.handles: OrderedDict[Path, _Handle] = OrderedDict()


_kept = _Kept()


class Handles:
    """What gives each thread a repository's files; what is given belongs to that thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opening = object()

    def renew(self) -> None:
        """Open anew at the next reading: other packs lie in the folder now."""
        self._opening = object()

    def repository(self) -> pygit2.Repository:
        """Return the repository, open."""
        return self._handle().repository

    def tree(self, commit: str, *, allows_links_out: bool, lfs: Path | None) -> CommitTree:
        """Return the files of a commit that is there; see CommitTree."""
        handle = self._handle()
        key = (commit, allows_links_out, lfs)
        if key not in handle.trees:
            if len(handle.trees) >= _TREES:
                handle.trees.clear()
            handle.trees[key] = CommitTree(
                handle.repository, commit, allows_links_out=allows_links_out, lfs=lfs
            )
        return handle.trees[key]

    def describe(self, commit: str, tags: Sequence[str]) -> CommitText:
        """Return what a commit that is there says of itself."""
        return commit_text(self._handle().repository, commit, tags)

    def _handle(self) -> _Handle:
        handles = _kept.handles
        handle = handles.get(self._folder)
        if handle is None or handle.opening is not self._opening:
            opened = _Handle(self._folder, self._opening)
            if handle is not None:
                handle.close()
            handle = handles[self._folder] = opened
        handles.move_to_end(self._folder)
        if len(handles) > _KEPT:
            handles.popitem(last=False)[1].close()
        return handle
