"""The live side of every comparison: one cache a cluster, fed by watches.

All kinds that can be listed and watched are watched, in the server's preferred version, so that
what left Git is found whatever its kind. A kind whose first list failed, or whose watch has been
broken for some seconds, is not available: whoever asks for it gets the error, and nothing of it
counts as deleted. In namespaced mode only some namespaces are watched, each by itself.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterable
from enum import StrEnum

import msgspec

from tiphys.kube.client import KubeClient
from tiphys.kube.deferred import DeferredChanges
from tiphys.kube.extent import EVERYTHING, Extent
from tiphys.kube.listeners import Listeners
from tiphys.kube.live_feed import LiveFeed
from tiphys.kube.live_store import LiveRecord, LiveStore, Reading
from tiphys.kube.watching import Head, supervise
from tiphys.model.errors import ClusterError
from tiphys.model.keys import GroupKind, GroupVersionKind, Manifest, ResourceKey, key_of

_KIND_SOURCES = frozenset(
    {
        GroupKind("apiextensions.k8s.io", "CustomResourceDefinition"),
        GroupKind("apiregistration.k8s.io", "APIService"),
    }
)


_FIRST_LIST_S = 60.0


class LiveChange(StrEnum):
    """What happened to a live object."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


class LiveEvent(msgspec.Struct, frozen=True):
    """A change of a live object that somebody may care about.

    Attributes:
        instances: the Applications that its mark names now or named before.
        uid: of the object.
        owners: what it belongs to, as in `LiveRecord.owners`.
        is_noise: nothing changed that a comparison looks at, only what a resource tree shows.
    """

    change: LiveChange
    key: ResourceKey
    instances: frozenset[str]
    uid: str = ""
    owners: tuple[str, ...] = ()
    is_noise: bool = False

    @property
    def is_child(self) -> bool:
        """True for what belongs to another object."""
        return bool(self.owners)


_Place = tuple[GroupVersionKind, str]


