"""The files of a source at one revision, wherever they come from."""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol


class SourceTree(Protocol):
    """Files and folders; paths are relative to the root, "" is the root."""

    def object_id(self, path: str) -> str:
        """Return what changes with the content of a file or folder; "" when there is none."""

    def is_folder(self, path: str) -> bool:
        """Return whether a path is a folder."""

    def exists(self, path: str) -> bool:
        """Return whether a path is there."""

    def read(self, path: str) -> bytes | None:
        """Return a file's content, None when there is no such file."""

    def names(self, path: str) -> list[str]:
        """Return the names in a folder; empty when there is none."""

    def files(self, path: str) -> Iterator[str]:
        """Yield the paths of all files below a path, in order."""

    def export(self, paths: Iterable[str], target: Path) -> None:
        """Write files and folders below a folder, with their paths.

        Raises:
            RenderError: they cannot be written safely.
        """


class FolderTree:
    """An unpacked archive: a folder that nobody changes and whose links stay inside."""

    def __init__(self, root: Path, digest: str) -> None:
        self._root, self._digest = root, digest

    def object_id(self, path: str) -> str:
        """Return the archive's digest with the path; "" when there is none."""
        return f"{self._digest}:{path}" if self.exists(path) else ""

    def is_folder(self, path: str) -> bool:
        """Return whether a path is a folder."""
        return (self._root / path).is_dir()

    def exists(self, path: str) -> bool:
        """Return whether a path is there."""
        return (self._root / path).exists()

    def read(self, path: str) -> bytes | None:
        """Return a file's content, None when there is no such file."""
        file = self._root / path
        return file.read_bytes() if file.is_file() else None

    def names(self, path: str) -> list[str]:
        """Return the names in a folder; empty when there is none."""
        folder = self._root / path
        return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []

    def files(self, path: str) -> Iterator[str]:
        """Yield the paths of all files below a path, in order."""
        start = self._root / path
        if start.is_file():
            yield path
        for file in sorted(start.rglob("*")) if start.is_dir() else ():
            if file.is_file():
                yield str(file.relative_to(self._root))

    def export(self, paths: Iterable[str], target: Path) -> None:
        """Write the whole archive below a folder: links may lead to any part of it."""
        del paths
        shutil.copytree(self._root, target, symlinks=True, dirs_exist_ok=True)
