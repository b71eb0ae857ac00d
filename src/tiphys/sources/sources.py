"""From an Application's sources to manifests: resolve, look in the cache, render.

Everything that waits (git, workers, disk) runs off the event loop.
"""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from tiphys.model.errors import InvalidInputError, RenderError
from tiphys.model.source import ApplicationSource, PluginSource
from tiphys.sources.addresses import redacted
from tiphys.sources.api import (
    Plugin,
    RenderedManifest,
    RenderedSource,
    RendererOptions,
    RenderJob,
    RenderRequest,
    RenderSettings,
    contained,
)
from tiphys.sources.cache import ManifestCache, cache_key
from tiphys.sources.checkouts import Checkout, Checkouts
from tiphys.sources.detection import explicit_types, source_type, with_overrides
from tiphys.sources.exploring import Explorer
from tiphys.sources.extras import Extras
from tiphys.sources.git.mirror import Mirrors
from tiphys.sources.git.signatures import Signatures
from tiphys.sources.inputs import outermost, source_inputs
from tiphys.sources.plugins import named_plugin, plugin_environment, plugins_to_ask
from tiphys.sources.prefetch import Found, Prefetch
from tiphys.sources.render.pool import WorkerPool
from tiphys.sources.render.tools import (
    command_reads,
    find_tools,
    jail_reads,
    tool_reads,
    tool_versions,
)
from tiphys.sources.render.turns import Lane, OutOfTurnError, Overruns, RenderLimitError
from tiphys.telemetry.metrics import SourceMetrics


class _Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A job, and what it reads from which checkout."""

    job: RenderJob
    key: str
    paths: tuple[str, ...]
    ref_paths: Mapping[str, tuple[str, ...]]
    extras: Extras


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out about a source before its job is made."""

    found: Found
    extras: Extras
    plugin: Plugin | None