class LiveCache:
    """Every live object of one cluster, whole where an Application manages it."""

    def __init__(
        self,
        client: KubeClient,
        *,
        is_excluded: Callable[[GroupKind], bool],
        reading: Reading,
        extent: Extent = EVERYTHING,
    ) -> None:
        self._client, self._extent = client, extent
        self._is_excluded = is_excluded
        self._store, self._takes_time = LiveStore(reading), reading.takes_time
        self._deferred = DeferredChanges(
            reading.is_noise,
            self._store.get,
            lambda key, before, after: self._tell(LiveChange.MODIFIED, key, before, after),
        )
        self._feeds: dict[_Place, LiveFeed] = {}
        self._listeners = Listeners[[LiveEvent]]("changes of live objects")
        self._availability_listeners = Listeners[[]]("availability of kinds")
        self._kinds_changed = asyncio.Event()
        self._kinds_task: asyncio.Task[None] | None = None
        self._started_at = time.monotonic()
        self.events: Counter[GroupKind] = Counter()

    @property
    def kinds(self) -> int:
        """How many kinds are watched."""
        return len({gvk for gvk, _ in self._feeds})

    def age_s(self) -> float:
        """Return for how many seconds the cluster has been watched."""
        return time.monotonic() - self._started_at

    async def start(self) -> None:
        """Begin to watch; return once each kind is listed, or known not to be readable."""
        await self.refresh_kinds()
        self._kinds_task = asyncio.create_task(supervise("kinds", self._follow_kinds))

    async def close(self) -> None:
        """Stop watching."""
        tasks = [feed.task for feed in self._feeds.values()]
        if self._kinds_task is not None:
            tasks.append(self._kinds_task)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._deferred.close()

    def subscribe(self, listener: Callable[[LiveEvent], None]) -> Callable[[], None]:
        """Be told of every change that may matter; must return at once.

        Returns:
            A function that ends it.
        """
        return self._listeners.add(listener)

    def subscribe_availability(self, listener: Callable[[], None]) -> None:
        """Be told when a kind has become readable or is no longer; must return at once."""
        self._availability_listeners.add(listener)

    def availability_changed(self) -> None:
        """Learn that a kind has become readable, or is no longer."""
        self._availability_listeners.tell()

    async def refresh_kinds(self) -> None:
        """Read anew which kinds there are; return once the new ones are listed."""
        await self._client.discovery.refresh()
        served = {
            (resource.gvk, namespace): resource
            for resource in self._client.discovery.preferred_resources()
            if resource.is_watchable and not self._is_excluded(resource.gvk.group_kind)
            for namespace in self._extent.places(resource)
        }
        for place in [place for place in self._feeds if place not in served]:
            await self._stop(place)
        for place, resource in served.items():
            if place not in self._feeds:
                self._feeds[place] = LiveFeed(self, self._client, resource, place[1])
        await self._settle()

    async def _settle(self) -> None:
        """Wait until each kind is listed; one that takes too long counts as not readable now."""
        feeds = list(self._feeds.values())
        try:
            async with asyncio.timeout(_FIRST_LIST_S):
                await asyncio.gather(*(feed.settled.wait() for feed in feeds))
        except TimeoutError:
            for feed in feeds:
                feed.overdue(_FIRST_LIST_S)

    def require_available(self, key: ResourceKey) -> None:
        """Check that what the cache says of an object can be trusted.

        Raises:
            ClusterError: its kind cannot be listed or watched now.
            NotManagedError: it lies outside of what is managed of the cluster.
        """
        resource = self._client.discovery.preferred(key.group_kind)
        if resource is None:
            return
        self._extent.require_managed(key, is_namespaced=resource.namespaced)
        for namespace in {"", key.namespace}:
            feed = self._feeds.get((resource.gvk, namespace))
            if feed is not None and feed.error is not None:
                what = f"{key.group_kind} cannot be listed: {feed.error}"
                raise ClusterError(what, where=self.server)

    @property
    def server(self) -> str:
        """The address of the cluster."""
        return self._client.transport.server

    def __len__(self) -> int:
        return len(self._store)

    def record(self, key: ResourceKey) -> LiveRecord | None:
        """Return what is known of an object.

        A key that was made before its kind was served may name a namespace that the kind has not.
        """
        found = self._store.get(key)
        if found is not None or not key.namespace:
            return found
        if self._client.discovery.is_namespaced(key.group_kind) is False:
            return self._store.get(key._replace(namespace=""))
        return None

    def owned_by(self, instance: str) -> frozenset[ResourceKey]:
        """Return the objects whose mark names an Application."""
        return self._store.owned_by(instance)

    @property
    def revision(self) -> int:
        """Grows with every change; see `changed_since`."""
        return self._store.revision

    def changed_since(self, revision: int) -> list[ResourceKey] | None:
        """Return what came, went or changed after a revision; None when that is too long ago.

        Of objects that are not kept whole it tells only when they come, go or change hands.
        """
        return self._store.changed_since(revision)

    def children(self, owners: Iterable[str]) -> list[ResourceKey]:
        """Return the objects that belong to some objects, named as in `LiveRecord.owners`."""
        return self._store.children(owners)

    def unclaimed(self, namespace: str) -> frozenset[ResourceKey]:
        """Return the objects of a namespace that belong to no object and no Application."""
        return self._store.unclaimed(namespace)

    def is_unclaimed(self, key: ResourceKey) -> bool:
        """Return whether an object is there and belongs to no object and no Application."""
        return self._store.is_unclaimed(key)

    def names_of(self, kind: GroupKind, namespace: str) -> list[str]:
        """Return the names of a kind's objects in a namespace."""
        return [key.name for key in self._store.keys_of(kind) if key.namespace == namespace]

    async def load(self, key: ResourceKey) -> LiveRecord | None:
        """Return an object whole, reading it when it is only known by name.

        Raises:
            ClusterError: its kind cannot be listed, or the cluster does not answer.
            NotManagedError: it lies outside of what is managed of the cluster.
        """
        self.require_available(key)
        record = self._store.get(key)
        if record is None or record.body is not None:
            return record
        self._store.pin(key)
        manifest = await self._client.get(record.gvk, key.namespace, key.name)
        if manifest is None:
            return None
        return self._store.put(key, manifest)[1]

    async def load_all(self, keys: Iterable[ResourceKey]) -> dict[ResourceKey, LiveRecord]:
        """Return those of some objects that exist, whole.

        Raises:
            ClusterError: a kind of theirs cannot be listed, or the cluster does not answer.
            NotManagedError: one lies outside of what is managed of the cluster.
        """
        found: dict[ResourceKey, LiveRecord] = {}
        checked = set()
        for key in keys:
            place = key[:3]
            if place not in checked:
                self.require_available(key)
                checked.add(place)
            record = self._store.get(key)
            if record is not None and record.body is None:
                record = await self.load(key)
            if record is not None and record.body is not None:
                found[key] = record
        return found

    def observe(self, manifest: Manifest) -> None:
        """Take in the answer to our own write at once; its event will change nothing."""
        key = key_of(manifest)
        self._store.pin(key)
        self._store.put(key, manifest)

    def forget(self, key: ResourceKey, uid: str) -> None:
        """Take in that an object is gone."""
        self._store.remove(key, uid)

    def knows(self, kind: GroupKind, head: Head) -> bool:
        """Return whether an object is held at this version or a later one."""
        if kind in _KIND_SOURCES:
            return False  # our own definitions too change which kinds there are
        key = ResourceKey(kind.group, kind.kind, head.namespace, head.name)
        record = self._store.get(key)
        if record is None or record.uid != head.uid:
            return False
        return record.resource_version >= int(head.version)

    def take(self, kind: GroupKind, event: str, manifest: Manifest) -> None:
        """Take over one change that a watch reported."""
        self.events[kind] += 1
        if kind in _KIND_SOURCES:
            self._kinds_changed.set()
        key = key_of(manifest)
        if event == "DELETED":
            gone = self._store.remove(key, manifest["metadata"]["uid"])
            if gone is not None:
                self._tell(LiveChange.DELETED, key, gone, gone)
            return
        before, after = self._store.put(key, manifest)
        if before is None:
            self._tell(LiveChange.ADDED, key, after, after)
        elif before is not after:
            self._modified(key, before, after)

    def _modified(self, key: ResourceKey, before: LiveRecord, after: LiveRecord) -> None:
        if _state(before) != _state(after):
            if _is_same_object(before, after) and self._takes_time(key):
                self._deferred.add(key, before)
            else:
                self._tell(LiveChange.MODIFIED, key, before, after)
        elif before.node != after.node:
            self._tell(LiveChange.MODIFIED, key, before, after, is_noise=True)

    def retain(
        self, kind: GroupKind, found: set[ResourceKey], *, namespace: str = "", up_to: int = 0
    ) -> None:
        """Forget the objects of a kind that a complete list did not hold.

        Args:
            kind: of the list.
            found: what it held.
            namespace: of the list, "" for all.
            up_to: its version; objects of a later one stay. 0 when no version is known.
        """
        for key in self._store.keys_of(kind):
            if key in found or (namespace and key.namespace != namespace):
                continue
            record = self._store.get(key)
            if record is not None and up_to and record.resource_version > up_to:
                continue
            gone = self._store.remove(key)
            if gone is not None:
                self._tell(LiveChange.DELETED, key, gone, gone)

    def _tell(
        self,
        change: LiveChange,
        key: ResourceKey,
        before: LiveRecord,
        after: LiveRecord,
        *,
        is_noise: bool = False,
    ) -> None:
        instances = frozenset(name for name in (before.instance, after.instance) if name)
        event = LiveEvent(change, key, instances, after.uid, after.owners, is_noise)
        self._listeners.tell(event)

    async def _follow_kinds(self) -> None:
        while True:
            await self._kinds_changed.wait()
            # Several definitions tend to arrive together, and are served a moment later.
            await asyncio.sleep(0.2)
            self._kinds_changed.clear()
            await self.refresh_kinds()

    async def _stop(self, place: _Place) -> None:
        gvk = place[0]
        feed = self._feeds.pop(place)
        feed.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await feed.task
        if self._client.discovery.preferred(gvk.group_kind) is None:
            self.retain(gvk.group_kind, set())


def _is_same_object(before: LiveRecord, after: LiveRecord) -> bool:
    return (before.uid, before.instance) == (after.uid, after.instance)


def _state(record: LiveRecord) -> tuple[int, str | None, str]:
    """Return what a comparison would notice when it changes."""
    return record.digest, record.instance, record.uid
