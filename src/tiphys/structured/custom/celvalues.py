"""Values as CEL rules see them: by their schema, with field names that the language can spell.

Source: kubernetes.io, "Validation rules": the table of types, and the escaping of names.
"""

import base64
import datetime
import re
from collections.abc import Mapping
from typing import Any

from tiphys.structured.quantities import DurationError, parse_duration_ns

Schema = Mapping[str, Any]
_RESERVED = frozenset({
    "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function",
    "if", "import", "let", "loop", "package", "namespace", "return",
})  # fmt: skip
_ESCAPES = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
_ESCAPED = re.compile(r"__|[.\-/]")


def cel_value(value: Any, schema: Schema) -> Any:
    """Return a value as a rule of this schema sees it."""
    if isinstance(value, dict):
        return _map(value, schema)
    if isinstance(value, list):
        items = schema.get("items") or {}
        return [cel_value(item, items) for item in value]
    if isinstance(value, str) and schema.get("format"):
        return _formatted(value, schema["format"])
    return value


def _map(value: dict[str, Any], schema: Schema) -> dict[str, Any]:
    properties, extra = schema.get("properties") or {}, schema.get("additionalProperties")
    extra = extra if isinstance(extra, Mapping) else {}
    result = {}
    for name, entry in value.items():
        if name in properties:
            result[escaped(name)] = cel_value(entry, properties[name])
        else:
            result[name] = cel_value(entry, extra)
    return result


def escaped(name: str) -> str:
    """Return a field's name as rules spell it: "a.b" is "a__dot__b", "in" is "__in__"."""
    if name in _RESERVED:
        return f"__{name}__"
    return _ESCAPED.sub(lambda match: _ESCAPES[match.group()], name)


def _formatted(text: str, name: str) -> Any:
    try:
        if name in {"date-time", "datetime", "date"}:
            found = datetime.datetime.fromisoformat(text)
            return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)
        if name == "duration":
            return datetime.timedelta(microseconds=parse_duration_ns(text) / 1000)
        if name == "byte":
            return base64.b64decode(text)
    except (ValueError, DurationError):
        return text
    return text
