"""How objects are shown: whole, as metadata only, or as the rows of a table.

Source: Kubernetes API concepts, "Receiving resources as Tables", "Metadata-only fetches".
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tiphys.sandbox.columns import COLUMNS, value_of
from tiphys.sandbox.defaulting import kind_name
from tiphys.sandbox.kinds import Kind

_NAME_COLUMN = {
    "name": "Name", "type": "string", "format": "name", "priority": 0,
    "description": "Name must be unique within a namespace.",
}  # fmt: skip
_AGE_COLUMN = {"name": "Age", "type": "string", "format": "", "priority": 0, "description": ""}


def wanted_form(headers: Mapping[str, str]) -> str:
    """Return "Table", "PartialObjectMetadata" or "" for the object itself."""
    for part in headers.get("accept", "").split(","):
        found = re.search(r"as=(Table|PartialObjectMetadata)(List)?", part)
        if found and "json" in part:
            return found[1]
        if "application/json" in part or "*/*" in part:
            return ""
    return ""


def as_metadata(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata of an object alone."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": manifest["metadata"],
    }


def as_table(
    kind: Kind, manifests: list[dict[str, Any]], metadata: dict[str, Any], include: str
) -> dict[str, Any]:
    """Return objects as a table; `include` is None, Metadata or Object."""
    columns = _columns(kind)
    rows = []
    for manifest in manifests:
        row: dict[str, Any] = {"cells": [_cell(column, manifest) for column in columns]}
        if include == "Object":
            row["object"] = manifest
        elif include != "None":
            row["object"] = as_metadata(manifest)
        rows.append(row)
    definitions = [{k: v for k, v in column.items() if k != "from"} for column in columns]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": definitions,
        "rows": rows,
    }


def _columns(kind: Kind) -> list[dict[str, Any]]:
    if kind.is_custom and kind.columns:
        custom = [
            {
                "name": column["name"],
                "type": column["type"],
                "format": column.get("format", ""),
                "description": column.get("description", ""),
                "priority": column.get("priority", 0),
                "from": column["jsonPath"],
            }
            for column in kind.columns
        ]
        named = {column["name"].lower() for column in custom}
        return [_NAME_COLUMN, *custom, *([] if "age" in named else [_AGE_COLUMN])]
    own = [
        {**_AGE_COLUMN, "name": name, "priority": priority, "from": rule}
        for name, priority, rule in COLUMNS.get(kind_name(kind), ())
    ]
    before = [column for column in own if not column["priority"]]
    after = [column for column in own if column["priority"]]
    return [_NAME_COLUMN, *before, _AGE_COLUMN, *after]


def _cell(column: dict[str, Any], manifest: dict[str, Any]) -> Any:
    if column is _NAME_COLUMN:
        return manifest["metadata"]["name"]
    if column is _AGE_COLUMN:
        return _age(manifest["metadata"].get("creationTimestamp", ""))
    value = value_of(manifest, column["from"])
    if column["type"] == "date" and isinstance(value, str) and value:
        return _age(value)
    return value


def _age(since: str) -> str:
    """Return a time span as kubectl shows it."""
    if not since:
        return "<unknown>"
    seconds = int((datetime.now(UTC) - datetime.fromisoformat(since)).total_seconds())
    if seconds < 120:
        return f"{max(seconds, 0)}s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 10:
        return f"{minutes}m{rest}s" if rest else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    hours = minutes // 60
    return f"{hours}h" if hours < 48 else f"{hours // 24}d"
