"""Reads a commit's files from the object database, without a checkout.

Links are followed inside the repository, by lookups and by identities: a folder's identity changes
with what its links lead to, wherever that lies.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import NamedTuple

import pygit2
from pygit2.enums import FileMode

from tiphys.model.errors import RenderError

_MAX_FILE_BYTES = 64 * 1024 * 1024
_MAX_LINKS = 20
_IDENTITIES = 4096
_POINTER = b"version https://git-lfs.github.com/spec/v1\n"
_MAX_POINTER_BYTES = 1024


class _Place(NamedTuple):
    """Where a path leads: its real path, and the links on the way."""

    path: str
    links: tuple[str, ...] = ()


class CommitTree:
    """The files of one commit; paths are relative to the root, "" is the root.

    Args:
        repository: open, for this thread.
        commit: that is in it.
        allows_links_out: write links that lead out of the repository; they lead nowhere in a job.
        lfs: where the objects of Git LFS lie; None when the repository's pointers stay as they are.
    """

    def __init__(
        self,
        repository: pygit2.Repository,
        commit: str,
        *,
        allows_links_out: bool = False,
        lfs: Path | None = None,
    ) -> None:
        self._repository = repository
        self._allows_links_out, self._lfs = allows_links_out, lfs
        self._root: pygit2.Tree = repository[commit].peel(pygit2.Commit).tree
        # Not a cache around the method: that would be a circle, which holds the packs' files
        # until the garbage collector comes by.
        self._identities: dict[str, str] = {}

    def object_id(self, path: str) -> str:
        """Return what changes with the content of a file or folder; "" when there is none."""
        found = self._identities.get(path)
        if found is None:
            if len(self._identities) >= _IDENTITIES:
                self._identities.clear()
            found = self._identities[path] = self._identity_of(path)
        return found

    def is_folder(self, path: str) -> bool:
        """Return whether a path is a folder."""
        return isinstance(self._find(path), pygit2.Tree)

    def exists(self, path: str) -> bool:
        """Return whether a path is there."""
        return self._find(path) is not None

    def read(self, path: str) -> bytes | None:
        """Return a file's content, None when there is no such file."""
        found = self._find(path)
        return self._content(path, found) if isinstance(found, pygit2.Blob) else None

    def names(self, path: str) -> list[str]:
        """Return the names in a folder; empty when there is none."""
        found = self._find(path)
        return [str(entry.name) for entry in found] if isinstance(found, pygit2.Tree) else []

    def files(self, path: str) -> Iterator[str]:
        """Yield the paths of all files below a path, in order; links are not entered."""
        place = self._place(path)
        found = None if place is None else self._at(place.path)
        if place is not None and found is not None:
            yield from _files(found, place.path)

    def submodules(self) -> Iterator[tuple[str, str]]:
        """Yield the path and commit of every submodule."""
        for name in _files(self._root, ""):
            entry = _entry(self._root, name)
            if entry.filemode == FileMode.COMMIT:
                yield name, str(entry.id)

    def export(self, paths: Iterable[str], target: Path) -> None:
        """Write files and folders below a folder, with their paths.

        Raises:
            RenderError: a symbolic link leads out of the repository, or a file is too large.
        """
        for path in paths:
            place = self._place(path)
            for name in place.links if place else ():
                self._write(name, target)
            for name in self.files(path):
                self._write(name, target)

    def _write(self, name: str, target: Path) -> None:
        entry = _entry(self._root, name)
        path = target / name
        if path.is_symlink() or path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(entry, pygit2.Blob):
            return
        if entry.filemode == FileMode.LINK:
            self._write_link(name, entry, target)
            return
        if entry.size > _MAX_FILE_BYTES:
            raise RenderError(f"{name}: the file is larger than {_MAX_FILE_BYTES} bytes")
        path.write_bytes(self._content(name, entry))
        if entry.filemode == FileMode.BLOB_EXECUTABLE:
            path.chmod(0o755)

    def _write_link(self, name: str, entry: pygit2.Blob, target: Path) -> None:
        resolved = _followed(name, entry)
        if resolved is None and not self._allows_links_out:
            raise RenderError(f"repository contains out-of-bounds symlinks. file: {name}")
        (target / name).symlink_to(bytes(entry.data).decode(errors="replace"))
        if resolved is not None:
            self.export([resolved], target)

    def _content(self, name: str, blob: pygit2.Blob) -> bytes:
        content = bytes(blob.data)
        if self._lfs is None or blob.size > _MAX_POINTER_BYTES or not content.startswith(_POINTER):
            return content
        digest = content.partition(b"oid sha256:")[2][:64].decode(errors="replace")
        path = self._lfs / digest[:2] / digest[2:4] / digest
        if not digest.isalnum() or not path.is_file():
            raise RenderError(f"{name}: its content is not in the LFS store of the repository")
        return path.read_bytes()

    def _identity_of(self, path: str) -> str:
        place = self._place(path)
        found = None if place is None else self._at(place.path)
        if place is None or found is None:
            return ""
        mode = found.filemode if place.path else 0
        goals = []
        for name in (*place.links, *_links(found, place.path)):
            blob = _entry(self._root, name)
            assert isinstance(blob, pygit2.Blob)
            goal = _followed(name, blob)
            is_inside = goal is not None and f"{goal}/".startswith(f"{place.path}/")
            # What lies inside is in the identity already, and may lead round in a circle.
            leads_up = goal is not None and f"{place.path}/".startswith(f"{goal}/")
            goals.append(str(blob.id))
            if goal is not None and not is_inside and not leads_up:
                goals.append(self._plain_id(goal))
        return ":".join([str(mode), str(found.id), *goals])

    def _plain_id(self, path: str) -> str:
        found = self._find(path)
        return str(found.id) if found is not None else ""

    def _find(self, path: str) -> pygit2.Object | None:
        place = self._place(path)
        return None if place is None else self._at(place.path)

    def _at(self, path: str) -> pygit2.Object | None:
        if not path:
            return self._root
        try:
            return _entry(self._root, path)
        except KeyError:
            return None

    def _place(self, path: str) -> _Place | None:
        """Follow links; None when they lead outside, in a circle, or nowhere."""
        done, left = "", [part for part in path.split("/") if part]
        names: list[str] = []
        while left:
            done = join(done, left.pop(0)) if done else left.pop(0)
            entry = self._at(done)
            if entry is None:
                return None
            if isinstance(entry, pygit2.Blob) and entry.filemode == FileMode.LINK:
                names.append(done)
                goal = _followed(done, entry)
                if goal is None or len(names) > _MAX_LINKS:
                    return None
                left = [part for part in goal.split("/") if part] + left
                done = ""
        return _Place(done, tuple(names))


