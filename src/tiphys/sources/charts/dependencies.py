"""The charts that a chart in Git needs: what `helm dependency build` would fetch.

`Chart.lock` decides the versions where there is one. What lies in `charts/` already is not fetched,
and what a chart names by `file://` is looked into for needs of its own.

Source: Helm documentation, "Chart dependencies", "helm dependency build".
"""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from posixpath import join
from typing import Any

import msgspec
import yaml

from tiphys.model.errors import InvalidInputError, RenderError
from tiphys.sources.addresses import redacted
from tiphys.sources.api import RenderRequest, contained
from tiphys.sources.charts.charts import Charts, ChartWanted, Fetched
from tiphys.sources.extras import Extras
from tiphys.sources.tree import SourceTree
from tiphys.sources.versions import parse_version, satisfies

_FILES = (("Chart.yaml", "Chart.lock"), ("requirements.yaml", "requirements.lock"))
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_MAX_DEPTH = 5


class Dependency(msgspec.Struct, frozen=True, kw_only=True):
    """A chart that is to be fetched, and the folder of the chart that needs it."""

    folder: str
    name: str
    version: str
    repository: str


def missing_dependencies(tree: SourceTree, folder: str, depth: int = 0) -> list[Dependency]:
    """Return the dependencies of a chart that its repository does not hold.

    Raises:
        RenderError: the lock file is not one of these dependencies.
    """
    found: list[Dependency] = []
    present = tree.names(join(folder, "charts"))
    for declared_in, locked_in in _FILES:
        declared = list(_entries(tree.read(join(folder, declared_in))))
        locked = _locked(tree, folder, locked_in, declared)
        for entry in declared:
            name, repository = str(entry.get("name", "")), str(entry.get("repository") or "")
            if not _NAME.fullmatch(name) or _is_present(name, present):
                continue
            if repository.startswith("file://"):
                found += _of_neighbour(tree, folder, repository, depth)
            elif repository:
                version = locked.get(name) or str(entry.get("version") or "")
                found.append(
                    Dependency(folder=folder, name=name, version=version, repository=repository)
                )
    return found


async def fetch_dependencies(
    charts: Charts, request: RenderRequest, needed: list[Dependency], *, pass_credentials: bool
) -> Extras:
    """Fetch charts, and say how they are put where Helm looks for them.

    Raises:
        RenderError: a repository is not known, or not permitted in the project.
        SourceError: a repository does not answer, or has no such chart.
    """
    urls = {need.repository: _address(request, need.repository) for need in needed}
    forbidden = sorted({redacted(url) for url in urls.values() if not request.permits(url)})
    if forbidden:
        shown = ", ".join(url.removeprefix("oci://") for url in forbidden)
        raise RenderError(
            f"helm repos {shown} are not permitted in project '{request.project}'",
            hint="Add them to sourceRepos of the project.",
        )

    async def fetch(need: Dependency) -> Fetched:
        return await charts.chart(
            ChartWanted(
                access=request.access(urls[need.repository]),
                chart=need.name,
                revision=need.version,
                pass_credentials=pass_credentials,
                fresh=request.resolve_fresh,
                is_hard=request.is_hard,
                max_bytes=request.settings.max_chart_bytes,
            )
        )

    fetched = await asyncio.gather(*(fetch(need) for need in needed))
    pairs = list(zip(needed, fetched, strict=True))

    def write(job: Path) -> None:
        for need, found in pairs:
            name = f"{need.name}-{found.revision}"
            found.tree.export([""], job / "source" / need.folder / "charts" / name)

    inputs = [
        (f"{need.folder}: {need.name} of {need.repository}", found.tree.object_id(""))
        for need, found in pairs
    ]
    return Extras(inputs=tuple(inputs), writers=(write,))


def _address(request: RenderRequest, repository: str) -> str:
    for mark in ("@", "alias:"):
        if repository.startswith(mark):
            name = repository.removeprefix(mark)
            url = request.named(name)
            if not url:
                raise RenderError(
                    f"no Helm repository is called `{name}`",
                    where="dependencies",
                    hint="Add a repository of type helm with this name.",
                )
            return url
    return repository


def _entries(content: bytes | None) -> Iterator[dict[str, Any]]:
    try:
        document = yaml.load(content or b"", Loader=yaml.CBaseLoader)  # noqa: S506 -- strings only
    except (yaml.YAMLError, ValueError):
        return  # the render says what is wrong with it
    listed = document.get("dependencies") if isinstance(document, dict) else None
    yield from (entry for entry in listed or () if isinstance(entry, dict))


def _locked(
    tree: SourceTree, folder: str, name: str, declared: list[dict[str, Any]]
) -> dict[str, str]:
    """Return the locked versions by name; a name that occurs twice is not looked up there."""
    entries = list(_entries(tree.read(join(folder, name))))
    if not entries:
        return {}
    names = sorted(str(entry.get("name")) for entry in declared)
    if names != sorted(str(entry.get("name")) for entry in entries) or not _satisfied(
        entries, declared
    ):
        declared_in = "Chart.yaml" if name == "Chart.lock" else "requirements.yaml"
        raise RenderError(
            f"the lock file ({name}) is out of sync with the dependencies file ({declared_in}). "
            "Please update the dependencies",
            where=folder or ".",
            hint="Run `helm dependency update` and commit the lock file.",
        )
    versions = {str(entry.get("name")): str(entry.get("version")) for entry in entries}
    return {name: version for name, version in versions.items() if names.count(name) == 1}


def _satisfied(locked: list[dict[str, Any]], declared: list[dict[str, Any]]) -> bool:
    ranges = {str(entry.get("name")): str(entry.get("version") or "*") for entry in declared}
    for entry in locked:
        version = parse_version(str(entry.get("version")))
        wanted = ranges[str(entry.get("name"))]
        is_same = str(entry.get("version")) == wanted
        if version is not None and not is_same and not satisfies(version, wanted):
            return len(ranges) < len(declared)  # one name, several ranges: any may be meant
    return True


def _of_neighbour(tree: SourceTree, folder: str, repository: str, depth: int) -> list[Dependency]:
    if depth >= _MAX_DEPTH:
        return []
    try:
        neighbour = contained(join(folder, repository.removeprefix("file://")))
    except InvalidInputError:
        return []  # the render says that it leads outside
    return missing_dependencies(tree, neighbour, depth + 1)


def _is_present(name: str, present: list[str]) -> bool:
    return any(
        entry == name or (entry.startswith(f"{name}-") and entry.endswith(".tgz"))
        for entry in present
    )
