"""Fetches what a render will need from other places than its own source."""

import asyncio
from collections.abc import Mapping

import msgspec

from tiphys.model.source import ApplicationSource
from tiphys.sources.api import RenderRequest
from tiphys.sources.charts.dependencies import fetch_dependencies, missing_dependencies
from tiphys.sources.checkouts import Checkout, Checkouts
from tiphys.sources.extras import Extras, joined
from tiphys.sources.kustomize_remotes import Remotes
from tiphys.sources.value_urls import Files, fetch_value_files


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A source as its own files complete it: overrides merged, its tool known."""

    source: ApplicationSource
    path: str
    source_type: str
    environment: Mapping[str, str]


class Prefetch:
    """All that is fetched besides the sources themselves."""

    def __init__(self, checkouts: Checkouts, *, fresh_s: float) -> None:
        self._checkouts = checkouts
        self._files = Files(fresh_s=fresh_s)

    async def fetch(self, request: RenderRequest, checkout: Checkout, found: Found) -> Extras:
        """Return what a source needs besides its files.

        Args:
            request: says who we are elsewhere, and what the project permits.
            checkout: the source's files.
            found: the source as they complete it.

        Raises:
            SourceError: something does not answer, or is not there.
            RenderError: something is not understood or not permitted.
        """
        source = found.source
        if found.source_type == "Kustomize":
            tree = await asyncio.to_thread(checkout.open)
            remotes = Remotes(self._checkouts.git, self._files, request)
            return await remotes.fetch(tree, source, found.path)
        if found.source_type != "Helm":
            return Extras()
        parts = [await self._dependencies(request, checkout, found)]
        if source.helm and any("://" in name for name in source.helm.value_files):
            environment = found.environment
            helm, extras = await fetch_value_files(self._files, request, source.helm, environment)
            changed = msgspec.structs.replace(source, helm=helm)
            parts.append(msgspec.structs.replace(extras, source=changed))
        return joined(parts)

    async def _dependencies(
        self, request: RenderRequest, checkout: Checkout, found: Found
    ) -> Extras:
        source, path = found.source, found.path
        needed = await asyncio.to_thread(lambda: missing_dependencies(checkout.open(), path))
        if not needed:
            return Extras()
        passes = bool(source.helm and source.helm.pass_credentials)
        return await fetch_dependencies(
            self._checkouts.charts, request, needed, pass_credentials=passes
        )
