"""What `repo.GetCommitMetadata` and `repo.GetAppDetails` tell, from the mirrors at hand.

Source: Argo CD operator manual, "Notifications, Functions". The parameters of a Helm source are
those that the Application sets; the chart's own values are not read for a message.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pygit2

from tiphys.delivery.applications import decode_application
from tiphys.delivery.installation import Installation
from tiphys.model.application import Application
from tiphys.model.errors import SourceError, TiphysError
from tiphys.model.keys import Manifest
from tiphys.model.source import ApplicationSource
from tiphys.sources.sources import Sources

_MAX_MESSAGE: Final = 4096
_MAX_TAGS: Final = 20


class Facts:
    """Fetches facts about Applications."""

    def __init__(self, installation: Installation, sources: Sources) -> None:
        self._installation, self._sources = installation, sources

    async def fetch(self, app: Manifest, name: str, argument: str) -> Mapping[str, Any]:
        """Return a fact, `{"error": ...}` when it cannot be had.

        Args:
            app: the Application that it is about.
            name: of the function: "GetCommitMetadata" or "GetAppDetails".
            argument: the commit, of the first of them.
        """
        try:
            application = decode_application(app)
            if name == "GetAppDetails":
                return _details(application)
            return await self._commit(application, argument)
        except TiphysError as err:
            return {"error": err.line}

    async def _commit(self, app: Application, revision: str) -> Mapping[str, Any]:
        sources = [source for source in app.spec.all_sources if not source.chart]
        if not sources:
            raise SourceError("the Application has no source in Git", transient=False)
        failures: list[SourceError] = []
        for source in sources:
            access = self._installation.access(source.repo_url, app.project)
            mirror = self._sources.mirrors.get(source.repo_url)
            try:
                commit = await mirror.resolve(revision, access, fresh=False)
                return await asyncio.to_thread(read_commit, mirror.folder, commit)
            except SourceError as err:
                failures.append(err)
        raise failures[0]


def read_commit(folder: Path, commit: str) -> dict[str, Any]:
    """Return what a repository on disk tells about a commit; blocks.

    Raises:
        SourceError: it has no such commit.
    """
    try:
        repository = pygit2.Repository(str(folder))
        found = repository[commit].peel(pygit2.Commit)
    except (KeyError, ValueError, pygit2.GitError) as err:
        raise SourceError(
            f"commit {commit[:64]} is not in the repository", transient=False
        ) from err
    tags = [
        name.removeprefix("refs/tags/")
        for name in repository.references
        if name.startswith("refs/tags/")
        and repository.references[name].peel(pygit2.Commit).id == found.id
    ]
    written = datetime.fromtimestamp(found.author.time, UTC)
    return {
        "Message": found.message.strip()[:_MAX_MESSAGE],
        "Author": f"{found.author.name} <{found.author.email}>",
        "Date": written.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Tags": sorted(tags)[:_MAX_TAGS],
    }


def _details(app: Application) -> dict[str, Any]:
    source = next(iter(app.spec.all_sources), ApplicationSource())
    kind = app.status.source_type or next(iter(app.status.source_types), "")
    details: dict[str, Any] = {"Type": kind, "Helm": None, "Kustomize": None, "Directory": None}
    if source.helm is not None or kind == "Helm":
        helm = source.helm
        details["Helm"] = {
            "Name": (helm.release_name if helm else "") or app.metadata.name,
            "ValueFiles": list(helm.value_files) if helm else [],
            "Values": helm.values if helm else "",
            "Parameters": [
                {"Name": one.name, "Value": one.value} for one in (helm.parameters if helm else ())
            ],
            "FileParameters": [
                {"Name": one.name, "Path": one.path}
                for one in (helm.file_parameters if helm else ())
            ],
        }
    if source.kustomize is not None:
        details["Kustomize"] = {"Images": list(app.status.summary.images)}
    return details
