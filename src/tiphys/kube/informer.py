"""All objects of one kind, whole and in memory: Applications, projects, Secrets, settings."""

import asyncio
from collections.abc import Callable

from tiphys.kube.client import KubeClient
from tiphys.kube.listeners import Listeners
from tiphys.kube.watching import Collection, Head, list_and_watch, supervise
from tiphys.model.errors import ApiError, ClusterError
from tiphys.model.keys import GroupVersionKind, Manifest

_PATIENCE_S = 10.0
Listener = Callable[[str, Manifest | None, Manifest | None], None]
"""Called with "namespace/name", the object before, and after; None where there was or is none."""


class Informer:
    """A live copy of one collection."""

    def __init__(
        self,
        client: KubeClient,
        gvk: GroupVersionKind,
        *,
        namespace: str = "",
        label_selector: str = "",
        is_kept: Callable[[str], bool] = lambda namespace: True,
    ) -> None:
        """Prepare.

        Args:
            client: of the cluster.
            gvk: what is followed.
            namespace: of the objects, "" for all.
            label_selector: only of those with these labels.
            is_kept: tells of a namespace whether its objects count.
        """
        self._is_kept = is_kept
        self._client, self._gvk = client, gvk
        self._namespace, self._label_selector = namespace, label_selector
        self._objects: dict[str, Manifest] = {}
        self._listeners = Listeners[[str, Manifest | None, Manifest | None]]("changes of objects")
        self._synced: asyncio.Future[None] | None = None
        self._failing_at: float | None = None
        self._task: asyncio.Task[None] | None = None

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Be told of every change from now on; must return at once.

        Returns:
            A function that ends it.
        """
        return self._listeners.add(listener)

    async def start(self) -> None:
        """Begin to watch, and return once the first list is in.

        Raises:
            ApiError: the server refuses the list, or has failed for some seconds.
            ClusterError: the server has not answered for some seconds.
            NotFoundError: it does not serve the kind.
        """
        self._synced = asyncio.get_running_loop().create_future()
        collection = Collection(
            client=self._client,
            resource=self._client.resource(self._gvk),
            namespace=self._namespace,
            label_selector=self._label_selector,
        )

        async def feed() -> None:
            await list_and_watch(collection, self)

        self._task = asyncio.create_task(supervise(self._gvk.kind, feed))
        await self._synced

    async def close(self) -> None:
        """Stop watching."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def get(self, key: str) -> Manifest | None:
        """Return the object with a "namespace/name", None when there is none."""
        return self._objects.get(key)

    def names(self) -> list[str]:
        """Return the "namespace/name" of every object."""
        return list(self._objects)

    def objects(self) -> list[Manifest]:
        """Return every object."""
        return list(self._objects.values())

    def observe(self, manifest: Manifest) -> None:
        """Take in the answer to our own write; its event will then change nothing.

        A write that took the last finalizer away is the last that is heard of a deleted object: its
        event may have come already.
        """
        metadata = manifest["metadata"]
        is_gone = metadata.get("deletionTimestamp") and not metadata.get("finalizers")
        self.changed("DELETED" if is_gone else "MODIFIED", manifest)

    def knows(self, head: Head) -> bool:
        """Return whether an object is held at this version or a later one."""
        key = f"{head.namespace}/{head.name}" if head.namespace else head.name
        held = self._objects.get(key)
        if held is None or held["metadata"].get("uid") != head.uid:
            return False
        return int(held["metadata"]["resourceVersion"]) >= int(head.version)

    def replace_all(self, objects: list[Manifest], version: str) -> None:
        """Take over a complete list."""
        del version
        objects = [found for found in objects if self._is_kept(_namespace(found))]
        found = {_key(manifest): manifest for manifest in objects}
        for key in [key for key in self._objects if key not in found]:
            self._tell(key, self._objects.pop(key), None)
        for manifest in objects:
            self.changed("MODIFIED", manifest)
        self._settle(None)

    def changed(self, event: str, manifest: Manifest) -> None:
        """Take over one change; one that is older than what is held is dropped."""
        if not self._is_kept(_namespace(manifest)):
            return
        key = _key(manifest)
        before = self._objects.get(key)
        if event == "DELETED":
            if before is not None:
                del self._objects[key]
                self._tell(key, before, None)
            return
        if before is not None and not is_newer(manifest, before):
            return
        self._objects[key] = manifest
        self._tell(key, before, manifest)

    def followed(self) -> None:
        """Nothing to do: what is held stands whether the server answers or not."""

    def failed(self, error: ApiError | ClusterError) -> None:
        """Keep what is held: a collection that cannot be read now has not become empty.

        Who waits for the first list is told when there will be none.
        """
        now = asyncio.get_running_loop().time()
        self._failing_at = now if self._failing_at is None else self._failing_at
        if not error.transient or now - self._failing_at >= _PATIENCE_S:
            self._settle(error)

    def _settle(self, error: Exception | None) -> None:
        if self._synced is None or self._synced.done():
            return
        if error is None:
            self._synced.set_result(None)
        else:
            self._synced.set_exception(error)

    def _tell(self, key: str, before: Manifest | None, after: Manifest | None) -> None:
        self._listeners.tell(key, before, after)


def is_newer(manifest: Manifest, than: Manifest) -> bool:
    """Return whether a version of an object comes after another one.

    Versions of one object grow as numbers.

    Source: KEP-5504 "Comparable Resource Version".
    """
    new, old = manifest["metadata"], than["metadata"]
    if new.get("uid") != old.get("uid"):
        return True
    return int(new["resourceVersion"]) > int(old["resourceVersion"])


def _key(manifest: Manifest) -> str:
    metadata = manifest["metadata"]
    namespace = metadata.get("namespace", "")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])


def _namespace(manifest: Manifest) -> str:
    return str(manifest["metadata"].get("namespace", ""))
