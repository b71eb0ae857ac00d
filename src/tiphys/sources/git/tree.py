"""Reads a commit's files from the object database, without a checkout."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from posixpath import dirname, normpath

import pygit2
from pygit2.enums import FileMode

from tiphys.model.errors import RenderError

_MAX_FILE_BYTES = 64 * 1024 * 1024


class CommitTree:
    """The files of one commit; paths are relative to the root, "" is the root."""

    def __init__(self, repository: pygit2.Repository, commit: str) -> None:
        self._repository = repository
        self._root: pygit2.Tree = repository[commit].peel(pygit2.Commit).tree

    def object_id(self, path: str) -> str:
        """Return the hash of a file or folder; "" when there is none."""
        found = self._find(path)
        return "" if found is None else f"{found.filemode if path else 0}:{found.id}"

    def is_folder(self, path: str) -> bool:
        """Return whether a path is a folder."""
        return isinstance(self._find(path), pygit2.Tree)

    def exists(self, path: str) -> bool:
        """Return whether a path is there."""
        return self._find(path) is not None

    def read(self, path: str) -> bytes | None:
        """Return a file's content, None when there is no such file."""
        found = self._find(path)
        return bytes(found.data) if isinstance(found, pygit2.Blob) else None

    def names(self, path: str) -> list[str]:
        """Return the names in a folder; empty when there is none."""
        found = self._find(path)
        return [str(entry.name) for entry in found] if isinstance(found, pygit2.Tree) else []

    def files(self, path: str) -> Iterator[str]:
        """Yield the paths of all files below a path, in order."""
        found = self._find(path)
        if isinstance(found, pygit2.Tree):
            for entry in found:
                yield from self.files(f"{path}/{entry.name}" if path else str(entry.name))
        elif found is not None:
            yield path

    def export(self, paths: Iterable[str], target: Path) -> None:
        """Write files and folders below a folder, with their paths.

        Raises:
            RenderError: a symbolic link leads out of the repository.
        """
        for path in paths:
            for name in self.files(path):
                self._write(name, target)

    def _write(self, name: str, target: Path) -> None:
        entry = self._root[name]
        path = target / name
        if path.is_symlink() or path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(entry, pygit2.Blob):
            return
        if entry.filemode == FileMode.LINK:
            goal = bytes(entry.data).decode(errors="replace")
            resolved = normpath(f"{dirname(name)}/{goal}")
            if goal.startswith("/") or resolved == ".." or resolved.startswith("../"):
                raise RenderError(f"repository contains out-of-bounds symlinks. file: {name}")
            path.symlink_to(goal)
            self.export([resolved], target)
        else:
            if entry.size > _MAX_FILE_BYTES:
                raise RenderError(f"{name}: the file is larger than {_MAX_FILE_BYTES} bytes")
            path.write_bytes(entry.data)
            if entry.filemode == FileMode.BLOB_EXECUTABLE:
                path.chmod(0o755)

    def _find(self, path: str) -> pygit2.Object | None:
        if not path:
            return self._root
        try:
            return self._root[path]
        except KeyError:
            return None
