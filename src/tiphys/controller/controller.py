"""The controller: wakes reconciles when something changes that they depend on."""

import asyncio
import logging
import time
from typing import Any

from tiphys.controller.application.reconcile import Reconciler
from tiphys.controller.application.refresh_level import RefreshLevel
from tiphys.controller.application.services import Services
from tiphys.controller.chores import Chores
from tiphys.controller.loop import work
from tiphys.controller.measuring import Measuring, labels_of
from tiphys.controller.projects import Projects
from tiphys.controller.queue import WorkQueue
from tiphys.controller.rivals import Rivals
from tiphys.delivery.applications import decode_application
from tiphys.delivery.clusters import OpenCluster
from tiphys.engine.generate_paths import concerns
from tiphys.engine.notifications.state import STATE_ANNOTATIONS
from tiphys.kube.live_cache import LiveChange, LiveEvent
from tiphys.model.errors import InvalidInputError
from tiphys.model.keys import Manifest
from tiphys.model.labels import DEFAULT_PROJECT, MANIFEST_GENERATE_PATHS
from tiphys.model.push import PushEvent
from tiphys.model.source import ApplicationSource
from tiphys.settings.secrets import secret_type
from tiphys.sources.sources import Sources
from tiphys.telemetry.acting_for import current

log = logging.getLogger(__name__)

_MORE_FOR_URGENT = 4  # one more worker for what is urgent, for so many for everything
# Where objects come and go, warnings of them need not follow each one.
_ORPHANS_LATER_S = 1.0
_FIRST_LOOKS_S = 120.0
_SLOW_LOOK_S = 10.0
_SETTINGS = (
    "/argocd-cm", "/argocd-cmd-params-cm", "/argocd-tls-certs-cm", "/argocd-gpg-keys-cm",
)  # fmt: skip

# What a status, a finalizer or a label of somebody else does not change about a look.
_WAKING_METADATA = ("deletionTimestamp", "finalizers")