class Sources:
    """All repositories and renderers of an installation."""

    def __init__(
        self,
        home: Path,
        *,
        fresh_s: float = 30.0,
        git_timeout_s: float = 15.0,
        renderers: RendererOptions | None = None,
        metrics: SourceMetrics | None = None,
    ) -> None:
        renderers, self._metrics = renderers or RendererOptions(), metrics
        self._plugins = renderers.plugins
        self._checkouts = Checkouts(
            home, fresh_s=fresh_s, git_timeout_s=git_timeout_s, metrics=metrics
        )
        self._prefetch = Prefetch(self._checkouts, fresh_s=fresh_s)
        self._tools = find_tools(helm_command=renderers.helm_command)
        self.pool = WorkerPool(home / "jobs", jail_reads(self._tools), size=renderers.workers)
        self.signatures = Signatures(home / "keyrings")
        self._cache, self._overruns = ManifestCache(home / "manifests"), Overruns()

    @property
    def mirrors(self) -> Mirrors:
        """All Git repositories."""
        return self._checkouts.git.mirrors

    @property
    def explorer(self) -> Explorer:
        """What looks into repositories for people who choose a source."""
        return Explorer(self._checkouts)

    async def close(self) -> None:
        """End the workers."""
        await self.pool.close()

    async def named(self, request: RenderRequest) -> tuple[str | None, ...]:
        """Return the commit that each source is at; None for one that is no Git repository.

        Raises:
            SourceError: a repository does not answer.
            InvalidInputError: an address or credentials cannot be used.
        """
        pairs = zip(request.sources, request.revisions, strict=True)
        return tuple([await self._checkouts.named(request, *pair) for pair in pairs])

    async def render(self, request: RenderRequest) -> tuple[RenderedSource, ...]:
        """Return what each source gives, in order.

        Raises:
            SourceError: a repository does not answer, or lacks the revision.
            RenderError: a source does not render.
            InvalidInputError: a source is not understood.
        """
        checkouts = await self._resolve(request)
        refs = {c.source.ref: c for c in checkouts if c.source.ref}
        rendered = []
        for place, checkout in enumerate(checkouts):
            try:
                rendered.append(await self._render(request, checkout, refs))
            except (RenderError, InvalidInputError) as err:
                prefix = "failed to generate manifest for source"
                what = f"{prefix} {place + 1} of {len(checkouts)}: {err.line}"
                raise RenderError(what, hint=err.hint) from err
        return tuple(rendered)

    async def _resolve(self, request: RenderRequest) -> list[Checkout]:
        pairs = zip(request.sources, request.revisions, strict=True)
        resolving = (self._checkouts.resolve(request, *pair) for pair in pairs)
        return list(await asyncio.gather(*resolving))

    async def _render(
        self, request: RenderRequest, checkout: Checkout, refs: Mapping[str, Checkout]
    ) -> RenderedSource:
        is_commit = not (checkout.source.is_chart or checkout.source.is_oci)
        if checkout.source.is_ref_only:
            return RenderedSource(
                revision=checkout.revision, source_type="", manifests=(), is_pinned=is_commit
            )
        plugin = await self._plugin(request, checkout)
        found = await asyncio.to_thread(_find, request, checkout, plugin)
        extras = await self._prefetch.fetch(request, checkout, found)
        told = _Told(found=found, extras=extras, plugin=plugin)
        prepared = await asyncio.to_thread(self._prepare, request, checkout, refs, told)
        manifests = None if request.is_hard else await self._cache.get(prepared.key)
        if self._metrics is not None:
            self._metrics.looked_up(is_hit=manifests is not None)
        if manifests is None:
            manifests = await self._measured(request, checkout, refs, prepared)
            await self._cache.put(prepared.key, manifests)
        return RenderedSource(
            revision=checkout.revision,
            source_type=prepared.job.source_type,
            manifests=manifests,
            is_pinned=is_commit and plugin is None and extras == Extras(),
        )

    async def _measured(
        self,
        request: RenderRequest,
        checkout: Checkout,
        refs: Mapping[str, Checkout],
        prepared: _Prepared,
    ) -> tuple[RenderedManifest, ...]:
        if self._metrics is None:
            return await self._run_in_turn(request, checkout, refs, prepared)
        began, url = time.monotonic(), checkout.source.repo_url
        self._metrics.pending(url, 1)
        try:
            return await self._run_in_turn(request, checkout, refs, prepared)
        finally:
            self._metrics.pending(url, -1)
            self._metrics.rendered(prepared.job.source_type, time.monotonic() - began)

    async def _run_in_turn(
        self,
        request: RenderRequest,
        checkout: Checkout,
        refs: Mapping[str, Checkout],
        prepared: _Prepared,
    ) -> tuple[RenderedManifest, ...]:
        """Run a job, once more among the long ones when it turns out to be one.

        One that exceeded a limit is not run again at once, unless its inputs change or somebody
        asks for it.
        """
        key, overruns = prepared.key, self._overruns
        if not request.is_hard:
            overruns.require_rested(key)
        try:
            if not overruns.is_long(key):
                with contextlib.suppress(OutOfTurnError):
                    rendered = await self._run(request, checkout, refs, prepared)
                    overruns.note_quick(request.app_instance)
                    return rendered
                overruns.note_long(key, request.app_instance)
            return await self._run(request, checkout, refs, prepared, is_long=True)
        except RenderLimitError as err:
            overruns.note(key, err)
            raise

    async def _run(
        self,
        request: RenderRequest,
        checkout: Checkout,
        refs: Mapping[str, Checkout],
        prepared: _Prepared,
        *,
        is_long: bool = False,
    ) -> tuple[RenderedManifest, ...]:
        async with self.pool.folder() as folder:

            def export() -> None:
                checkout.open().export(prepared.paths, folder / "source")
                (folder / "source" / prepared.job.path).mkdir(parents=True, exist_ok=True)
                for name, paths in prepared.ref_paths.items():
                    refs[name].open().export(paths, folder / prepared.job.refs[name])
                for write in prepared.extras.writers:
                    write(folder)

            await asyncio.to_thread(export)
            plugin, kustomize = prepared.job.plugin, prepared.job.tools.kustomize
            own = (*(plugin.reads if plugin else ()), *(tool_reads(kustomize) if kustomize else ()))
            return await self.pool.render(
                folder,
                prepared.job,
                request.settings.limits,
                reads=(*command_reads(), *own) if own else (),
                once=plugin is not None,
                lane=Lane.LONG if is_long else self._overruns.lane(request.app_instance),
            )

    async def _plugin(self, request: RenderRequest, checkout: Checkout) -> Plugin | None:
        """Return the plugin that renders a source, None for what other tools do."""
        if not self._plugins and checkout.source.plugin is None:
            return None

        def look() -> tuple[PluginSource | None, list[tuple[Plugin, bool]]]:
            tree, path = checkout.open(), contained(checkout.source.path)
            source = with_overrides(tree, checkout.source, path, request.app_instance)
            is_taken = source.plugin is None and explicit_types(source)
            asked = () if is_taken else plugins_to_ask(self._plugins, tree, path)
            return source.plugin, list(asked)

        written, candidates = await asyncio.to_thread(look)
        if written is not None and written.name:
            return named_plugin(self._plugins, written.name)
        for plugin, is_sure in candidates:
            if is_sure or await self._is_discovered(request, checkout, plugin):
                return plugin
        if written is not None:
            raise InvalidInputError("could not find plugin supporting the given repository")
        return None

    async def _is_discovered(
        self, request: RenderRequest, checkout: Checkout, plugin: Plugin
    ) -> bool:
        found = await asyncio.to_thread(_find, request, checkout, plugin)
        told = _Told(found=found, extras=Extras(), plugin=plugin)
        prepared = await asyncio.to_thread(self._prepare, request, checkout, {}, told)
        job = msgspec.structs.replace(prepared.job, source_type="Discovery")
        prepared = msgspec.structs.replace(prepared, job=job, key=f"{prepared.key}-discovery")
        said = await self._cache.get(prepared.key)
        if said is None:
            said = await self._run_in_turn(request, checkout, {}, prepared)
            await self._cache.put(prepared.key, said)
        return bool(said)

    def _prepare(
        self,
        request: RenderRequest,
        checkout: Checkout,
        refs: Mapping[str, Checkout],
        told: _Told,
    ) -> _Prepared:
        found, extras = told.found, told.extras
        tree, kind = checkout.open(), found.source_type
        source = extras.source or found.source
        paths = source_inputs(tree, found.source, kind, found.environment)
        ref_paths = _ref_paths(source, refs)
        places = {name: f"ref-{place}" for place, name in enumerate(sorted(refs))}
        settings = request.settings
        options, kustomize = _kustomize(source, settings)
        kube_version, api_versions = _versions(request, source, kind, options)
        tools = msgspec.structs.replace(self._tools, kustomize=kustomize)
        job = RenderJob(
            root="source",
            path=found.path,
            source_type=kind,
            source=source,
            refs=places | {name: name for name in extras.refs},
            environment=found.environment,
            release_name=(source.helm.release_name if source.helm else "") or request.app_name,
            namespace=request.destination_namespace,
            kube_version=kube_version,
            api_versions=api_versions,
            kustomize_build_options=options,
            jsonnet_enabled=settings.jsonnet_enabled,
            max_directory_bytes=settings.max_directory_bytes,
            max_output_bytes=settings.limits.output_bytes,
            tools=tools,
            plugin=told.plugin,
        )
        inputs = [(name, tree.object_id(name)) for name in paths]
        for name, wanted in ref_paths.items():
            ref_tree = refs[name].open()
            inputs += [(f"${name}/{file}", ref_tree.object_id(file)) for file in wanted]
        key = cache_key(job, [*inputs, *extras.inputs], tool_versions(tools))
        return _Prepared(job=job, key=key, paths=tuple(paths), ref_paths=ref_paths, extras=extras)


