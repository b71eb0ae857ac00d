"""Claims and volumes that are being deleted go once nothing uses them any more.

Source: Kubernetes documentation, "Storage Object in Use Protection".
"""

from typing import Any

from tiphys.sandbox.clock import utc_now
from tiphys.sandbox.registry.registry import Registry
from tiphys.sandbox.registry.writing import Write
from tiphys.sandbox.storage.stored import Change, Collection
from tiphys.sandbox.typed.kinds import Kind

_PODS = ("", "pods")
_CLAIMS = ("", "persistentvolumeclaims")
_FINALIZERS = {
    _CLAIMS: "kubernetes.io/pvc-protection",
    ("", "persistentvolumes"): "kubernetes.io/pv-protection",
}


class Protection:
    """Takes the finalizers off that hold what is in use."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def follow(self, change: Change) -> None:
        """Let go what a change has set free."""
        if change.collection in _FINALIZERS and change.event != "DELETED":
            self._release(change.collection, change.stored.manifest)
        elif change.collection == _PODS and not _runs(change):
            for _, stored in self._registry.store.all(_CLAIMS, change.name[0]):
                self._release(_CLAIMS, stored.manifest)

    def _release(self, collection: Collection, manifest: dict[str, Any]) -> None:
        metadata, finalizer = manifest["metadata"], _FINALIZERS[collection]
        if not metadata.get("deletionTimestamp"):
            return
        is_held = finalizer in (metadata.get("finalizers") or ())
        if not is_held or self._is_used(collection, manifest):
            return

        def change(live: dict[str, Any]) -> dict[str, Any]:
            kept = [f for f in live["metadata"].get("finalizers") or () if f != finalizer]
            new = {**live["metadata"], "finalizers": kept}
            if not kept:
                del new["finalizers"]
            return {**live, "metadata": new}

        kind = self._kind(collection)
        name = (metadata.get("namespace", ""), metadata["name"])
        if self._registry.store.get(collection, name) is not None:
            write = Write(manager="sandbox-controller-manager", now=utc_now())
            self._registry.patch(kind, name, change, write)

    def _is_used(self, collection: Collection, manifest: dict[str, Any]) -> bool:
        if collection != _CLAIMS:
            return bool((manifest.get("status") or {}).get("phase") == "Bound")
        metadata = manifest["metadata"]
        pods = self._registry.store.all(_PODS, metadata["namespace"])
        return any(
            metadata["name"] in _claims(stored.manifest)
            for _, stored in pods
            if not _has_ended(stored.manifest)
        )

    def _kind(self, collection: Collection) -> Kind:
        kind = self._registry.kinds.find(collection[0], "v1", collection[1])
        assert kind is not None, collection
        return kind


def _claims(pod: dict[str, Any]) -> set[str]:
    volumes = (pod.get("spec") or {}).get("volumes") or ()
    return {str((volume.get("persistentVolumeClaim") or {}).get("claimName")) for volume in volumes}


def _has_ended(pod: dict[str, Any]) -> bool:
    return (pod.get("status") or {}).get("phase") in {"Succeeded", "Failed"}


def _runs(change: Change) -> bool:
    return change.event != "DELETED" and not _has_ended(change.stored.manifest)
