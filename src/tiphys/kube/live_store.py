"""What is known of every live object: whole where it is managed, a slim record where it is not.

Managed objects are kept as the bytes that they were read as; the rest of a cluster costs a few
words an object. Indexes from Application and from owner to objects replace every scan.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import msgspec
import orjson

from tiphys.engine.tree import owners_of
from tiphys.model.encoding import kept_json
from tiphys.model.keys import GroupKind, GroupVersionKind, Manifest, ResourceKey

_Name = TypeVar("_Name", str, GroupKind)
_REMEMBERED_CHANGES = 20_000
_VOLATILE = frozenset({"resourceVersion", "managedFields", "generation"})


class LiveRecord(msgspec.Struct, frozen=True):
    """One live object.

    Attributes:
        owners: the objects that it belongs to: their uids, or `str(key)` of one that is known by
            name only.
        instance: the Application that its mark names, None when it has none.
        digest: changes with anything but noise, its resourceVersion, generation and managed
            fields; 0 for objects that are not managed.
        body: the object as JSON, None when it is not managed.
        node: what a resource tree shows of it, as `describe` gave it; None for what belongs to
            nobody.
    """

    gvk: GroupVersionKind
    uid: str
    resource_version: int
    owners: tuple[str, ...]
    instance: str | None
    digest: int
    body: bytes | None
    node: bytes | None = None

    def manifest(self) -> Manifest:
        """Return the object; only managed ones are kept whole."""
        assert self.body is not None
        decoded: Manifest = orjson.loads(self.body)
        return decoded


def _whole(manifest: Manifest) -> Manifest:
    return manifest


def _never(key: ResourceKey) -> bool:
    del key
    return False


async def _no_noise(before: Manifest, after: Manifest) -> bool:
    return before == after


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What is read off each object as it comes in.

    Attributes:
        tracking: returns the Application that an object's mark names.
        without_noise: returns what of an object is worth a look when it changes.
        takes_time: tells that of an object's changes `is_noise` has to decide.
        is_noise: returns whether a change, from before to after, needs no look.
        describe: returns what a resource tree shows of an object, as JSON.
    """

    tracking: Callable[[Manifest], str | None]
    without_noise: Callable[[Manifest], Manifest] = _whole
    takes_time: Callable[[ResourceKey], bool] = _never
    is_noise: Callable[[Manifest, Manifest], Awaitable[bool]] = _no_noise
    describe: Callable[[Manifest], bytes] | None = None