class Controller:
    """Keeps all Applications of an installation."""

    def __init__(self, services: Services, sources: Sources, rivals: Rivals | None = None) -> None:
        self._services, self._sources = services, sources
        self._rivals = rivals
        self.queue = WorkQueue(services.metrics.controller)
        self._measuring = Measuring(services.metrics.controller)
        self._reconciler, self._chores = Reconciler(services, self.queue), Chores()
        self._projects = Projects(services, lambda: rivals is None or not rivals.are_alive)
        self._orphan_watchers: dict[str, list[str]] | None = None
        self._unseen: set[str] | None = None
        self._patient_until = 0.0

    @property
    def is_ready(self) -> bool:
        """True once every Application that was there at the start had its first look.

        One look that takes for ever does not hold it up for more than two minutes.
        """
        if self._unseen is None:
            return False
        now = asyncio.get_running_loop().time()
        return not self._unseen or now >= self._patient_until

    async def run(self) -> None:
        """Work until cancelled."""
        collections = self._services.installation.collections
        collections.applications.subscribe(self._application_changed)
        collections.applications.subscribe(self._measuring.changed)
        collections.projects.subscribe(self._anything_shared_changed)
        collections.secrets.subscribe(self._secret_changed)
        collections.config_maps.subscribe(self._settings_changed)
        self._unseen = set(collections.applications.names())
        self._patient_until = asyncio.get_running_loop().time() + _FIRST_LOOKS_S
        for key in collections.applications.names():
            self.queue.add_quiet(key)  # who comes or changes now need not wait for all others
        if self._rivals is not None:
            self._rivals.on_gone(self._alone_again)
        self._services.clusters.subscribe(self._availability_changed)
        settings = self._services.installation.settings
        try:
            async with asyncio.TaskGroup() as tasks:
                count = settings.status_processors
                for number in range(count + max(count // _MORE_FOR_URGENT, 1)):
                    urgent_only = number >= count
                    tasks.create_task(work(self.queue, self._reconcile, urgent_only=urgent_only))
                tasks.create_task(self._services.events.run())
                tasks.create_task(self._chores.run())
                tasks.create_task(self._projects.run())
        finally:
            await self._reconciler.close()
            self.queue.close()

    async def _reconcile(self, key: str) -> float | None:
        if self._rivals is not None and self._rivals.are_alive:
            self._unseen = set()
            return None
        manifest = self._services.installation.collections.applications.get(key)
        labels = None if manifest is None else labels_of(manifest)
        began, token = time.monotonic(), current.set(labels)
        try:
            return await self._reconciler.reconcile(key)
        finally:
            current.reset(token)
            if self._unseen and key in self._unseen:
                # Who takes long for a first look must not keep everybody from being served.
                wait_s = _SLOW_LOOK_S if self._reconciler.is_comparing(key) else 0.0
                asyncio.get_running_loop().call_later(wait_s, self._unseen.discard, key)
            if labels is not None:
                seconds = time.monotonic() - began
                metrics = self._services.metrics.controller
                metrics.reconciled(labels.namespace, labels.server, seconds)

    def _alone_again(self) -> None:
        self._projects.look_again()
        self._ask_all(RefreshLevel.LATEST)

    def cluster_opened(self, cluster: OpenCluster) -> None:
        """Be woken by what changes in a destination cluster from now on."""
        cluster.cache.subscribe(self._live_changed)
        server = cluster.record.server
        cluster.cache.subscribe_availability(lambda: self._availability_changed(server))

    def _availability_changed(self, server: str) -> None:
        """Look at every Application of a cluster that stopped answering, or answers again."""
        collections, clusters = self._services.installation.collections, self._services.clusters
        for key, app in zip(
            collections.applications.names(), collections.applications.objects(), strict=True
        ):
            destination = (app.get("spec") or {}).get("destination") or {}
            if clusters.is_at(destination, server):
                self._ask(key, RefreshLevel.RECENT, is_urgent=False)

    def pushed(self, push: PushEvent) -> None:
        """Look at every Application whose source was pushed to, first where files changed.

        Of a monorepo most Applications have nothing to do with a commit: those can wait. One whose
        annotation names the paths that concern it is looked at only if one of them changed.
        """
        pushed_to = {
            key: sources
            for key in self._services.installation.collections.applications.names()
            if (sources := self._sources_pushed_to(key, push))
        }
        for url in {source.repo_url for found in pushed_to.values() for source in found}:
            self._sources.mirrors.get(url).expire()
        folders = push.folders
        for key, found in pushed_to.items():
            if not self._is_concerned(key, found, push):
                continue
            self._measuring.pushed(key)
            is_touched = any(source.path.strip("/") in folders for source in found)
            self._ask(key, RefreshLevel.LATEST, is_urgent=is_touched)

    def _is_concerned(self, key: str, found: list[ApplicationSource], push: PushEvent) -> bool:
        manifest = self._services.installation.collections.applications.get(key) or {}
        annotations = (manifest.get("metadata") or {}).get("annotations") or {}
        named = str(annotations.get(MANIFEST_GENERATE_PATHS) or "")
        return any(concerns(named, source.path, push.paths) for source in found)

    def _sources_pushed_to(self, key: str, push: PushEvent) -> list[ApplicationSource]:
        manifest = self._services.installation.collections.applications.get(key)
        try:
            sources = decode_application(manifest).spec.all_sources if manifest else ()
        except InvalidInputError:
            return []
        return [source for source in sources if push.is_about(source.repo_url)]

    def _live_changed(self, event: LiveEvent) -> None:
        if event.is_noise:
            return
        namespace = self._services.installation.namespace
        if not event.instances and event.change is not LiveChange.MODIFIED and not event.is_child:
            for key in self._watch_orphans_in(event.key.namespace):
                self._reconciler.ask(key, RefreshLevel.RECENT)
                self.queue.add_after(key, _ORPHANS_LATER_S)
        for instance in event.instances:
            owner, separator, name = instance.partition("_")
            key = f"{owner}/{name}" if separator else f"{namespace}/{instance}"
            if event.key.group_kind.kind == "Application" and event.key.name == key.split("/")[1]:
                continue  # an Application that manages itself must not wake itself
            self._reconciler.ask(key, RefreshLevel.RECENT)
            self.queue.add_after(key, self._reconciler.pause_s(key))

    def _watch_orphans_in(self, namespace: str) -> list[str]:
        """Return the Applications that are to warn of objects of a namespace that nobody owns."""
        if self._orphan_watchers is None:
            collections = self._services.installation.collections
            watching = {
                project["metadata"]["name"]
                for project in collections.projects.objects()
                if (project.get("spec") or {}).get("orphanedResources") is not None
            }
            self._orphan_watchers = {}
            for app in collections.applications.objects() if watching else ():
                spec, metadata = app.get("spec") or {}, app["metadata"]
                if (spec.get("project") or DEFAULT_PROJECT) in watching:
                    place = (spec.get("destination") or {}).get("namespace") or ""
                    key = f"{metadata['namespace']}/{metadata['name']}"
                    self._orphan_watchers.setdefault(place, []).append(key)
        return self._orphan_watchers.get(namespace, [])

    def _application_changed(
        self, key: str, before: Manifest | None, after: Manifest | None
    ) -> None:
        if (before or {}).get("spec") != (after or {}).get("spec"):
            self._orphan_watchers = None
        if after is None:
            self.queue.forget(key)
            self.queue.add(key)
        elif before is None or _wakes(before, after):
            self.queue.add(key)

    def _anything_shared_changed(
        self, key: str, before: Manifest | None, after: Manifest | None
    ) -> None:
        self._orphan_watchers = None
        if before is not None and after is not None and _delivered(before) == _delivered(after):
            return
        log.info("looking at every application", extra={"because": key})
        self._ask_all(RefreshLevel.RECENT)

    def _secret_changed(self, key: str, before: Manifest | None, after: Manifest | None) -> None:
        if not any(secret_type(each) for each in (before, after) if each is not None):
            return  # passwords and sessions: whoever fails to log in must not cause work
        log.info("reading clusters and repositories anew", extra={"because": key})
        self._chores.ask("take over Secrets", self._take_over_secrets)

    async def _take_over_secrets(self) -> None:
        installation = self._services.installation
        await self._services.clusters.update(installation.clusters())
        self._ask_all(RefreshLevel.LATEST)

    def _what_caches_hold(self) -> object:
        """Return the settings that decide what a live cache watches and who owns it."""
        installation = self._services.installation
        settings = installation.settings
        return installation.tracking, settings.exclusions, settings.inclusions

    async def _reopen_clusters(self) -> None:
        await self._services.clusters.close()
        self._ask_all(RefreshLevel.LATEST)

    def _settings_changed(self, key: str, before: Manifest | None, after: Manifest | None) -> None:
        del before, after
        if key.endswith(_SETTINGS):
            held = self._what_caches_hold()
            self._services.installation.expire_settings()
            for problem in self._services.installation.settings.problems:
                log.warning("setting not understood", extra={"problem": problem})
            if self._what_caches_hold() != held:
                self._chores.ask("open clusters anew", self._reopen_clusters)
            self._anything_shared_changed(key, None, None)

    def _ask_all(self, level: RefreshLevel) -> None:
        for key in self._services.installation.collections.applications.names():
            self._ask(key, level, is_urgent=False)

    def _ask(self, key: str, level: RefreshLevel, *, is_urgent: bool = True) -> None:
        self._reconciler.ask(key, level)
        if is_urgent:
            self.queue.add(key)
        else:
            self.queue.add_quiet(key)


def _delivered(project: Manifest) -> dict[str, Any]:
    """Return what a project says of deliveries; who may do what is not among it."""
    return {name: value for name, value in (project.get("spec") or {}).items() if name != "roles"}


def _wakes(before: Manifest, after: Manifest) -> bool:
    old, new = before["metadata"], after["metadata"]
    if any(old.get(field) != new.get(field) for field in _WAKING_METADATA):
        return True
    if _read_annotations(old) != _read_annotations(new):
        return True
    if before.get("spec") != after.get("spec") or before.get("operation") != after.get("operation"):
        return True
    phases = [
        ((manifest.get("status") or {}).get("operationState") or {}).get("phase")
        for manifest in (before, after)
    ]
    return phases[0] != phases[1] and phases[1] == "Terminating"


def _read_annotations(metadata: Manifest) -> Manifest:
    """Return the annotations without those that only tell what was notified."""
    annotations: Manifest = metadata.get("annotations") or {}
    return {key: value for key, value in annotations.items() if key not in STATE_ANNOTATIONS}
