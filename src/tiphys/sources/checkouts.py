"""A source at a revision: resolved at its repository, its files here."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from tiphys.model.errors import InvalidInputError
from tiphys.model.source import ApplicationSource
from tiphys.sources.addresses import redacted
from tiphys.sources.api import RenderRequest
from tiphys.sources.charts.charts import Charts, ChartWanted
from tiphys.sources.git.repositories import CommitWanted, GitRepositories
from tiphys.sources.tree import SourceTree
from tiphys.telemetry.metrics import SourceMetrics


class Checkout(msgspec.Struct, frozen=True, kw_only=True):
    """One source at one revision.

    Attributes:
        revision: a commit, a chart's version, or an artifact's digest.
        open: gives the files; what it gives belongs to one thread.
    """

    source: ApplicationSource
    revision: str
    open: Callable[[], SourceTree]


class Checkouts:
    """All repositories of an installation, of whatever kind."""

    def __init__(
        self,
        home: Path,
        *,
        fresh_s: float,
        git_timeout_s: float,
        metrics: SourceMetrics | None = None,
    ) -> None:
        self.git = GitRepositories(
            home / "git", fresh_s=fresh_s, timeout_s=git_timeout_s, metrics=metrics
        )
        self.charts = Charts(home / "charts", fresh_s=fresh_s)

    async def resolve(
        self, request: RenderRequest, source: ApplicationSource, revision: str | None
    ) -> Checkout:
        """Return a source at a revision, or at its own target revision.

        Raises:
            SourceError: the repository does not answer, or lacks the revision.
            RenderError: its archive cannot be unpacked safely.
            InvalidInputError: the address or the credentials cannot be used.
        """
        wanted = revision or source.target_revision
        if source.is_oci:
            return await self._artifact(request, source, wanted)
        if source.is_chart:
            return await self._chart(request, source, wanted)
        return await self._commit(request, source, wanted)

    async def named(
        self, request: RenderRequest, source: ApplicationSource, revision: str | None
    ) -> str | None:
        """Return the commit that a source is at; None where only its repository's kind knows.

        Raises:
            SourceError: the repository does not answer.
            InvalidInputError: the address or the credentials cannot be used.
        """
        if source.is_oci or source.is_chart:
            return None
        access = request.access(source.repo_url)
        return await self.git.mirrors.get(access.url).named(
            revision or source.target_revision,
            access,
            fresh=request.resolve_fresh,
            tag_prefix=source.tag_prefix,
        )

    async def _commit(
        self, request: RenderRequest, source: ApplicationSource, wanted: str
    ) -> Checkout:
        access = request.access(source.repo_url)
        commit, tree = await self.git.commit(
            CommitWanted(
                access=access,
                revision=wanted,
                tag_prefix=source.tag_prefix,
                fresh=request.resolve_fresh,
            ),
            request,
        )
        return Checkout(source=source, revision=commit, open=tree)

    async def _chart(
        self, request: RenderRequest, source: ApplicationSource, wanted: str
    ) -> Checkout:
        if source.ref:
            raise InvalidInputError(
                f"source `{source.ref}` is a chart, and a chart cannot lend files to other sources",
                where=redacted(source.repo_url),
                hint="Remove ref from it.",
            )
        revision, tree = await self.charts.chart(
            ChartWanted(
                access=request.access(source.repo_url),
                chart=source.chart,
                revision=wanted,
                pass_credentials=bool(source.helm and source.helm.pass_credentials),
                fresh=request.resolve_fresh,
                is_hard=request.is_hard,
                max_bytes=request.settings.max_chart_bytes,
            )
        )
        return Checkout(source=source, revision=revision, open=lambda: tree)

    async def _artifact(
        self, request: RenderRequest, source: ApplicationSource, wanted: str
    ) -> Checkout:
        url = "/".join(part for part in (source.repo_url.rstrip("/"), source.chart) if part)
        access = msgspec.structs.replace(request.access(source.repo_url), url=url)
        revision, tree = await self.charts.artifact(
            access, wanted, request.settings, fresh=request.resolve_fresh
        )
        return Checkout(source=source, revision=revision, open=lambda: tree)
