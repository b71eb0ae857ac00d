"""Submodules: the commits that a commit names of other repositories, as part of its files.

Source: git documentation, gitmodules(5), gitsubmodules(7).
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from posixpath import normpath

import msgspec

from tiphys.model.errors import InvalidInputError, SourceError
from tiphys.sources.addresses import scheme_of
from tiphys.sources.api import contained
from tiphys.sources.git.tree import CommitTree
from tiphys.sources.tree import SourceTree

MAX_SUBMODULES = 200
MAX_DEPTH = 10


class Submodule(msgspec.Struct, frozen=True, kw_only=True):
    """One submodule: where it lies, whose commit it is."""

    path: str
    url: str
    commit: str


def submodules_of(tree: CommitTree, parent_url: str) -> list[Submodule]:
    """Return the submodules of a commit.

    Raises:
        SourceError: one has no address.
    """
    text = (tree.read(".gitmodules") or b"").decode(errors="replace")
    if not text:
        return []
    urls = dict(_entries(text))
    found = []
    for path, commit in tree.submodules():
        url = urls.get(path, "")
        if not url:
            what = f"no url found for submodule path `{path}` in .gitmodules"
            raise SourceError(what, where=parent_url, transient=False)
        found.append(Submodule(path=path, url=absolute_url(url, parent_url), commit=commit))
    return found


def absolute_url(url: str, parent_url: str) -> str:
    """Return a submodule's address; `./x` and `../x` are relative to the parent's.

    Raises:
        InvalidInputError: it leads above the host.
    """
    if not url.startswith(("./", "../")):
        return url
    scheme = scheme_of(parent_url)
    if "://" in parent_url:
        start, _, rest = parent_url.partition("://")
        host, _, path = rest.partition("/")
        head = f"{start}://{host}/"
    elif scheme == "ssh":
        host, _, path = parent_url.partition(":")
        head = f"{host}:"
    else:
        head, path = "/", parent_url.lstrip("/")
    resolved = normpath(f"{path.rstrip('/')}/{url}")
    if resolved.startswith(".."):
        raise InvalidInputError(f"submodule address `{url}` leads above its host", where=parent_url)
    return f"{head}{resolved}"


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """Yield path and url of each section; git's own syntax, as far as it occurs there."""
    section: dict[str, str] = {}
    for raw in [*text.splitlines(), "[end]"]:
        line = raw.strip()
        if line.startswith("["):
            if section.get("path") and section.get("url"):
                yield contained(section["path"]), section["url"]
            section = {}
        elif "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            section[name.strip().lower()] = value.strip().strip('"')


class ComposedTree:
    """A commit's files with those of its submodules in their places."""

    def __init__(self, root: SourceTree, parts: Mapping[str, SourceTree]) -> None:
        self._root, self._parts = root, parts

    def object_id(self, path: str) -> str:
        """Return what changes with the content of a file or folder; "" when there is none."""
        tree, rest = self._part(path)
        return tree.object_id(rest)

    def is_folder(self, path: str) -> bool:
        """Return whether a path is a folder."""
        tree, rest = self._part(path)
        return tree.is_folder(rest)

    def exists(self, path: str) -> bool:
        """Return whether a path is there."""
        tree, rest = self._part(path)
        return tree.exists(rest)

    def read(self, path: str) -> bytes | None:
        """Return a file's content, None when there is no such file."""
        tree, rest = self._part(path)
        return tree.read(rest)

    def names(self, path: str) -> list[str]:
        """Return the names in a folder; empty when there is none."""
        tree, rest = self._part(path)
        return tree.names(rest)

    def files(self, path: str) -> Iterator[str]:
        """Yield the paths of all files below a path, in order."""
        tree, rest = self._part(path)
        inside = path.removesuffix(rest)
        for name in tree.files(rest):
            full = f"{inside}{'/' if inside and not inside.endswith('/') else ''}{name}"
            if tree is self._root and full in self._parts:
                yield from (f"{full}/{found}" for found in self._parts[full].files(""))
            else:
                yield full

    def export(self, paths: Iterable[str], target: Path) -> None:
        """Write files and folders below a folder, with their paths.

        Raises:
            RenderError: they cannot be written safely.
        """
        for path in paths:
            tree, rest = self._part(path)
            if tree is not self._root:
                tree.export([rest], target / path.removesuffix(rest))
                continue
            tree.export([path], target)
            for place, part in self._parts.items():
                if not path or f"{place}/".startswith(f"{path}/"):
                    part.export([""], target / place)

    def _part(self, path: str) -> tuple[SourceTree, str]:
        for place, tree in self._parts.items():
            if path == place or path.startswith(f"{place}/"):
                return tree, path[len(place) :].lstrip("/")
        return self._root, path
