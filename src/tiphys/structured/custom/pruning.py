"""Removes fields that a schema does not know.

Source: apiextensions-apiserver, apiserver/schema/pruning/algorithm.go.
"""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]
Json = dict[str, Any]
OBJECT_FIELDS = frozenset({"apiVersion", "kind", "metadata"})
METADATA_FIELDS = frozenset(
    {
        "annotations",
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "finalizers",
        "generateName",
        "generation",
        "labels",
        "managedFields",
        "name",
        "namespace",
        "ownerReferences",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)


def prune(manifest: Json, schema: Schema | None, unknown: list[str] | None = None) -> Json:
    """Return a custom resource without unknown fields; the input stays as it is.

    The object's own `metadata` is not looked into: its fields are known elsewhere.

    Args:
        manifest: the object.
        schema: its schema; None knows no field at all.
        unknown: gets the paths of what is removed, sorted: "spec.foo", "spec.list[0].bar".
    """
    found: list[str] = []
    pruned: Json = _prune(
        manifest, {**(schema or {}), "x-kubernetes-embedded-resource": True}, "", found
    )
    if unknown is not None:
        unknown += sorted(found)
    return pruned


def _prune(value: Any, schema: Schema | None, path: str, unknown: list[str]) -> Any:
    schema = schema or {}
    if isinstance(value, list):
        return [
            _prune(item, _items(schema), f"{path}[{place}]", unknown)
            for place, item in enumerate(value)
        ]
    if not isinstance(value, dict):
        return value
    embedded = schema.get("x-kubernetes-embedded-resource") is True
    keeps = schema.get("x-kubernetes-preserve-unknown-fields") is True
    result = {}
    for name, entry in value.items():
        where = f"{path}.{name}" if path else name
        known, below = _below(schema, name)
        if embedded and name in OBJECT_FIELDS:
            result[name] = _metadata(entry, where, unknown) if path else entry
        elif known:
            result[name] = _prune(entry, below, where, unknown)
        elif keeps:
            result[name] = entry
        elif path or name not in OBJECT_FIELDS:
            unknown.append(where)
    return result


def _metadata(value: Any, path: str, unknown: list[str]) -> Any:
    """Return the metadata of an embedded object without what no metadata has."""
    if not path.endswith(".metadata") or not isinstance(value, dict):
        return value
    unknown += [f"{path}.{name}" for name in value if name not in METADATA_FIELDS]
    return {name: entry for name, entry in value.items() if name in METADATA_FIELDS}


def _items(schema: Schema) -> Schema:
    items: Schema = schema.get("items") or {}
    if schema.get("x-kubernetes-preserve-unknown-fields") is True:
        # What is kept as it is has no items of its own to prune, unless they are described.
        return {"x-kubernetes-preserve-unknown-fields": True, **items}
    return items


def _below(schema: Schema, name: str) -> tuple[bool, Schema | None]:
    """Return whether a field is known, and its schema."""
    properties = schema.get("properties") or {}
    if name in properties:
        return True, properties[name]
    extra = schema.get("additionalProperties")
    if extra is None or extra is False:
        return False, None
    return True, extra if isinstance(extra, Mapping) else None
