"""Whether an apply would change nothing at all, not even who owns what.

A sync of thousands of objects of which one changed need not write the others. Equal values alone
do not tell: an object that somebody else wrote becomes ours by the first apply, and only what is
ours leaves the cluster when it leaves Git.

Source: Kubernetes API concepts, "Server-Side Apply", "Field management".
"""

from collections.abc import Sequence
from typing import Any

from tiphys.engine.diff.lists import KeyedItems
from tiphys.engine.diff.settings import CompareMode, CompareSettings
from tiphys.engine.fields import FieldEntry, applied_entries, migrated_entries, parse_key
from tiphys.model.keys import Manifest
from tiphys.structured.pathelement import value_element

_IDENTITY = frozenset({"name", "namespace"})


def is_settled(target: Manifest, entries: Sequence[FieldEntry], settings: CompareSettings) -> bool:
    """Return whether all that a target asks for is ours already.

    Args:
        target: whose values all stand in the cluster; prepared as for an apply.
        entries: of the live object.
        settings: for this resource. Where fields are ignored, a sync still writes them.
    """
    if settings.mode is not CompareMode.APPLY or settings.ignore or "status" in target:
        return False
    own = list(entries)
    if settings.migrates and migrated_entries(own, settings.manager, settings.migration_manager):
        return False
    applied = applied_entries(own, settings.manager)
    if len(applied) != 1:
        return False
    metadata = target.get("metadata") or {}
    named = {name: value for name, value in metadata.items() if name not in _IDENTITY}
    rest = {name: value for name, value in target.items() if name not in {"apiVersion", "kind"}}
    return owns_all(applied[0].fields, {**rest, "metadata": named})


def same_owners(some: Sequence[FieldEntry], others: Sequence[FieldEntry]) -> bool:
    """Return whether two states of an object have the same owners, whenever they wrote."""
    return list(map(_without_time, some)) == list(map(_without_time, others))


def _without_time(entry: FieldEntry) -> tuple[object, ...]:
    return (entry.manager, entry.is_apply, entry.subresource, entry.api_version, entry.fields)


def owns_all(fields: Manifest, value: Any) -> bool:
    """Return whether a FieldsV1 map owns every part of a value; in doubt it does not."""
    if not fields:
        return True  # a leaf: all below it is owned with it
    if isinstance(value, dict):
        return all(
            f"f:{name}" in fields and owns_all(fields[f"f:{name}"], member)
            for name, member in value.items()
            if member is not None
        )
    if isinstance(value, list):
        return _owns_items(fields, value)
    return False


def _owns_items(fields: Manifest, items: list[Any]) -> bool:
    first = next((key for key in fields if key != "."), "")
    if first.startswith("v:"):
        return all(value_element(item) in fields for item in items)
    if not first.startswith("k:"):
        return not items
    keyed = KeyedItems(items, tuple(parse_key(first)), None)
    return (
        keyed.is_regular
        and not keyed.has_duplicates
        and all(key in fields and owns_all(fields[key], item) for key, item in keyed.by_key.items())
    )
