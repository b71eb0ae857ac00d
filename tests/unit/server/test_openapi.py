"""The API described, out of the table of routes."""

from typing import Any

import msgspec
import pytest

from tiphys.server.call import Call
from tiphys.server.openapi import openapi_document, swagger_document
from tiphys.server.records import ApplicationList
from tiphys.server.routes.application_operations import SyncBody
from tiphys.server.table import LOGIN, PUBLIC, Endpoint, of_items


async def _handle(call: Call) -> Any:
    """Say what is there."""
    return call.path


def document(**fields: Any) -> dict[str, Any]:
    known: dict[str, Any] = {
        "method": "GET", "path": "/api/v1/things/{name}", "service": "thing.ThingService",
        "rpc": "Get", "permission": LOGIN, "handler": _handle,
    }  # fmt: skip
    return openapi_document([Endpoint(**{**known, **fields})])


def operation(**fields: Any) -> dict[str, Any]:
    (path,) = document(**fields)["paths"].values()
    (found,) = path.values()
    return dict(found)


def test_an_operation_is_named_as_in_grpc_and_says_what_it_does() -> None:
    found = operation()

    assert found["operationId"] == "ThingService_Get"
    assert found["summary"] == "Say what is there."


def test_parameters_come_from_the_path_and_the_query() -> None:
    found = operation(path="/a/{name}/{rest:path}", query=("fields", "projects"))

    names = [(parameter["name"], parameter["in"]) for parameter in found["parameters"]]
    assert names == [("name", "path"), ("rest", "path"), ("fields", "query"), ("projects", "query")]


def test_the_permission_is_part_of_the_description() -> None:
    assert operation(permission=of_items("applications"))["x-permission"] == "applications, get"
    assert operation(permission=PUBLIC)["security"] == []


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(_references, value.values()))
    return set().union(*map(_references, value)) if isinstance(value, list) else set()


def _resolve(whole: dict[str, Any], reference: str) -> Any:
    found: Any = whole
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


@pytest.mark.parametrize("convert", [lambda whole: whole, swagger_document], ids=["3.1", "2.0"])
def test_every_record_that_is_referred_to_is_described(convert: Any) -> None:
    whole = convert(document(method="POST", body=SyncBody, answer=ApplicationList))

    references = _references(whole)
    assert references
    assert all(_resolve(whole, reference) for reference in references)
    msgspec.json.encode(whole)


def test_a_stream_is_described_by_its_results() -> None:
    found = operation(answer=ApplicationList, is_stream=True)

    content = found["responses"]["200"]["content"]
    assert set(content) == {"application/json", "text/event-stream"}
    schema = content["application/json"]["schema"]
    assert schema["properties"]["result"]["$ref"].endswith("/ApplicationList")
