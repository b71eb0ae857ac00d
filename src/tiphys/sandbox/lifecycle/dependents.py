"""Which objects name which owners, kept up to date with every committed change."""

from typing import Any

import msgspec

from tiphys.sandbox.storage.store import Store
from tiphys.sandbox.storage.stored import Change, Collection, Name, Stored

_OWNED = b'"ownerReferences":['


class _Metadata(msgspec.Struct):
    owners: list[dict[str, Any]] | None = msgspec.field(name="ownerReferences", default=None)


class _Owned(msgspec.Struct):
    metadata: _Metadata


_decoder = msgspec.json.Decoder(_Owned)

Dependent = tuple[Collection, Name, Stored]


class Dependents:
    """An index from an owner's uid to the objects that name it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._names: dict[str, set[tuple[Collection, Name]]] = {}
        for collection in store.collections():
            for name, stored in store.all(collection):
                self._add(collection, name, stored)
        store.subscribe(self._changed)

    def of(self, uid: str, collection: Collection | None = None) -> list[Dependent]:
        """Return an owner's objects, of one collection or of all, sorted by name."""
        found = []
        for where, name in sorted(self._names.get(uid, ())):
            if collection is None or where == collection:
                stored = self._store.get(where, name)
                if stored is not None and uid in owner_uids(stored):
                    found.append((where, name, stored))
        return found

    def _changed(self, change: Change) -> None:
        if change.event == "DELETED":
            for uid in owner_uids(change.stored):
                names = self._names.get(uid, set())
                names.discard((change.collection, change.name))
                if not names:
                    self._names.pop(uid, None)
        else:
            self._add(change.collection, change.name, change.stored)

    def _add(self, collection: Collection, name: Name, stored: Stored) -> None:
        for uid in owner_uids(stored):
            self._names.setdefault(uid, set()).add((collection, name))


def owner_uids(stored: Stored) -> list[str]:
    """Return the uids of all owners that an object names."""
    return [owner["uid"] for owner in owners_of(stored)]


def owners_of(stored: Stored) -> list[dict[str, Any]]:
    """Return the owners that an object names; objects need not be decoded whole for that."""
    if _OWNED not in stored.body:
        return []
    if stored.held is not None:
        return stored.held["metadata"].get("ownerReferences") or []
    return _decoder.decode(stored.body).metadata.owners or []
