"""FieldsV1 read where it lies: who owns which field, without building sets first.

A FieldsV1 map mirrors the object: `f:<name>` is a field, `k:<json>` the element of a list with
those keys, `v:<json>` a member of a set, `.` the thing itself. It also tells what no schema is
needed for then: by which keys a list merges.

Source: Kubernetes API reference, "FieldsV1".
"""

from functools import lru_cache
from typing import Any

import msgspec
import orjson

from tiphys.model.keys import Manifest
from tiphys.model.labels import KUBECTL_CLIENT_SIDE_APPLY, LAST_APPLIED

_LAST_APPLIED_FIELDS = ("f:metadata", "f:annotations", f"f:{LAST_APPLIED}")


@lru_cache(maxsize=4096)
def parse_key(key: str) -> Any:
    """Return what stands behind `k:` or `v:`; the answer is shared and must not be changed."""
    return orjson.loads(key[2:])


def has_keys(item: Any, keys: Manifest) -> bool:
    """Return whether a list element is the one that a `k:` key names."""
    return isinstance(item, dict) and all(item.get(name) == value for name, value in keys.items())


class FieldEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of managedFields; `subresource` is "" for the main resource."""

    manager: str
    is_apply: bool
    subresource: str
    api_version: str
    time: str
    fields: Manifest


def field_entries(live: Manifest) -> list[FieldEntry]:
    """Return the entries of a live object."""
    return [
        FieldEntry(
            manager=str(entry.get("manager") or ""),
            is_apply=entry.get("operation") == "Apply",
            subresource=str(entry.get("subresource") or ""),
            api_version=str(entry.get("apiVersion") or ""),
            time=str(entry.get("time") or ""),
            fields=entry.get("fieldsV1") or {},
        )
        for entry in (live.get("metadata") or {}).get("managedFields") or ()
    ]


def applied_entries(entries: list[FieldEntry], manager: str) -> list[FieldEntry]:
    """Return the entries of what a manager applied (there is one for each apiVersion used)."""
    return [
        entry
        for entry in entries
        if entry.is_apply and entry.manager == manager and not entry.subresource
    ]


def migrated_entries(
    entries: list[FieldEntry], manager: str, migration_manager: str
) -> list[FieldEntry]:
    """Return the Update entries that the first sync takes over.

    They are those of client-side apply, whoever did it: kubectl, ourselves, the manager that the
    user names, and the one that owns the last-applied annotation.
    """
    names = {KUBECTL_CLIENT_SIDE_APPLY, manager, migration_manager} - {""}
    return [
        entry
        for entry in entries
        if not entry.is_apply
        and not entry.subresource
        and (entry.manager in names or _owns(entry.fields, _LAST_APPLIED_FIELDS))
    ]


def _owns(fields: Manifest, keys: tuple[str, ...]) -> bool:
    for key in keys:
        if key not in fields:
            return False
        fields = fields[key]
    return True


def last_writer(entries: list[FieldEntry], keys: tuple[str, ...]) -> FieldEntry | None:
    """Return the entry that last wrote a field, or None when nobody owns it.

    Args:
        entries: of the live object.
        keys: the FieldsV1 keys that lead to the field.
    """
    owners = [entry for entry in entries if owns_field(entry, keys)]
    return max(owners, key=lambda entry: entry.time, default=None)


def owns_field(entry: FieldEntry, keys: tuple[str, ...]) -> bool:
    """Return whether an entry owns a field, be it as part of a greater one."""
    return _covers(entry.fields, keys)


def _covers(fields: Manifest, keys: tuple[str, ...]) -> bool:
    for key in keys:
        if key not in fields:
            return False
        fields = fields[key]
        if not fields:  # a leaf: all below it is owned with it
            return True
    return True
