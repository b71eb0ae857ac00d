"""OCI registries as sources: Helm charts by version, artifacts by tag, digest or range.

Source: Argo CD user guide, "OCI", "Helm"; Helm documentation, "Use OCI-based registries".
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from tiphys.model.errors import SourceError
from tiphys.sources.charts.registry import Manifest, Registry
from tiphys.sources.charts.resolved import Resolved
from tiphys.sources.versions import best_match, is_constraint, named_version

_T = TypeVar("_T")
CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_PROVENANCE = "application/vnd.cncf.helm.chart.provenance.v1.prov"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_MAX_ARCHIVE_BYTES = 512 * 1024 * 1024


class OciRepository:
    """One repository of a registry; what it said a moment ago is not asked again."""

    def __init__(self, registry: Registry, *, fresh_s: float) -> None:
        self._registry, self._fresh_s = registry, fresh_s
        self._lock = asyncio.Lock()
        self._known: dict[str, tuple[float, object]] = {}

    @property
    def requests(self) -> int:
        """How often the registry was asked."""
        return self._registry.requests

    async def check(self) -> None:
        """See whether the registry answers.

        Raises:
            SourceError: it does not, or refuses us.
        """
        await self._registry.tags()

    async def tags(self) -> list[str]:
        """Return the tags that the registry has.

        Raises:
            SourceError: it does not answer, or refuses us.
        """
        return await self._tags(fresh=False)

    async def chart(self, chart: str, revision: str, *, fresh: bool) -> Resolved:
        """Return the chart of a version or range; its revision is the version.

        Raises:
            SourceError: the registry does not answer, or has no such version.
        """
        version, manifest = revision, None
        if revision and not is_constraint(revision):
            manifest = await self._manifest(revision.replace("+", "_"), fresh=fresh)
        if manifest is None:
            tags = [tag.replace("_", "+") for tag in await self._tags(fresh=fresh)]
            version = named_version(revision, tags) or ""
            if version:
                manifest = await self._manifest(version.replace("+", "_"), fresh=fresh)
        if manifest is None:
            raise SourceError(
                f'chart "{chart}" version "{revision}" not found in '
                f"{self._registry.address} repository",
                transient=False,
            )
        layer = _layer(manifest, (CHART_LAYER,), str(self._registry.address))
        return self._resolved(layer, version)

    async def artifact(self, revision: str, media_types: Sequence[str], *, fresh: bool) -> Resolved:
        """Return the artifact of a tag, digest or range; its revision is the manifest's digest.

        Raises:
            SourceError: the registry does not answer, has no such artifact, or it has other layers.
        """
        reference = revision or "latest"
        if is_constraint(reference):
            tags = await self._tags(fresh=fresh)
            best = best_match(reference, (tag.replace("_", "+") for tag in tags))
            reference = best.replace("+", "_") if best else ""
        manifest = None
        if _DIGEST.fullmatch(reference) or _TAG.fullmatch(reference):
            manifest = await self._manifest(reference, fresh=fresh)
        if manifest is None:
            raise SourceError(
                f"unable to resolve '{revision}' to a digest",
                where=str(self._registry.address),
                hint="Use a tag, a digest or a range of versions that exists there.",
                transient=False,
            )
        layer = _layer(manifest, media_types, str(self._registry.address))
        return self._resolved(layer, manifest.digest)

    def _resolved(self, layer: Mapping[str, Any], revision: str) -> Resolved:
        digest = str(layer.get("digest"))

        async def fetch(into: Path) -> None:
            await self._registry.fetch_blob(digest, into, max_bytes=_MAX_ARCHIVE_BYTES)

        return Resolved(
            revision=revision,
            digest=digest.removeprefix("sha256:"),
            is_chart=layer.get("mediaType") == CHART_LAYER,
            fetch=fetch,
        )

    async def _tags(self, *, fresh: bool) -> list[str]:
        return await self._recent("", self._registry.tags, fresh=fresh)

    async def _manifest(self, reference: str, *, fresh: bool) -> Manifest | None:
        # What a digest names cannot change.
        is_fixed = _DIGEST.fullmatch(reference) is not None
        return await self._recent(
            reference, lambda: self._registry.manifest(reference), fresh=fresh and not is_fixed
        )

    async def _recent(self, key: str, ask: Callable[[], Awaitable[_T]], *, fresh: bool) -> _T:
        asked_at = time.monotonic()
        async with self._lock:
            told_at, known = self._known.get(key, (float("-inf"), None))
            is_recent = asked_at < told_at + self._fresh_s and known is not None
            if is_recent and (not fresh or told_at >= asked_at):
                return cast("_T", known)
            told_at = time.monotonic()
            answer = await ask()
            self._known[key] = (told_at, answer)
            return answer


def _layer(manifest: Manifest, allowed: Sequence[str], where: str) -> Mapping[str, Any]:
    layers = [layer for layer in manifest.layers if layer.get("mediaType") != _PROVENANCE]
    if len(layers) != 1:
        what = f"expected only a single oci layer, got {len(layers)}"
        raise SourceError(what, where=where, transient=False)
    kind, digest = layers[0].get("mediaType"), str(layers[0].get("digest"))
    if kind not in allowed:
        raise SourceError(
            f"oci layer media type {kind} is not in the list of allowed media types",
            where=where,
            hint="Add it to reposerver.oci.layer.media.types in argocd-cmd-params-cm.",
            transient=False,
        )
    if not _DIGEST.fullmatch(digest):
        raise SourceError(f"`{digest}` is no digest", where=where, transient=False)
    return layers[0]
