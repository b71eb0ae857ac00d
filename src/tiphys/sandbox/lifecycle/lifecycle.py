"""What happens by itself after a deletion: dependents, namespaces, definitions and their objects.

Source: Kubernetes documentation, "Garbage Collection", "Finalizers"; KEP of namespaces' deletion.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Protocol

from tiphys.sandbox.clock import utc_now
from tiphys.sandbox.lifecycle.dependents import Dependents, owners_of
from tiphys.sandbox.lifecycle.namespaces import conditions, emptied, is_held
from tiphys.sandbox.registry.registry import Registry
from tiphys.sandbox.registry.writing import Write
from tiphys.sandbox.statuses import StatusError
from tiphys.sandbox.storage.stored import Change, Collection, Stored
from tiphys.sandbox.typed.kinds import Kind, version_order

log = logging.getLogger(__name__)

_NAMESPACES = ("", "namespaces")
_CRDS = ("apiextensions.k8s.io", "customresourcedefinitions")
_CRD_FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
_FOREGROUND, _ORPHAN = "foregroundDeletion", "orphan"
_MANAGER = "sandbox-controller-manager"
_AUTHORITY = "kube-root-ca.crt"


class Follower(Protocol):
    """Does more when something changes."""

    def follow(self, change: Change) -> None:
        """Do what a change calls for."""


class Lifecycle:
    """Follows every change and does what the controller manager would."""

    def __init__(
        self,
        registry: Registry,
        dependents: Dependents,
        followers: Sequence[Follower] = (),
        authority: str = "",
    ) -> None:
        self._registry, self._dependents = registry, dependents
        self._followers, self._authority = followers, authority
        self._waiting: asyncio.Queue[Change] = asyncio.Queue()
        self._kinds: dict[Collection, Kind] = {}

    async def run(self) -> None:
        """Work until cancelled."""
        store = self._registry.store
        unsubscribe = store.subscribe(self._waiting.put_nowait)
        try:
            for collection in (_NAMESPACES, _CRDS):
                for name, stored in store.all(collection):
                    self._waiting.put_nowait(Change("MODIFIED", collection, name, stored, None))
            while True:
                change = await self._waiting.get()
                try:
                    self._follow(change)
                except StatusError as err:
                    log.warning("lifecycle step refused", extra={"error": str(err)})
                except Exception:
                    log.exception("lifecycle step crashed")
        finally:
            unsubscribe()

    def _follow(self, change: Change) -> None:
        for follower in self._followers:
            follower.follow(change)
        manifest = change.stored.manifest
        metadata = manifest["metadata"]
        if change.event == "DELETED":
            self._gone(metadata)
            self._owner_may_go(metadata)
            self._holder_may_go(change.collection, metadata)
            return
        if change.event == "ADDED" and self._is_left_over(change.collection, metadata):
            return
        if change.collection == _NAMESPACES:
            self._namespace(manifest)
        elif metadata.get("deletionTimestamp"):
            self._deleting(change.collection, manifest)

    def _gone(self, metadata: dict[str, Any]) -> None:
        """Delete what a removed object owned; what has another owner left forgets it."""
        for collection, name, stored in self._dependents.of(metadata["uid"]):
            others = [
                owner
                for owner in owners_of(stored)
                if owner["uid"] != metadata["uid"] and self._is_there(owner, name[0])
            ]
            if others:
                self._orphan(collection, name, stored.manifest, metadata["uid"])
            else:
                self._delete(collection, name, "Background")

    def _is_left_over(self, collection: Collection, metadata: dict[str, Any]) -> bool:
        """Delete an object whose owners were gone before it came."""
        owners = metadata.get("ownerReferences") or []
        namespace = metadata.get("namespace", "")
        if not owners or any(self._is_there(owner, namespace) for owner in owners):
            return False
        self._delete(collection, (namespace, metadata["name"]), "Background")
        return True

    def _is_there(self, owner: dict[str, Any], namespace: str) -> bool:
        group = owner["apiVersion"].rpartition("/")[0]
        kind = self._registry.kinds.of(group, owner["kind"])
        if kind is None:
            return False
        name = (namespace if kind.namespaced else "", owner["name"])
        stored = self._registry.store.get(kind.collection, name)
        return stored is not None and stored.manifest["metadata"]["uid"] == owner["uid"]

    def _deleting(self, collection: Collection, manifest: dict[str, Any]) -> None:
        metadata = manifest["metadata"]
        finalizers = metadata.get("finalizers") or []
        if _FOREGROUND in finalizers:
            for dependent, name, stored in self._dependents.of(metadata["uid"]):
                if not stored.manifest["metadata"].get("deletionTimestamp"):
                    self._delete(dependent, name, "Foreground")
            if not self._has_blocking(metadata["uid"]):
                self._drop_finalizer(collection, manifest, _FOREGROUND)
        elif _ORPHAN in finalizers:
            for dependent, name, stored in self._dependents.of(metadata["uid"]):
                self._orphan(dependent, name, stored.manifest, metadata["uid"])
            self._drop_finalizer(collection, manifest, _ORPHAN)
        elif collection == _CRDS and _CRD_FINALIZER in finalizers:
            self._definition(manifest)

    def _has_blocking(self, uid: str) -> bool:
        return any(
            owner["uid"] == uid and owner.get("blockOwnerDeletion") is True
            for _, _, stored in self._dependents.of(uid)
            for owner in owners_of(stored)
        )

    def _owner_may_go(self, metadata: dict[str, Any]) -> None:
        """Look again at owners that wait for this object to be gone."""
        for owner in metadata.get("ownerReferences") or ():
            kind = self._registry.kinds.of(owner["apiVersion"].rpartition("/")[0], owner["kind"])
            if kind is None:
                continue
            name = (metadata.get("namespace", "") if kind.namespaced else "", owner["name"])
            stored = self._registry.store.get(kind.collection, name)
            if stored is not None and stored.manifest["metadata"].get("deletionTimestamp"):
                self._deleting(kind.collection, stored.manifest)

    def _holder_may_go(self, collection: Collection, metadata: dict[str, Any]) -> None:
        """Look again at a namespace or definition that waits for its objects to be gone."""
        store = self._registry.store
        namespace = metadata.get("namespace")
        stored = store.get(_NAMESPACES, ("", namespace)) if namespace else None
        if stored is not None and stored.manifest["metadata"].get("deletionTimestamp"):
            self._namespace(stored.manifest)
        definition = store.get(_CRDS, ("", f"{collection[1]}.{collection[0]}"))
        if definition is not None and definition.manifest["metadata"].get("deletionTimestamp"):
            self._definition(definition.manifest)

    def _namespace(self, manifest: dict[str, Any]) -> None:
        metadata = manifest["metadata"]
        if not metadata.get("deletionTimestamp"):
            self._furnish(metadata["name"])
            return
        store = self._registry.store
        left: list[tuple[Collection, Stored]] = []
        for collection in store.collections():
            for name, stored in store.all(collection, metadata["name"]):
                if not stored.manifest["metadata"].get("deletionTimestamp"):
                    self._delete(collection, name, "Background")
                still = store.get(collection, name)
                left += [(collection, still)] if still is not None else []
        if left or is_held(manifest):
            self._report_namespace(manifest, left)
        else:
            self._registry.remove(self._kind(_NAMESPACES), "", metadata["name"])

    def _report_namespace(
        self, manifest: dict[str, Any], left: list[tuple[Collection, Stored]]
    ) -> None:
        """Say what keeps a namespace from ending, unless it says so already."""
        found = conditions(left, manifest, utc_now())
        if found == (manifest.get("status") or {}).get("conditions"):
            return
        new = manifest if left else emptied(manifest)
        status = {**new["status"], "conditions": found}
        metadata = dict(new["metadata"])
        self._registry.store.put(_NAMESPACES, {**new, "metadata": metadata, "status": status})

    def _furnish(self, namespace: str) -> None:
        """Give a namespace what every namespace has."""
        write = Write(manager=_MANAGER, now=utc_now())
        for collection, manifest in (
            (("", "serviceaccounts"), {"metadata": {"name": "default"}}),
            (
                ("", "configmaps"),
                {"metadata": {"name": _AUTHORITY}, "data": {"ca.crt": self._authority}},
            ),
        ):
            kind = self._kind(collection)
            if (
                self._registry.store.get(collection, (namespace, manifest["metadata"]["name"]))
                is None
            ):
                self._registry.create(kind, namespace, manifest, write)

    def _definition(self, manifest: dict[str, Any]) -> None:
        spec = manifest["spec"]
        collection = (spec["group"], spec["names"]["plural"])
        for name, stored in self._registry.store.all(collection):
            if not stored.manifest["metadata"].get("deletionTimestamp"):
                self._delete(collection, name, "Background")
        if not self._registry.store.count(collection):
            self._drop_finalizer(_CRDS, manifest, _CRD_FINALIZER)

    def _orphan(
        self, collection: Collection, name: tuple[str, str], found: dict[str, Any], uid: str
    ) -> None:
        owners = [o for o in found["metadata"]["ownerReferences"] if o["uid"] != uid]

        def change(live: dict[str, Any]) -> dict[str, Any]:
            metadata = {**live["metadata"], "ownerReferences": owners}
            if not owners:
                del metadata["ownerReferences"]
            return {**live, "metadata": metadata}

        write = Write(manager=_MANAGER, now=utc_now())
        self._registry.patch(self._kind(collection), name, change, write)

    def _drop_finalizer(
        self, collection: Collection, manifest: dict[str, Any], finalizer: str
    ) -> None:
        metadata = manifest["metadata"]
        name = (metadata.get("namespace", ""), metadata["name"])

        def change(live: dict[str, Any]) -> dict[str, Any]:
            kept = [f for f in live["metadata"].get("finalizers") or [] if f != finalizer]
            new = {**live["metadata"], "finalizers": kept}
            if not kept:
                del new["finalizers"]
            return {**live, "metadata": new}

        write = Write(manager=_MANAGER, now=utc_now())
        if self._registry.store.get(collection, name) is not None:
            self._registry.patch(self._kind(collection), name, change, write)

    def _delete(self, collection: Collection, name: tuple[str, str], policy: str) -> None:
        if self._registry.store.get(collection, name) is not None:
            options = {"propagationPolicy": policy, "gracePeriodSeconds": 0}
            self._registry.delete(self._kind(collection), *name, options)

    def _kind(self, collection: Collection) -> Kind:
        found = self._kinds.get(collection)
        if found is None:
            kinds = self._registry.kinds.all()
            versions = [kind for kind in kinds if kind.collection == collection]
            found = min(versions, key=version_order)
            self._kinds[collection] = found
        return found
