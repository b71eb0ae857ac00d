"""What an Application wants in the cluster: rendered, marked, and ready to compare.

Targets are kept as bytes. A compare that finds both digests unchanged never decodes them.
"""

from functools import cache

import msgspec
import orjson

from tiphys.delivery.breathing import apart
from tiphys.delivery.clusters import OpenCluster
from tiphys.delivery.installation import Installation
from tiphys.delivery.integrity import Integrity
from tiphys.engine.deletion_hooks import is_deletion_hook
from tiphys.engine.diff.digest import target_digest
from tiphys.engine.filters import is_excluded
from tiphys.engine.hooks import is_hook, is_skipped, runs_outside_sync, sync_wave
from tiphys.engine.sync.records import container_images
from tiphys.engine.targets import normalise_targets
from tiphys.engine.tracking import app_instance_name, with_tracking
from tiphys.model.application import Application, Condition
from tiphys.model.encoding import kept_json
from tiphys.model.keys import GroupKind, GroupVersionKind, Manifest, ResourceKey, gvk_of, key_of
from tiphys.sources.api import (
    DEFAULT_MEDIA_TYPES,
    RenderLimits,
    RenderRequest,
    RenderSettings,
)
from tiphys.sources.sources import Sources


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One object that Git wants, as it would be applied."""

    key: ResourceKey
    gvk: GroupVersionKind
    body: bytes
    digest: str
    wave: int
    is_hook: bool
    is_skipped: bool
    images: tuple[str, ...]

    def manifest(self) -> Manifest:
        """Return the object; a new one each time."""
        decoded: Manifest = orjson.loads(self.body)
        return decoded


class TargetSet(msgspec.Struct, frozen=True, kw_only=True):
    """All that an Application wants.

    Attributes:
        digests: of what was rendered.
        identity: equal when the rendered manifests and everything done to them are equal.
        asked: what was rendered, when that and the commits decide alone what comes out; else None.
        deletion_hooks: what runs when the Application is deleted.
    """

    revisions: tuple[str, ...]
    source_types: tuple[str, ...]
    targets: tuple[Target, ...]
    conditions: tuple[Condition, ...]
    digests: tuple[str, ...]
    identity: object
    asked: object = None
    deletion_hooks: tuple[Target, ...] = ()


class TargetLoader:
    """Renders Applications' sources and prepares what they give."""

    def __init__(self, installation: Installation, sources: Sources) -> None:
        self._installation, self._sources = installation, sources
        self._integrity = Integrity(installation, sources)

    async def load(
        self,
        app: Application,
        cluster: OpenCluster,
        wanted: RenderRequest,
        previous: TargetSet | None = None,
    ) -> TargetSet:
        """Return what an Application wants.

        Args:
            app: the Application.
            cluster: tells scopes and versions.
            wanted: see `render_request`.
            previous: used again when nothing that it was made of has changed.

        Raises:
            TiphysError: a source does not answer or does not render.
        """
        installation, asked = self._installation, wanted.essence
        if previous is not None and previous.asked == asked and not wanted.is_hard:
            is_same = previous.revisions == await self._sources.named(wanted)
            if is_same and previous.identity == self._identity(app, cluster, previous.digests):
                return previous
            wanted = msgspec.structs.replace(wanted, resolve_fresh=False)
        await self._integrity.require(app, wanted)
        rendered = await self._sources.render(wanted)
        await self._integrity.require(app, wanted, tuple(one.revision for one in rendered))
        digests = tuple(m.digest for source in rendered for m in source.manifests)
        identity = self._identity(app, cluster, digests)
        revisions = tuple(source.revision for source in rendered)
        asked = asked if all(source.is_pinned for source in rendered) else None
        if previous is not None and previous.identity == identity:
            return msgspec.structs.replace(previous, revisions=revisions, asked=asked)
        bodies = [m.body for source in rendered for m in source.manifests]
        prepared = await apart(len(bodies), lambda: _prepare(app, installation, cluster, bodies))
        return TargetSet(
            revisions=revisions,
            source_types=tuple(source.source_type for source in rendered if source.source_type),
            targets=prepared.targets,
            conditions=prepared.conditions,
            digests=digests,
            identity=identity,
            asked=asked,
            deletion_hooks=prepared.deletion_hooks,
        )

    def _identity(self, app: Application, cluster: OpenCluster, digests: tuple[str, ...]) -> object:
        return (
            digests,
            app.spec.destination,
            cluster.client.discovery.digest,
            self._installation.tracking,
            self._installation.settings.exclusions,
            self._installation.settings.inclusions,
            self._integrity.demands(app),
        )


