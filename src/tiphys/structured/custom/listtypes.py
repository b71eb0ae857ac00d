"""Keys of lists: no item of a set or of an associative list may be there twice.

Source: apiextensions-apiserver, apiserver/schema/listtype/validation.go.
"""

import json
from collections.abc import Mapping
from typing import Any

from tiphys.structured.custom.children import children, item_key
from tiphys.structured.custom.problems import FieldError, duplicate, invalid

Schema = Mapping[str, Any]


def check_list_keys(value: Any, schema: Schema, path: str) -> list[FieldError]:
    """Return every item that repeats one before it, once each."""
    errors = _check_list(value, schema, path) if isinstance(value, list) else []
    for child in children(value, schema, path):
        errors += check_list_keys(child.value, child.schema, child.path)
    return errors


def _check_list(value: list[Any], schema: Schema, path: str) -> list[FieldError]:
    kind = schema.get("x-kubernetes-list-type")
    if kind not in {"set", "map"}:
        return []
    keys: list[Any] = list(value)
    if kind == "map":
        for place, item in enumerate(value):
            if item is not None and not isinstance(item, dict):
                detail = "must be an object for an array of list-type map"
                return [invalid(f"{path}[{place}]", item, detail)]
        keys = [item_key(item or {}, schema) for item in value]
    counts: dict[str, int] = {}
    errors = []
    for place, key in enumerate(keys):
        text = json.dumps(key, sort_keys=True)
        counts[text] = counts.get(text, 0) + 1
        if counts[text] == 2:
            errors.append(duplicate(f"{path}[{place}]", key))
    return errors
