"""Looks into repositories for people who choose a source: refs, charts, folders, parameters.

Source: Argo CD's API: `refs`, `helmcharts`, `oci-tags`, `apps` and `appdetails` of a repository.
"""

import asyncio
import itertools
from collections.abc import Iterator
from posixpath import basename, dirname, join
from typing import Any

import msgspec
import yaml

from tiphys.model.errors import InvalidInputError
from tiphys.model.source import ApplicationSource
from tiphys.sources.access import RepositoryAccess
from tiphys.sources.api import KUSTOMIZATION_NAMES, RenderRequest, contained
from tiphys.sources.checkouts import Checkouts
from tiphys.sources.detection import source_type, with_overrides
from tiphys.sources.git.commits import CommitText
from tiphys.sources.tree import SourceTree

_MAX_FOLDERS = 2000
_MAX_VALUES_BYTES = 1024 * 1024
_MAX_PARAMETERS = 2000


class Refs(msgspec.Struct, frozen=True):
    """Branches and tags of a repository, sorted."""

    branches: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class Folder(msgspec.Struct, frozen=True):
    """A folder that can be deployed, and the tool that would render it."""

    type: str
    path: str


class SourceDetails(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a source is made of; one of the four members is there, by its type."""

    type: str
    helm: dict[str, Any] | None = None
    kustomize: dict[str, Any] | None = None
    directory: dict[str, Any] | None = None
    plugin: dict[str, Any] | None = None


class Explorer:
    """Looks into repositories."""

    def __init__(self, checkouts: Checkouts) -> None:
        self._checkouts = checkouts

    async def refs(self, access: RepositoryAccess) -> Refs:
        """Return the branches and tags of a Git repository.

        Raises:
            SourceError: it does not answer.
        """
        refs = await self._checkouts.git.mirrors.get(access.url).refs(access)
        return Refs(_named(refs, "refs/heads/"), _named(refs, "refs/tags/"))

    async def charts(self, access: RepositoryAccess) -> dict[str, tuple[str, ...]]:
        """Return the versions of every chart of a Helm repository, by its name.

        Raises:
            SourceError: it does not answer, or cannot list its charts.
        """
        return await self._checkouts.charts.names(access)

    async def tags(self, access: RepositoryAccess) -> list[str]:
        """Return the tags of an OCI repository.

        Raises:
            SourceError: it does not answer.
        """
        return await self._checkouts.charts.tags(access)

    async def commit(self, request: RenderRequest, place: int, sha: str) -> CommitText:
        """Return what a commit of one of the sources says of itself.

        Raises:
            SourceError: the repository does not answer, or has no such commit.
        """
        access = request.access(request.sources[place].repo_url)
        return await self._checkouts.git.mirrors.get(access.url).describe(sha, access)

    async def chart_file(self, request: RenderRequest, place: int, version: str) -> bytes:
        """Return `Chart.yaml` of a source that is a chart; empty when it has none.

        Raises:
            SourceError: the repository does not answer, or has no such version.
        """
        checkout = await self._checkouts.resolve(request, request.sources[place], version)
        return await asyncio.to_thread(lambda: checkout.open().read("Chart.yaml") or b"")

    async def folders(self, request: RenderRequest) -> list[Folder]:
        """Return the folders of a request's only source that a tool would render.

        Raises:
            SourceError: the repository does not answer, or lacks the revision.
        """
        checkout = await self._checkouts.resolve(request, request.sources[0], request.revisions[0])
        return await asyncio.to_thread(lambda: list(_folders(checkout.open())))

    async def details(self, request: RenderRequest) -> SourceDetails:
        """Return what a request's only source is made of.

        Raises:
            SourceError: the repository does not answer, or lacks the revision.
            InvalidInputError: the path is not there, or leads out of the repository.
        """
        source = request.sources[0]
        checkout = await self._checkouts.resolve(request, source, request.revisions[0])
        return await asyncio.to_thread(lambda: _details(checkout.open(), source, request))


def _named(refs: dict[str, str], prefix: str) -> tuple[str, ...]:
    return tuple(sorted(name.removeprefix(prefix) for name in refs if name.startswith(prefix)))


def _folders(tree: SourceTree) -> Iterator[Folder]:
    found: dict[str, str] = {}
    for file in tree.files(""):
        name, folder = basename(file), dirname(file) or "."
        if name in KUSTOMIZATION_NAMES:
            found[folder] = "Kustomize"
        elif name == "Chart.yaml":
            found.setdefault(folder, "Helm")
        elif name.endswith((".yaml", ".yml", ".json", ".jsonnet")):
            found.setdefault(folder, "Directory")
        if len(found) >= _MAX_FOLDERS:
            break
    # What lies within a chart is part of it, not a folder to deploy.
    charts = tuple(f"{folder}/" for folder, kind in found.items() if kind == "Helm")
    for folder in sorted(found):
        if not folder.startswith(charts) or found[folder] == "Helm":
            yield Folder(found[folder], folder)


def _details(tree: SourceTree, source: ApplicationSource, request: RenderRequest) -> SourceDetails:
    path = contained(source.path) if source.path else ""
    path = "" if path == "." else path
    if path and not tree.is_folder(path):
        raise InvalidInputError("app path does not exist", where=source.path)
    source = with_overrides(tree, source, path, request.app_instance)
    kind = source_type(tree, source, path, request.settings)
    if kind == "Helm":
        return SourceDetails(kind, helm=_helm(tree, path))
    if kind == "Kustomize":
        return SourceDetails(kind, kustomize={"images": _images(tree, path)})
    if kind == "Plugin":
        return SourceDetails(kind, plugin={"parametersAnnouncement": []})
    return SourceDetails(kind, directory={})


def _helm(tree: SourceTree, path: str) -> dict[str, Any]:
    names = [name for name in tree.names(path) if name.endswith((".yaml", ".yml"))]
    values = tree.read(join(path, "values.yaml")) or b""
    text = values[:_MAX_VALUES_BYTES].decode(errors="replace")
    chart = _document(tree.read(join(path, "Chart.yaml")))
    # Aliases can make a small file expand without end, so only so much is walked.
    parameters = list(itertools.islice(_flat(_document(values), ""), _MAX_PARAMETERS))
    return {
        "name": str(chart.get("name") or ""),
        "valueFiles": [name for name in names if "values" in name],
        "parameters": [{"name": name, "value": value} for name, value in parameters],
        "values": text,
        "fileParameters": [],
    }


def _images(tree: SourceTree, path: str) -> list[str]:
    name = next((name for name in KUSTOMIZATION_NAMES if tree.exists(join(path, name))), "")
    found = _document(tree.read(join(path, name)) if name else None).get("images")
    images = (
        [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
    )
    return sorted(filter(None, map(_image, images)))


def _image(entry: dict[str, Any]) -> str:
    name = str(entry.get("newName") or entry.get("name") or "")
    if entry.get("digest"):
        return f"{name}@{entry['digest']}"
    return f"{name}:{entry['newTag']}" if entry.get("newTag") else name


def _document(content: bytes | None) -> dict[str, Any]:
    if not content or len(content) > _MAX_VALUES_BYTES:
        return {}
    try:
        document = yaml.load(content, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _flat(value: Any, prefix: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield the leaves of values as `--set` names them."""
    if depth > 20:
        return
    if isinstance(value, dict):
        for name, member in value.items():
            escaped = str(name).replace(".", "\\.")
            yield from _flat(member, f"{prefix}.{escaped}" if prefix else escaped, depth + 1)
    elif isinstance(value, list):
        for place, item in enumerate(value[:_MAX_PARAMETERS]):
            yield from _flat(item, f"{prefix}[{place}]", depth + 1)
    elif value is not None:
        yield prefix, str(value).lower() if isinstance(value, bool) else str(value)
