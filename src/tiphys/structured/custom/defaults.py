"""Fills in the defaults of a schema.

Source: apiextensions-apiserver, apiserver/schema/defaulting/algorithm.go and prunenulls.go.
"""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]


def default(value: Any, schema: Schema | None, *, keep_nulls: bool = False) -> Any:
    """Return a value with the defaults of absent fields; the input stays as it is.

    A null that is not allowed counts as absent: the default takes its place, or it goes. Defaults
    reach into what a default brought, but never bring an object that has none of its own.

    Args:
        value: a custom resource, or a part of one.
        schema: its schema.
        keep_nulls: a null that has no default stays: a server removes those from what it reads,
            and not from what an apply leads to.
    """
    if schema is None:
        return value
    if isinstance(value, dict):
        return _default_map(value, schema, keep_nulls=keep_nulls)
    if isinstance(value, list):
        items = schema.get("items")
        kept = [_or_default(item, items) for item in value]
        return [default(item, items, keep_nulls=keep_nulls) for item in kept]
    return value


def _default_map(value: dict[str, Any], schema: Schema, *, keep_nulls: bool) -> dict[str, Any]:
    properties = schema.get("properties") or {}
    extra = schema.get("additionalProperties")
    extra = extra if isinstance(extra, Mapping) else None
    result = dict(value)
    for name, field in properties.items():
        if field.get("default") is not None and name not in result:
            result[name] = field["default"]
    for name, entry in list(result.items()):
        field = properties.get(name, extra)
        kept = _or_default(entry, field)
        if kept is None and field is not None and not (keep_nulls or field.get("nullable")):
            del result[name]
        else:
            result[name] = default(kept, field, keep_nulls=keep_nulls)
    return result


def _or_default(value: Any, schema: Schema | None) -> Any:
    """Return the default for a null that is not allowed, if there is one."""
    if value is None and schema is not None and not schema.get("nullable"):
        return schema.get("default")
    return value
