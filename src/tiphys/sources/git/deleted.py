"""Branches of a repository that were there once and are no more.

A name that was a branch must not silently become a tag. What is known lies beside the mirror, so
that it outlives a restart; it may be lost with the mirror, as all caches may.
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pygit2

_HEADS: Final = "refs/heads/"
_FILE: Final = "tiphys-deleted-branches"
_MAX_NAMES: Final = 2000


class DeletedBranches:
    """What one repository's mirror knows of deleted branches."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._heads: set[str] | None = None
        self.names: frozenset[str] = frozenset()

    def learn(self, repository: pygit2.Repository, refs: Mapping[str, str]) -> None:
        """Take in the refs that the repository has now.

        Args:
            repository: the mirror, as the last fetch left it.
            refs: full names of all refs.
        """
        heads = {name.removeprefix(_HEADS) for name in refs if name.startswith(_HEADS)}
        known = self._heads
        if known is None:
            known = {
                name.removeprefix(_HEADS)
                for name in repository.references
                if name.startswith(_HEADS)
            }
            self.names = frozenset(self._read())
        self._heads = heads
        names = (self.names | known) - heads
        if names != self.names:
            self.names = frozenset(sorted(names)[:_MAX_NAMES])
            self._write()

    def _read(self) -> list[str]:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            return self._path.read_text().splitlines()
        return []

    def _write(self) -> None:
        with contextlib.suppress(OSError):
            scratch = self._path.with_suffix(".new")
            scratch.write_text("".join(f"{name}\n" for name in sorted(self.names)))
            scratch.replace(self._path)
