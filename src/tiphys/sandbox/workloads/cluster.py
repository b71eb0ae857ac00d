"""What simulated controllers do with a cluster: look, create, change, delete, report."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tiphys.sandbox.clock import utc_now
from tiphys.sandbox.lifecycle.dependents import Dependents
from tiphys.sandbox.registry.registry import Registry
from tiphys.sandbox.registry.writing import Write
from tiphys.sandbox.statuses import StatusError
from tiphys.sandbox.storage.stored import Collection
from tiphys.sandbox.typed.kinds import Kind, version_order

Manifest = dict[str, Any]
Step = Callable[["Cluster", Manifest], float | None]
"""Moves an object one step on; returns the seconds until it is to be looked at again, if at all."""

PODS: Collection = ("", "pods")
REPLICA_SETS: Collection = ("apps", "replicasets")
MANAGER = "kube-controller-manager"


class Cluster:
    """A cluster as controllers see it. What is read is never to be changed.

    Attributes:
        refusal: what the API server said when it last refused a new object; whoever starts a step
            empties it.
    """

    refusal = ""

    def __init__(self, registry: Registry, dependents: Dependents) -> None:
        self._registry, self._dependents = registry, dependents
        # The last of equal collections stays: that of the preferred version.
        kinds = sorted(registry.kinds.all(), key=version_order, reverse=True)
        self.kinds = {kind.collection: kind for kind in kinds if not kind.is_custom}

    @property
    def now(self) -> str:
        """The time as objects carry it."""
        return utc_now()

    def find(self, collection: Collection, namespace: str, name: str) -> Manifest | None:
        """Return an object, None when there is none."""
        stored = self._registry.store.get(collection, (namespace, name))
        return None if stored is None else stored.manifest

    def all(self, collection: Collection, namespace: str) -> list[Manifest]:
        """Return the objects of a namespace that are not being deleted."""
        found = self._registry.store.all(collection, namespace)
        return _staying([stored.manifest for _, stored in found])

    def everything(self, collection: Collection, namespace: str) -> list[Manifest]:
        """Return the objects of a namespace, those that are being deleted among them."""
        found = self._registry.store.all(collection, namespace)
        return [stored.manifest for _, stored in found]

    def count(self, collection: Collection, namespace: str) -> int:
        """Return how many objects there are in a namespace."""
        return len(self._registry.store.all(collection, namespace))

    def all_kinds(self) -> list[Kind]:
        """Return all kinds in all their versions, custom ones too."""
        return list(self._registry.kinds.all())

    def children(self, owner: Manifest, collection: Collection) -> list[Manifest]:
        """Return what an object owns that is not being deleted, sorted by name."""
        found = self._dependents.of(owner["metadata"]["uid"], collection)
        return _staying([stored.manifest for _, _, stored in found])

    def create(self, collection: Collection, manifest: Manifest) -> Manifest | None:
        """Create an object; None when it is there already, or not allowed."""
        namespace = manifest["metadata"].get("namespace", "")
        try:
            made = self._registry.create(self.kinds[collection], namespace, manifest, _write())
        except StatusError as err:
            if err.code not in {403, 404, 409}:
                raise
            if err.code == 403 and not (err.body.get("details") or {}).get("causes"):
                self.refusal = str(err)  # a namespace that ends says so in a cause: never again
            return None
        return made.manifest

    def change(
        self,
        collection: Collection,
        manifest: Manifest,
        change: Callable[[Manifest], Manifest],
        subresource: str = "",
    ) -> Manifest:
        """Change an object, or by way of a subresource what that may; return it as it is then."""
        return self._patch(collection, manifest, change, subresource)

    def delete(self, collection: Collection, manifest: Manifest) -> None:
        """Delete an object, and in the background what it owns."""
        metadata = manifest["metadata"]
        key = (metadata.get("namespace", ""), metadata["name"])
        if self._registry.store.get(collection, key) is not None:
            options = {"propagationPolicy": "Background", "gracePeriodSeconds": 0}
            self._registry.delete(self.kinds[collection], *key, options)

    def report(self, collection: Collection, manifest: Manifest, status: Manifest) -> None:
        """Write an object's status, unless it says so already."""
        if (manifest.get("status") or {}) != status:
            self._patch(collection, manifest, lambda live: {**live, "status": status}, "status")

    def _patch(
        self,
        collection: Collection,
        manifest: Manifest,
        change: Callable[[Manifest], Manifest],
        subresource: str,
    ) -> Manifest:
        metadata = manifest["metadata"]
        key = (metadata.get("namespace", ""), metadata["name"])
        write = _write(subresource)
        return self._registry.patch(self.kinds[collection], key, change, write).manifest


def seconds_since(text: str) -> float:
    """Return the seconds since a time as objects carry it."""
    return (datetime.now(UTC) - datetime.fromisoformat(text)).total_seconds()


def _staying(manifests: list[Manifest]) -> list[Manifest]:
    return [m for m in manifests if not m["metadata"].get("deletionTimestamp")]


def _write(subresource: str = "") -> Write:
    return Write(manager=MANAGER, now=utc_now(), subresource=subresource)
