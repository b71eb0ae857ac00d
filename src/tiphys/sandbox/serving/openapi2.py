"""The OpenAPI v2 document, as JSON and as protobuf: of what v3 has, what v2 can say.

kubectl asks for it, as protobuf alone, when it meets a version that v3 does not list; helm and
others read it for their checks. It has names, types and list rules of fields, and no descriptions.

Source: the OpenAPI 2.0 specification; gnostic-models, openapiv2/OpenAPIv2.proto (field numbers).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from tiphys.sandbox.serving.discovery import VERSION, root
from tiphys.sandbox.serving.openapi import definition_name, gvk_of
from tiphys.sandbox.typed.kinds import Kind, Kinds
from tiphys.structured.schema import OBJECT_META, builtin_definitions

PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
PROTOBUF_ANSWER = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_REF = "#/definitions/"
_SAID = {"type", "format", "required", "enum"}
_GVK = "x-kubernetes-group-version-kind"


def openapi_2(kinds: Kinds) -> dict[str, Any]:
    """Return the document of all kinds that are served."""
    served = list(kinds.all())
    definitions = {name: _schema(found) for name, found in builtin_definitions().items()}
    for kind in served:
        if kind.is_custom:
            definitions[definition_name(kind)] = _custom(kind)
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": VERSION["gitVersion"]},
        "paths": {path: item for kind in served for path, item in _paths(kind)},
        "definitions": definitions,
    }


def _paths(kind: Kind) -> Iterable[tuple[str, dict[str, Any]]]:
    scope = "/namespaces/{namespace}" if kind.namespaced else ""
    collection = f"{root(kind)}{scope}/{kind.plural}"
    actions = {"get": "get", "update": "put", "patch": "patch", "delete": "delete"}
    one = {name: _operation(kind, name) for verb, name in actions.items() if verb in kind.verbs}
    if one:
        yield f"{collection}/{{name}}", one
    many = {"list": ("get", "list"), "create": ("post", "post")}
    all_of = {
        way: _operation(kind, name) for verb, (way, name) in many.items() if verb in kind.verbs
    }
    yield collection, all_of


def _operation(kind: Kind, action: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": action,
        _GVK: gvk_of(kind),
    }
    if action in {"post", "put", "patch"}:
        names = ("dryRun", "fieldManager", "fieldValidation")
        found["parameters"] = [
            {"name": name, "in": "query", "type": "string", "uniqueItems": True} for name in names
        ]
    return found


def _custom(kind: Kind) -> dict[str, Any]:
    schema = _schema(kind.schema or {"type": "object"})
    schema["properties"] = {
        **schema.get("properties", {}),
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"$ref": _REF + OBJECT_META},
    }
    return {**schema, _GVK: [gvk_of(kind)]}


def _schema(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema without what v2 has no words for."""
    shown: dict[str, Any] = {
        name: value
        for name, value in given.items()
        if name in _SAID
        or (name.startswith("x-kubernetes-") and name != "x-kubernetes-validations")
    }
    if "$ref" in given:
        shown["$ref"] = _REF + given["$ref"]
    if given.get("properties"):
        shown["properties"] = {name: _schema(found) for name, found in given["properties"].items()}
    for name in ("items", "additionalProperties"):
        if name in given:
            found = given[name]
            shown[name] = _schema(found) if isinstance(found, dict) else found
    return shown


def as_protobuf(document: Mapping[str, Any]) -> bytes:
    """Return the document as a message."""
    info = _text(1, document["info"]["title"]) + _text(2, document["info"]["version"])
    paths = _named(2, document["paths"], _path_item)
    definitions = _named(1, document["definitions"], _schema_message)
    return (
        _text(1, document["swagger"])
        + _message(2, info)
        + _message(8, paths)
        + _message(9, definitions)
    )


def _path_item(item: Mapping[str, Any]) -> bytes:
    numbers = {"get": 2, "put": 3, "post": 4, "delete": 5, "patch": 7}
    return b"".join(_message(numbers[way], _operation_message(said)) for way, said in item.items())


def _operation_message(operation: Mapping[str, Any]) -> bytes:
    parameters = b"".join(
        _message(8, _query_parameter(given)) for given in operation.get("parameters", ())
    )
    responses = _named(1, operation["responses"], lambda r: _message(1, _text(1, r["description"])))
    return parameters + _message(9, responses) + _extensions(13, operation)


def _query_parameter(given: Mapping[str, Any]) -> bytes:
    said = _text(2, given["in"]) + _text(4, given["name"]) + _text(6, given["type"])
    message = said + _flag(20, given["uniqueItems"])
    for number in (3, 2, 1):  # of the query, not of the body, not a reference
        message = _message(number, message)
    return message


def _schema_message(schema: Mapping[str, Any]) -> bytes:
    parts = [_text(1, schema.get("$ref", "")), _text(2, schema.get("format", ""))]
    parts += [_text(19, name) for name in schema.get("required", ())]
    parts += [_message(20, _any(value)) for value in schema.get("enum", ())]
    if "additionalProperties" in schema:
        more = schema["additionalProperties"]
        said = _flag(2, more) if isinstance(more, bool) else _message(1, _schema_message(more))
        parts.append(_message(21, said))
    if "type" in schema:
        parts.append(_message(22, _text(1, schema["type"])))
    if isinstance(schema.get("items"), dict):
        parts.append(_message(23, _message(1, _schema_message(schema["items"]))))
    if "properties" in schema:
        parts.append(_message(25, _named(1, schema["properties"], _schema_message)))
    return b"".join([*parts, _extensions(31, schema)])


def _extensions(number: int, given: Mapping[str, Any]) -> bytes:
    found = {name: value for name, value in given.items() if name.startswith("x-")}
    return _named(number, found, _any)


def _any(value: Any) -> bytes:
    return _text(2, orjson.dumps(value).decode())  # YAML, and so JSON too


def _named(number: int, given: Mapping[str, Any], encode: Callable[[Any], bytes]) -> bytes:
    """Return a map as the messages of its names and values."""
    return b"".join(
        _message(number, _text(1, name) + _message(2, encode(value)))
        for name, value in given.items()
    )


def _text(number: int, text: str) -> bytes:
    return _message(number, text.encode()) if text else b""


def _flag(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(int(value))


def _message(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)
