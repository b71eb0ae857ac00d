"""Refuses sources that are not signed as their project demands.

A project whose demand cannot be met here (no gpg, a key that cannot be read) is served nothing:
what nobody verified must not be taken for verified.
"""

import hashlib
from collections.abc import Mapping

import msgspec

from tiphys.delivery.installation import Installation
from tiphys.engine.integrity import demands_signatures, signature_policy, verification_failures
from tiphys.model.application import Application
from tiphys.model.errors import RenderError
from tiphys.model.project import AppProjectSpec
from tiphys.sources.addresses import normalise_url
from tiphys.sources.api import RenderRequest
from tiphys.sources.git.signatures import Signed
from tiphys.sources.sources import Sources

GPG_KEYS_CM = "argocd-gpg-keys-cm"


class Integrity:
    """Verifies the commits of Applications whose projects want them signed."""

    def __init__(self, installation: Installation, sources: Sources) -> None:
        self._installation, self._sources = installation, sources

    def demands(self, app: Application) -> object:
        """Return what decides whether an Application's commits hold; None when nothing is asked."""
        spec = self._demanding(app)
        if spec is None:
            return None
        known = msgspec.json.encode([sorted(self._keys().items())])
        demanded = msgspec.json.encode([spec.signature_keys, spec.source_integrity])
        return demanded, hashlib.sha256(known).digest()

    async def require(
        self,
        app: Application,
        wanted: RenderRequest,
        revisions: tuple[str | None, ...] | None = None,
    ) -> None:
        """Check that every Git source is signed as the Application's project demands.

        Args:
            app: the Application.
            wanted: its sources.
            revisions: the commits that they are at; None for those that they name now.

        Raises:
            RenderError: something is not, or cannot be verified; the text says what.
            InvalidInputError: the project's policies cannot be read, or contradict each other.
            SourceError: a repository does not answer.
        """
        spec = self._demanding(app)
        if spec is None:
            return
        commits = revisions if revisions is not None else await self._sources.named(wanted)
        failures: list[str] = []
        for place, (source, commit) in enumerate(zip(wanted.sources, commits, strict=True)):
            policy = signature_policy(spec, source.repo_url, normalise_url)
            if policy is None or source.is_chart or source.is_oci or commit is None:
                continue
            access = wanted.access(source.repo_url)
            mirror = self._sources.mirrors.get(access.url)
            await mirror.require(commit, access)
            signed = Signed(folder=mirror.folder, commit=commit, tag=source.target_revision)
            found = await self._sources.signatures.verify(signed, policy, self._keys())
            count = len(wanted.sources)
            failures += verification_failures(
                [(one.revision, one.author, one.problem) for one in found],
                f"source {place + 1} of {count}: " if count > 1 else "",
            )
        if failures:
            raise RenderError(
                "; ".join(failures),
                hint="Deploy a commit that is signed with a key that the project allows.",
            )

    def _demanding(self, app: Application) -> AppProjectSpec | None:
        if self._installation.environment.get("ARGOCD_GPG_ENABLED", "").lower() == "false":
            return None
        project = self._installation.project(app.project)
        if project is None or not demands_signatures(project.spec):
            return None
        return project.spec

    def _keys(self) -> Mapping[str, str]:
        return self._installation.config_map(GPG_KEYS_CM)