def _entry(tree: pygit2.Tree, path: str) -> pygit2.Object:
    """Return what lies at a path.

    pygit2 1.21 never lets go of the text that a tree is asked with. Equal texts are made one, so
    that it keeps each path once and not once for each reading.

    Raises:
        KeyError: there is nothing.
    """
    return tree[sys.intern(path)]


def _followed(name: str, link: pygit2.Blob) -> str | None:
    """Return where a link leads in the repository, None when it leads outside."""
    goal = bytes(link.data).decode(errors="replace")
    resolved = normpath(join(dirname(name), goal))
    if goal.startswith("/") or resolved == ".." or resolved.startswith("../"):
        return None
    return "" if resolved == "." else resolved


def _files(found: pygit2.Object, path: str) -> Iterator[str]:
    if not isinstance(found, pygit2.Tree):
        yield path
        return
    for entry in found:
        yield from _files(entry, f"{path}/{entry.name}" if path else str(entry.name))


def _links(found: pygit2.Object, path: str) -> tuple[str, ...]:
    """Return the links below a folder, whose identity alone says which these are."""
    if not isinstance(found, pygit2.Tree):
        return ()
    key = str(found.id)
    if key not in _LINKS:
        if len(_LINKS) > _MAX_KNOWN:
            _LINKS.clear()
        _LINKS[key] = tuple(_links_in(found, ""))
    return tuple(join(path, name) if path else name for name in _LINKS[key])


def _links_in(tree: pygit2.Tree, path: str) -> Iterator[str]:
    for entry in tree:
        name = f"{path}/{entry.name}" if path else str(entry.name)
        if isinstance(entry, pygit2.Tree):
            yield from _links(entry, name)  # known already where a commit has not touched it
        elif entry.filemode == FileMode.LINK:
            yield name


_MAX_KNOWN = 10_000
_LINKS: dict[str, tuple[str, ...]] = {}
