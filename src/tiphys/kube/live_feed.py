"""What feeds a live cache: one kind's list and watch, in one namespace or in all."""

import asyncio
from typing import Protocol

from tiphys.kube.client import KubeClient
from tiphys.kube.discovery import ApiResource
from tiphys.kube.watching import Collection, Head, list_and_watch, supervise
from tiphys.model.errors import ApiError, ClusterError
from tiphys.model.keys import GroupKind, Manifest, ResourceKey, key_of

_STALE_S = 10.0


class Fed(Protocol):
    """The cache that is fed."""

    def knows(self, kind: GroupKind, head: Head) -> bool:
        """Return whether an object is held at this version or a later one."""

    def take(self, kind: GroupKind, event: str, manifest: Manifest) -> None:
        """Take over one change."""

    def retain(
        self, kind: GroupKind, found: set[ResourceKey], *, namespace: str, up_to: int
    ) -> None:
        """Forget objects of a kind that a complete list did not hold."""

    def availability_changed(self) -> None:
        """Learn that a kind has become readable, or is no longer."""


class LiveFeed:
    """One kind's list and watch.

    Attributes:
        settled: set once the kind is listed, or known not to be readable now.
        error: why what the cache holds of the kind is not to be trusted; None while it is. An
            interruption of some seconds is none: the watch goes on from where it was.
    """

    def __init__(
        self, cache: Fed, client: KubeClient, resource: ApiResource, namespace: str
    ) -> None:
        self._cache, self._kind = cache, resource.gvk.group_kind
        self._namespace = namespace
        self._failing_at: float | None = None
        self.settled = asyncio.Event()
        self.error: str | None = None
        collection = Collection(client=client, resource=resource, namespace=namespace)

        async def feed() -> None:
            await list_and_watch(collection, self)

        self.task = asyncio.create_task(supervise(resource.gvk.kind, feed))

    def knows(self, head: Head) -> bool:
        """Return whether an object is held at this version or a later one."""
        return self._cache.knows(self._kind, head)

    def replace_all(self, objects: list[Manifest], version: str) -> None:
        """Take over a complete list."""
        for manifest in objects:
            self._cache.take(self._kind, "MODIFIED", manifest)
        found = {key_of(manifest) for manifest in objects}
        # What is newer than the list was created after it: its event is on the way.
        up_to = int(version) if version.isdigit() else 0
        self._cache.retain(self._kind, found, namespace=self._namespace, up_to=up_to)
        self.settled.set()
        self.followed()

    def changed(self, event: str, manifest: Manifest) -> None:
        """Take over one change."""
        self._cache.take(self._kind, event, manifest)

    def followed(self) -> None:
        """Learn that the server answers."""
        self._failing_at = None
        if self.error is not None:
            self.error = None
            self._cache.availability_changed()

    def failed(self, error: ApiError | ClusterError) -> None:
        """Learn that the server does not answer, and say so when that lasts."""
        now = asyncio.get_running_loop().time()
        if self._failing_at is None:
            self._failing_at = now
        is_stale = not self.settled.is_set() or now - self._failing_at >= _STALE_S
        if is_stale and self.error is None:
            self.error = error.line
            self.settled.set()
            self._cache.availability_changed()

    def overdue(self, waited_s: float) -> None:
        """Say that the first list has not come, where it has not: nobody waits for it longer."""
        if not self.settled.is_set():
            self.failed(ClusterError(f"no list of it within {waited_s:g} s"))
