"""The API described, out of the table of routes: OpenAPI 3.1, and OpenAPI 2 for older tools.

Source: OpenAPI Specification 3.1.0 and 2.0; JSON Schema 2020-12, as msgspec writes it.
"""

import re
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import msgspec

from tiphys.model.source import Record
from tiphys.server.table import Endpoint, Scope

_PARAMETER = re.compile(r"\{(\w+)(?::path)?\}")
_REFERENCE = "#/components/schemas/{name}"


class ApiProblem(Record, frozen=True, omit_defaults=False):
    """An error; `code` is of google.rpc.Code, the last three are there where they help."""

    error: str
    code: int
    message: str
    reason: str | msgspec.UnsetType = msgspec.UNSET
    where: str | msgspec.UnsetType = msgspec.UNSET
    hint: str | msgspec.UnsetType = msgspec.UNSET


def openapi_document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the endpoints."""
    records = _records(endpoints)
    schemas, components = msgspec.json.schema_components(records, ref_template=_REFERENCE)
    by_record = dict(zip(map(repr, records), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        path = _PARAMETER.sub(r"{\1}", endpoint.path)
        operation = _operation(endpoint, by_record)
        paths.setdefault(path, {})[endpoint.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "tiphys",
            "version": version("tiphys"),
            "description": "GitOps continuous delivery for Kubernetes. Routes and records are "
            "those of Argo CD's API; what is ours beyond it is marked `x-tiphys`.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "argocd.token"},
            },
        },
        "security": [{"bearer": []}, {"cookie": []}],
    }


def _records(endpoints: Sequence[Endpoint]) -> list[Any]:
    records: list[Any] = [ApiProblem]
    for endpoint in endpoints:
        for record in (endpoint.body, endpoint.answer):
            if record is not None and record not in records:
                records.append(record)
    return records


def _operation(endpoint: Endpoint, schemas: dict[str, Any]) -> dict[str, Any]:
    permission = endpoint.permission
    operation: dict[str, Any] = {
        "operationId": f"{endpoint.service.rpartition('.')[2]}_{endpoint.rpc}",
        "tags": [endpoint.service.rpartition(".")[2]],
        "summary": (endpoint.handler.__doc__ or endpoint.rpc).partition("\n")[0],
        "x-permission": f"{permission.resource}, {permission.action}".strip(", ")
        or permission.scope.value,
        "parameters": _parameters(endpoint),
        "responses": {
            "200": _answer(endpoint, schemas),
            "default": _json("An error", schemas[repr(ApiProblem)]),
        },
    }
    if endpoint.is_ours:
        operation["x-tiphys"] = True
    if permission.scope is Scope.PUBLIC:
        operation["security"] = []
    if endpoint.body is not None:
        content = {"application/json": {"schema": schemas[repr(endpoint.body)]}}
        operation["requestBody"] = {"content": content}
    return operation


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    text = {"type": "string"}
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": text}
        for name in _PARAMETER.findall(endpoint.path)
    ]
    in_query = [
        {"name": name, "in": "query", "schema": _query_schema(name)} for name in endpoint.query
    ]
    return [*in_path, *in_query]


def _query_schema(name: str) -> dict[str, Any]:
    is_list = name.endswith("[]") or name in {"projects", "revisions", "sourcePositions"}
    return {"type": "array", "items": {"type": "string"}} if is_list else {"type": "string"}


def _answer(endpoint: Endpoint, schemas: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = {} if endpoint.answer is None else schemas[repr(endpoint.answer)]
    if not endpoint.is_stream:
        return _json("The answer", schema)
    result = {"type": "object", "properties": {"result": schema}}
    return {
        "description": "One result a line, or one an event where the client asks for events",
        "content": {
            "application/json": {"schema": result},
            "text/event-stream": {"schema": result},
        },
    }


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def swagger_document(document: dict[str, Any]) -> dict[str, Any]:
    """Return an OpenAPI 3.1 document in version 2, for tools that read nothing newer."""
    paths = {
        path: {method: _old_operation(operation) for method, operation in methods.items()}
        for path, methods in document["paths"].items()
    }
    return {
        "swagger": "2.0",
        "info": document["info"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "paths": paths,
        "definitions": _old_schema(document["components"]["schemas"]),
    }


def _old_operation(operation: dict[str, Any]) -> dict[str, Any]:
    parameters = [
        {**{k: v for k, v in parameter.items() if k != "schema"}, **parameter["schema"]}
        for parameter in operation["parameters"]
    ]
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        parameters.append({"name": "body", "in": "body", "schema": _old_schema(schema)})
    responses = {
        code: {
            "description": response["description"],
            "schema": _old_schema(response["content"]["application/json"]["schema"]),
        }
        for code, response in operation["responses"].items()
    }
    kept = ("operationId", "tags", "summary")
    return {
        **{name: operation[name] for name in kept},
        "parameters": parameters,
        "responses": responses,
    }


def _old_schema(schema: Any) -> Any:
    """Return a schema with what version 2 does not know spelled as it knows it."""
    if isinstance(schema, list):
        return [_old_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "anyOf" in schema and isinstance(schema["anyOf"], list):
        options = [option for option in schema["anyOf"] if option != {"type": "null"}]
        return _old_schema(options[0]) if len(options) == 1 else {}
    old = {name: _old_schema(value) for name, value in schema.items() if name != "default"}
    reference = old.get("$ref")
    if isinstance(reference, str):
        old["$ref"] = reference.replace("#/components/schemas/", "#/definitions/")
    return old
