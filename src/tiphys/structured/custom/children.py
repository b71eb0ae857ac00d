"""What lies below a value, each part with its schema, its path and what it was before."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tiphys.structured.compare import ABSENT, equal

Schema = Mapping[str, Any]


class Child(NamedTuple):
    """A part of a value.

    Attributes:
        old: what the part was before an update; ABSENT when it was not there, or cannot be told.
    """

    value: Any
    schema: Schema
    path: str
    old: Any


def children(value: Any, schema: Schema, path: str, old: Any = ABSENT) -> Iterator[Child]:
    """Yield the described parts of a value; entries of maps are named `map[key]`."""
    if isinstance(value, list):
        items = schema.get("items")
        if isinstance(items, Mapping):
            for place, item in enumerate(value):
                before = matching_item(item, schema, old)
                yield Child(item, items, f"{path}[{place}]", before)
    elif isinstance(value, dict):
        yield from _fields(value, schema, path, old if isinstance(old, dict) else {})


def _fields(
    value: dict[str, Any], schema: Schema, path: str, old: dict[str, Any]
) -> Iterator[Child]:
    properties, extra = schema.get("properties") or {}, schema.get("additionalProperties")
    for name, entry in value.items():
        before = old.get(name, ABSENT)
        if name in properties:
            yield Child(entry, properties[name], f"{path}.{name}" if path else name, before)
        elif isinstance(extra, Mapping):
            yield Child(entry, extra, f"{path}[{name}]", before)


def item_key(item: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """Return the key fields that an item of an associative list has."""
    names = schema.get("x-kubernetes-list-map-keys") or ()
    return {name: item[name] for name in names if name in item}


def matching_item(item: Any, schema: Schema, old: Any) -> Any:
    """Return the item of the old list that is the same one by its keys; ABSENT for none.

    Items of other lists cannot be followed through an update.
    """
    if schema.get("x-kubernetes-list-type") != "map" or not isinstance(old, list):
        return ABSENT
    if not isinstance(item, dict):
        return ABSENT
    key = item_key(item, schema)
    found = (
        before
        for before in old
        if isinstance(before, dict) and equal(item_key(before, schema), key)
    )
    return next(found, ABSENT)
