"""How objects are shown: whole, as metadata only, or as the rows of a table.

Source: Kubernetes API concepts, "Receiving resources as Tables", "Metadata-only fetches".
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from tiphys.sandbox.http.columns import COLUMNS, span, type_of, value_of
from tiphys.sandbox.http.printercolumns import cell_of
from tiphys.sandbox.http.requests import Request
from tiphys.sandbox.statuses import StatusError, bad_request
from tiphys.sandbox.typed.defaulting import kind_name
from tiphys.sandbox.typed.kinds import Kind

_MEDIA = {"application/json", "application/vnd.kubernetes.protobuf", "*/*"}
_FORMS = {"Table", "PartialObjectMetadata", "PartialObjectMetadataList"}
_META_VERSIONS = {"v1", "v1beta1"}
_AVAILABLE = "application/json, application/vnd.kubernetes.protobuf"
_NAME_COLUMN = {
    "name": "Name", "type": "string", "format": "name", "priority": 0,
    "description": "Name must be unique within a namespace.",
}  # fmt: skip
_AGE_COLUMN = {"name": "Age", "type": "string", "format": "", "priority": 0, "description": ""}


def wanted_form(headers: Mapping[str, str]) -> str:
    """Return "Table", "PartialObjectMetadata" or "" for the object itself."""
    return _accepted(headers.get("accept", "").strip()).removesuffix("List")


def check_acceptable(request: Request) -> None:
    """Refuse to answer in a form that there is not.

    Raises:
        StatusError: 406, nothing of what the client accepts is to be had; 400 for an unknown
            `includeObject`.
    """
    form = _accepted(request.headers.get("accept", "").strip())
    if form == "Table":
        include = request.query.get("includeObject", "")
        if include not in {"", "None", "Metadata", "Object"}:
            raise bad_request(
                "Unable to convert to Table as requested: includeObject: Invalid value: "
                f"\"{include}\": must be 'Metadata', 'Object', 'None', or empty"
            )
    elif form and request.method == "GET" and not request.is_watch:
        is_list = not request.name
        if is_list != form.endswith("List"):
            group = (request.kind.group or "core").partition(".")[0]
            go = f"(*{group}.{request.kind.kind}{'List' if is_list else ''})"
            raise StatusError(
                406,
                "NotAcceptable",
                f"you requested {form}, but the requested object is {'' if is_list else 'not '}a "
                f"list {go}",
            )


@lru_cache(maxsize=256)
def _accepted(accept: str) -> str:
    """Return the first form that a client accepts and the sandbox has."""
    has_unknown_form = False
    for part in accept.split(",") if accept else ():
        media, *given = (word.strip() for word in part.split(";"))
        parameters = dict(word.split("=", 1) for word in given if "=" in word)
        if media not in _MEDIA:
            continue
        form = parameters.get("as", "")
        if not form or (form in _FORMS and parameters.get("v") in _META_VERSIONS):
            return form
        has_unknown_form = True
    if not accept:
        return ""
    if has_unknown_form:
        text = f"only the following media types are accepted: {_AVAILABLE}"
        raise StatusError(406, "NotAcceptable", text)
    text = f"406: Not Acceptable\n\nAvailable representations: {_AVAILABLE}"
    raise StatusError(406, "NotAcceptable", text, {})


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
    definitions = [
        {k: v for k, v in column.items() if k not in {"from", "path"}} for column in columns
    ]
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
                "path": column["jsonPath"],
            }
            for column in kind.columns
        ]
        return [_NAME_COLUMN, *custom]
    if kind.is_custom:
        return [
            _NAME_COLUMN,
            {**_AGE_COLUMN, "type": "date", "from": ".metadata.creationTimestamp"},
        ]
    own = [
        {**_AGE_COLUMN, "name": name, "priority": priority, "from": rule, "type": type_of(rule)}
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
    if "path" in column:
        return cell_of(manifest, column["path"], column["type"])
    value = value_of(manifest, column["from"])
    if column["type"] == "date" and isinstance(value, str) and value:
        return _age(value)
    return value


def _age(since: str) -> str:
    """Return a time span as kubectl shows it."""
    if not since:
        return "<unknown>"
    return span(int((datetime.now(UTC) - datetime.fromisoformat(since)).total_seconds()))