def _kustomize(source: ApplicationSource, settings: RenderSettings) -> tuple[str, str]:
    """Return build options and the program of the version that a source asks for, "" for ours."""
    version = source.kustomize.version if source.kustomize else ""
    if not version:
        return settings.kustomize_build_options, ""
    if version not in settings.kustomize_paths:
        raise InvalidInputError(
            f"kustomize version {version} is not registered",
            hint=f"Set kustomize.path.{version} in argocd-cm.",
        )
    options = settings.kustomize_version_options.get(version, settings.kustomize_build_options)
    return options, settings.kustomize_paths[version]


def _versions(
    request: RenderRequest, source: ApplicationSource, kind: str, options: str
) -> tuple[str, tuple[str, ...]]:
    """Return Kubernetes's and its APIs' versions where the render can see them."""
    if kind == "Kustomize" and "--enable-helm" in options:
        own = source.kustomize
        kube_version = (own.kube_version if own else "") or request.kube_version
        return kube_version, (own.api_versions if own else ()) or request.api_versions
    return (request.kube_version, request.api_versions) if kind == "Helm" else ("", ())


def _find(request: RenderRequest, checkout: Checkout, plugin: Plugin | None) -> Found:
    tree = checkout.open()
    path = contained(checkout.source.path)
    if not tree.exists(path):
        raise InvalidInputError(f"{checkout.source.path}: app path does not exist")
    if not tree.is_folder(path):
        raise InvalidInputError(f"{checkout.source.path}: app path is not a directory")
    source = with_overrides(tree, checkout.source, path, request.app_instance)
    kind = source_type(tree, source, path, request.settings)
    environment = _environment(request, checkout)
    if plugin is not None:
        kind, written = "Plugin", source.plugin or PluginSource()
        environment = plugin_environment(
            written, environment, request.kube_version, request.api_versions
        )
    return Found(source=source, path=path, source_type=kind, environment=environment)


def _ref_paths(
    source: ApplicationSource, refs: Mapping[str, Checkout]
) -> dict[str, tuple[str, ...]]:
    helm = source.helm
    names = [*helm.value_files, *(p.path for p in helm.file_parameters)] if helm else []
    wanted: dict[str, set[str]] = {}
    for name in names:
        if name.startswith("$"):
            ref, _, file = name[1:].partition("/")
            if ref in refs:
                # A glob or a variable may name any file of that repository.
                plain = contained(file) if not set("*?[$") & set(file) else ""
                wanted.setdefault(ref, set()).add(plain)
    return {ref: tuple(outermost(files)) for ref, files in wanted.items()}


def _environment(request: RenderRequest, checkout: Checkout) -> dict[str, str]:
    source, commit = checkout.source, checkout.revision
    return {
        "ARGOCD_APP_NAME": request.app_instance,
        "ARGOCD_APP_NAMESPACE": request.destination_namespace,
        "ARGOCD_APP_PROJECT_NAME": request.project,
        "ARGOCD_APP_REVISION": commit,
        "ARGOCD_APP_REVISION_SHORT": commit[:7],
        "ARGOCD_APP_REVISION_SHORT_8": commit[:8],
        "ARGOCD_APP_SOURCE_PATH": source.path,
        "ARGOCD_APP_SOURCE_REPO_URL": redacted(source.repo_url),
        "ARGOCD_APP_SOURCE_TARGET_REVISION": source.target_revision,
    }
