"""OpenAPI v3 documents: what `kubectl explain` and checks before a request read.

They have the names, types and list rules of fields, and no descriptions.

Source: KEP-2896 "OpenAPI v3"; the definitions of structured/data.
"""

from typing import Any

from tiphys.sandbox.serving.discovery import VERSION, digest, root
from tiphys.sandbox.typed.kinds import Kind, Kinds
from tiphys.structured.schema import OBJECT_META, builtin_definitions

_REF = "#/components/schemas/"
_QUERY = [
    {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
    for name in ("dryRun", "fieldManager", "fieldValidation", "force")
]


def openapi_index(kinds: Kinds) -> dict[str, Any]:
    """Return where the OpenAPI v3 documents are."""
    paths = {root(kind).strip("/") for kind in kinds.all()}
    addresses = {
        path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest(kinds, path)}"}
        for path in sorted(paths)
    }
    return {"paths": addresses}


def openapi_document(kinds: Kinds, path: str) -> dict[str, Any] | None:
    """Return the document of one version: its paths, and the schemas of its kinds."""
    found = [kind for kind in kinds.all() if root(kind).strip("/") == path]
    if not found:
        return None
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for kind in found:
        paths |= _paths(kind)
        _add_schema(schemas, kind)
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": VERSION["gitVersion"]},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _paths(kind: Kind) -> dict[str, Any]:
    scope = "/namespaces/{namespace}" if kind.namespaced else ""
    gvk = gvk_of(kind)
    operation = {"parameters": _QUERY, "x-kubernetes-group-version-kind": gvk, "responses": {}}
    methods = {
        "patch": {**operation, "x-kubernetes-action": "patch"},
        "put": {**operation, "x-kubernetes-action": "put"},
        "get": {"x-kubernetes-group-version-kind": gvk, "responses": {}},
    }
    collection = f"{root(kind)}{scope}/{kind.plural}"
    return {
        f"{collection}/{{name}}": methods,
        collection: {"post": {**operation, "x-kubernetes-action": "post"}},
    }


def definition_name(kind: Kind) -> str:
    """Return the name of a custom kind's definition: its group turned around, as in a path."""
    reversed_group = ".".join(reversed((kind.group or "core").split(".")))
    return f"{reversed_group}.{kind.version}.{kind.kind}"


def gvk_of(kind: Kind) -> dict[str, str]:
    """Return group, version and kind as extensions have them."""
    return {"group": kind.group, "version": kind.version, "kind": kind.kind}


def _add_schema(schemas: dict[str, Any], kind: Kind) -> None:
    if not kind.is_custom:
        for name, definition in builtin_definitions().items():
            if gvk_of(kind) in definition.get("x-kubernetes-group-version-kind", ()):
                _add_definition(schemas, name)
                return
    schema = kind.schema or {"type": "object"}
    properties = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        **(schema.get("properties") or {}),
        "metadata": {"allOf": [{"$ref": _REF + OBJECT_META}]},
    }
    schemas[definition_name(kind)] = {
        **schema,
        "properties": properties,
        "x-kubernetes-group-version-kind": [gvk_of(kind)],
    }
    _add_definition(schemas, OBJECT_META)


def _add_definition(schemas: dict[str, Any], name: str) -> None:
    """Add a definition and all that it refers to."""
    if name in schemas:
        return
    schemas[name] = {}
    referred: list[str] = []
    schemas[name] = _shown(builtin_definitions()[name], referred)
    for other in referred:
        _add_definition(schemas, other)


def _shown(schema: Any, referred: list[str]) -> Any:
    """Return a schema as OpenAPI v3 has it, with references into the same document."""
    if isinstance(schema, list):
        return [_shown(item, referred) for item in schema]
    if not isinstance(schema, dict):
        return schema
    shown = {
        key: _shown(value, referred)
        for key, value in schema.items()
        if key not in {"$ref", "default"}
    }
    if isinstance(shown.get("type"), list):
        shown["type"] = shown["type"][0]
    if "$ref" in schema and isinstance(schema["$ref"], str):
        referred.append(schema["$ref"])
        shown["allOf"] = [{"$ref": _REF + schema["$ref"]}]
    return shown