class LiveStore:
    """All live objects of one cluster."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._records: dict[ResourceKey, LiveRecord] = {}
        self._by_instance: dict[str, set[ResourceKey]] = {}
        self._by_owner: dict[str, set[ResourceKey]] = {}
        self._by_kind: dict[GroupKind, set[ResourceKey]] = {}
        self._unclaimed: dict[str, set[ResourceKey]] = {}
        self._pinned: set[ResourceKey] = set()
        self._changes: OrderedDict[ResourceKey, int] = OrderedDict()
        self._forgotten = 0
        self.revision = 0
        """Grows with every change that somebody may ask for."""

    def __len__(self) -> int:
        return len(self._records)

    def get(self, key: ResourceKey) -> LiveRecord | None:
        """Return what is known of an object, None when there is none."""
        return self._records.get(key)

    def changed_since(self, revision: int) -> list[ResourceKey] | None:
        """Return what came, went or changed after a revision; None when that is too long ago.

        Of objects that are not kept whole it tells only when they come, go or change hands.
        """
        if revision < self._forgotten:
            return None
        changed = []
        for key, at in reversed(self._changes.items()):
            if at <= revision:
                break
            changed.append(key)
        return changed

    def _note(self, key: ResourceKey) -> None:
        self.revision += 1
        self._changes[key] = self.revision
        self._changes.move_to_end(key)
        if len(self._changes) > _REMEMBERED_CHANGES:
            self._forgotten = self._changes.popitem(last=False)[1]

    def owned_by(self, instance: str) -> frozenset[ResourceKey]:
        """Return the objects whose mark names an Application."""
        return frozenset(self._by_instance.get(instance, ()))

    def keys_of(self, kind: GroupKind) -> list[ResourceKey]:
        """Return the objects of a kind."""
        return list(self._by_kind.get(kind, ()))

    def children(self, owners: Iterable[str]) -> list[ResourceKey]:
        """Return the objects that belong to some objects, named as in `LiveRecord.owners`."""
        found = [self._by_owner.get(owner, set()) for owner in owners]
        return list(set().union(*found))

    def unclaimed(self, namespace: str) -> frozenset[ResourceKey]:
        """Return the objects of a namespace that belong to no object and no Application."""
        return frozenset(self._unclaimed.get(namespace, ()))

    def is_unclaimed(self, key: ResourceKey) -> bool:
        """Return whether an object is there and belongs to no object and no Application."""
        return key in self._unclaimed.get(key.namespace, ())

    def pin(self, key: ResourceKey) -> None:
        """Keep an object whole from now on, whoever it belongs to."""
        self._pinned.add(key)

    def put(self, key: ResourceKey, manifest: Manifest) -> tuple[LiveRecord | None, LiveRecord]:
        """Take over an object; return what was known before and what is now.

        An older version than the one that is held changes nothing.
        """
        before = self._records.get(key)
        metadata = manifest["metadata"]
        version = int(metadata["resourceVersion"])
        is_stale = before is not None and before.uid == metadata["uid"]
        if before is not None and is_stale and version <= before.resource_version:
            if before.body is None and key in self._pinned and version == before.resource_version:
                return before, self._store(key, manifest, before)
            return before, before
        return before, self._store(key, manifest, before)

    def remove(self, key: ResourceKey, uid: str = "") -> LiveRecord | None:
        """Forget an object and return it; one with another uid than given stays."""
        record = self._records.get(key)
        if record is None or (uid and record.uid != uid):
            return None
        del self._records[key]
        self._pinned.discard(key)
        self._note(key)
        self._unindex(key, record)
        return record

    def _store(self, key: ResourceKey, manifest: Manifest, before: LiveRecord | None) -> LiveRecord:
        metadata = manifest["metadata"]
        instance = self._reading.tracking(manifest)
        is_whole = instance is not None or key in self._pinned
        group, version = key.group, str(manifest["apiVersion"]).rpartition("/")[2]
        describe = self._reading.describe
        owners = tuple(owner.uid or str(owner.key) for owner in owners_of(manifest))
        record = LiveRecord(
            gvk=GroupVersionKind(group, version, key.kind),
            uid=metadata["uid"],
            resource_version=int(metadata["resourceVersion"]),
            owners=owners,
            instance=instance,
            digest=digest_of(self._reading.without_noise(manifest)) if is_whole else 0,
            body=kept_json(manifest) if is_whole else None,
            node=describe(manifest) if describe and (is_whole or owners) else None,
        )
        if before is not None and (before.instance, before.owners) != (instance, owners):
            self._unindex(key, before)
        if instance is not None:
            self._by_instance.setdefault(instance, set()).add(key)
        for owner in owners:
            self._by_owner.setdefault(owner, set()).add(key)
        if instance is None and not owners:
            self._unclaimed.setdefault(key.namespace, set()).add(key)
        self._by_kind.setdefault(key.group_kind, set()).add(key)
        self._records[key] = record
        if is_whole or before is None or _matters(before) != _matters(record):
            self._note(key)
        return record

    def _unindex(self, key: ResourceKey, record: LiveRecord) -> None:
        if record.instance is not None:
            _discard(self._by_instance, record.instance, key)
        for owner in record.owners:
            _discard(self._by_owner, owner, key)
        _discard(self._unclaimed, key.namespace, key)
        _discard(self._by_kind, key.group_kind, key)


def _matters(record: LiveRecord) -> tuple[object, ...]:
    """Return what somebody may ask for of an object that is not kept whole."""
    return (record.uid, record.instance, record.owners, record.body is None)


def _discard(index: dict[_Name, set[ResourceKey]], name: _Name, key: ResourceKey) -> None:
    keys = index.get(name)
    if keys is not None:
        keys.discard(key)
        if not keys:
            del index[name]


def digest_of(manifest: Manifest) -> int:
    """Return what changes with anything but versions and owners of fields."""
    metadata = manifest["metadata"]
    kept = {name: value for name, value in metadata.items() if name not in _VOLATILE}
    return hash(orjson.dumps({**manifest, "metadata": kept}, option=orjson.OPT_SORT_KEYS))