def render_request(
    app: Application, installation: Installation, cluster: OpenCluster
) -> RenderRequest:
    """Return the render of an Application at its own target revisions."""
    settings = installation.settings
    project = installation.project(app.project)
    app_sources = app.spec.all_sources
    return RenderRequest(
        app_instance=instance_of(app, installation),
        app_name=app.metadata.name,
        project=app.project,
        destination_namespace=app.spec.destination.namespace,
        sources=app_sources,
        revisions=(None,) * len(app_sources),
        kube_version=cluster.client.discovery.version,
        api_versions=cluster.client.discovery.api_versions(),
        access=lambda url: installation.access(url, app.project),
        permits=lambda url: project is not None and installation.permits_source(url, project),
        named=lambda alias: installation.helm_repository(alias, app.project),
        settings=RenderSettings(
            kustomize_build_options=settings.kustomize_build_options,
            kustomize_paths=settings.kustomize_paths,
            kustomize_version_options=settings.kustomize_version_options,
            helm_enabled=settings.helm_enabled,
            kustomize_enabled=settings.kustomize_enabled,
            jsonnet_enabled=settings.jsonnet_enabled,
            max_directory_bytes=settings.max_directory_bytes,
            max_chart_bytes=settings.max_chart_bytes,
            max_oci_bytes=settings.max_oci_bytes,
            oci_media_types=settings.oci_media_types or DEFAULT_MEDIA_TYPES,
            values_file_schemes=settings.helm_values_file_schemes,
            submodules_enabled=settings.submodules_enabled,
            allow_oob_symlinks=settings.allow_oob_symlinks,
            file_roots=settings.file_roots,
            limits=RenderLimits(timeout_s=settings.render_timeout_s),
        ),
    )


def instance_of(app: Application, installation: Installation) -> str:
    """Return the name by which marks refer to an Application."""
    return app_instance_name(app.metadata.name, app.metadata.namespace, installation.namespace)


class _Prepared(msgspec.Struct, frozen=True):
    targets: tuple[Target, ...]
    deletion_hooks: tuple[Target, ...]
    conditions: tuple[Condition, ...]


def _prepare(
    app: Application, installation: Installation, cluster: OpenCluster, bodies: list[bytes]
) -> _Prepared:
    settings, discovery = installation.settings, cluster.client.discovery

    @cache
    def is_left_out(kind: GroupKind) -> bool:
        server = cluster.record.server
        return is_excluded(kind, server, settings.exclusions, settings.inclusions)

    namespace = app.spec.destination.namespace
    normalised = normalise_targets(
        [orjson.loads(body) for body in bodies], namespace, discovery.is_namespaced, is_left_out
    )
    instance, tracking = instance_of(app, installation), installation.tracking

    def prepared(manifest: Manifest) -> Target:
        return _target(manifest, with_tracking(manifest, instance, namespace, tracking))

    every = normalised.manifests
    return _Prepared(
        targets=tuple(prepared(one) for one in every if not runs_outside_sync(one)),
        deletion_hooks=tuple(prepared(one) for one in every if is_deletion_hook(one)),
        conditions=normalised.conditions,
    )


def _target(manifest: Manifest, marked: Manifest) -> Target:
    return Target(
        key=key_of(marked),
        gvk=gvk_of(marked),
        body=kept_json(marked),
        digest=target_digest(marked),
        wave=sync_wave(marked),
        is_hook=is_hook(manifest),
        is_skipped=is_skipped(marked),
        images=container_images(marked),
    )
