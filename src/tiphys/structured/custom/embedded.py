"""Objects inside of custom resources (`x-kubernetes-embedded-resource`).

Source: apiextensions-apiserver, apiserver/schema/objectmeta/validation.go. The embedded metadata is
not looked into: what holds for the metadata of every object is checked where objects are served.
"""

import re
from collections.abc import Mapping
from typing import Any

from tiphys.structured.custom.children import children
from tiphys.structured.custom.problems import FieldError, invalid, required

Schema = Mapping[str, Any]
_KIND = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_KIND_RULE = (
    "may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case "
    "alphanumeric characters or '-', start with an alphabetic character, and end with an "
    "alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)


def check_embedded(value: Any, schema: Schema, path: str) -> list[FieldError]:
    """Return what is wrong with the apiVersion and kind of embedded objects."""
    errors: list[FieldError] = []
    if path and isinstance(value, dict) and schema.get("x-kubernetes-embedded-resource") is True:
        errors += _check(value, path)
    for child in children(value, schema, path):
        errors += check_embedded(child.value, child.schema, child.path)
    return errors


def _check(value: dict[str, Any], path: str) -> list[FieldError]:
    errors = []
    for name in ("apiVersion", "kind"):
        where, given = f"{path}.{name}", value.get(name)
        if name not in value:
            errors.append(required(where))
        elif not isinstance(given, str):
            errors.append(invalid(where, given, "must be a string"))
        elif not given:
            errors.append(invalid(where, given, "must not be empty"))
    kind = value.get("kind")
    if isinstance(kind, str) and kind and _KIND.fullmatch(kind.lower()) is None:
        errors.append(invalid(f"{path}.kind", kind, _KIND_RULE))
    return errors
