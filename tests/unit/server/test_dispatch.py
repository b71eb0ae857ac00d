"""What holds for every endpoint: content types, permissions, bodies, errors, streams."""

from collections.abc import AsyncGenerator
from typing import Any

import msgspec
import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from tiphys.model.errors import (
    AlreadyExistsError,
    ApiError,
    InvalidInputError,
    LimitExceededError,
    NotFoundError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
    UnimplementedError,
)
from tiphys.model.identity import Identity
from tiphys.model.keys import Manifest
from tiphys.server.app import create_server
from tiphys.server.call import Call
from tiphys.server.dispatch import Dispatcher
from tiphys.server.streams import Stream
from tiphys.server.table import LOGIN, PUBLIC, Endpoint, Permission, Scope, of_object


class Alice:
    """Knows one caller, who may get `shop` and nothing else."""

    async def authenticate(self, request: Request) -> Identity:
        if request.headers.get("authorization") != "Bearer alice":
            raise UnauthenticatedError("no session information")
        return Identity(subject="alice")

    def allows(self, identity: Identity, resource: str, action: str, object_name: str) -> bool:
        del identity, resource
        return (action, object_name) == ("get", "shop")

    def require(self, identity: Identity, resource: str, action: str, object_name: str) -> None:
        if not self.allows(identity, resource, action, object_name):
            raise PermissionDeniedError(f"permission denied: {resource}, {action}, {object_name}")


class Nothing:
    content_types = frozenset({"application/json"})
    compresses = True

    async def find(self, call: Call, action: str) -> Manifest:
        raise PermissionDeniedError("permission denied")

    def require(self, call: Call, resource: str, action: str) -> None:
        raise PermissionDeniedError("permission denied")

    def answered(self, endpoint: Endpoint, call: Call | None, code: int, seconds: float) -> None:
        """Nothing is measured here."""


class Order(msgspec.Struct):
    count: int = 0


def client(**fields: Any) -> TestClient:
    async def echo(call: Call) -> Any:
        return {"path": call.path, "body": call.body, "who": call.identity.subject}

    known: dict[str, Any] = {
        "method": "GET", "path": "/api/v1/things/{name}", "service": "thing.Things", "rpc": "Get",
        "permission": LOGIN, "handler": echo,
    }  # fmt: skip
    dispatcher = Dispatcher(
        access=Alice(), finder=Nothing(), settings=Nothing(), observer=Nothing()
    )
    routes = dispatcher.routes([Endpoint(**{**known, **fields})])
    server = create_server(list(routes), is_ready=lambda: True)
    return TestClient(server, headers={"authorization": "Bearer alice"})


def test_an_escaped_slash_belongs_to_the_parameter() -> None:
    answer = client().get("/api/v1/things/https:%2F%2Fgit.example%2Fshop")

    assert answer.json()["path"] == {"name": "https://git.example/shop"}


def test_who_is_not_known_is_told_so_before_anything_else() -> None:
    answer = client().get("/api/v1/things/shop", headers={"authorization": ""})

    assert answer.status_code == 401
    assert answer.json()["code"] == 16
    assert answer.headers["www-authenticate"] == "no session information"


def test_a_public_endpoint_asks_nobody() -> None:
    answer = client(permission=PUBLIC).get("/api/v1/things/x", headers={"authorization": ""})

    assert answer.json()["who"] == ""


@pytest.mark.parametrize(("name", "status"), [("shop", 200), ("other", 403)])
def test_a_permission_on_an_object_is_checked_before_the_handler(name: str, status: int) -> None:
    permission = of_object("things", "get", lambda call: call.path["name"])

    assert client(permission=permission).get(f"/api/v1/things/{name}").status_code == status


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/json; charset=utf-8", "multipart/form-data"]
)
def test_a_write_of_another_content_type_is_refused(content_type: str) -> None:
    answer = client(method="POST", body=dict).post(
        "/api/v1/things/x", content=b"{}", headers={"content-type": content_type}
    )

    assert (answer.status_code, answer.text) == (415, "Invalid content type")


def test_fields_that_nobody_knows_are_left_out_of_a_body() -> None:
    sent = {"count": 3, "unknown": True}
    answer = client(method="POST", body=Order).post("/api/v1/things/x", json=sent)

    assert answer.json()["body"] == {"count": 3}


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"count": "many"}', b"\xff"])
def test_a_body_that_does_not_fit_is_the_callers_mistake(body: bytes) -> None:
    answer = client(method="POST", body=Order).post(
        "/api/v1/things/x", content=body, headers={"content-type": "application/json"}
    )

    assert (answer.status_code, answer.json()["code"]) == (400, 3)


@pytest.mark.parametrize(
    ("err", "status", "code"),
    [
        pytest.param(InvalidInputError("x"), 400, 3, id="invalid"),
        pytest.param(NotFoundError("x"), 404, 5, id="not found"),
        pytest.param(AlreadyExistsError("x"), 409, 6, id="exists"),
        pytest.param(PermissionDeniedError("x"), 403, 7, id="denied"),
        pytest.param(LimitExceededError("x"), 429, 8, id="too much"),
        pytest.param(PreconditionError("x"), 400, 9, id="not now"),
        pytest.param(UnimplementedError("x"), 501, 12, id="not there"),
        pytest.param(ApiError("x", code=409, status_reason="Conflict"), 409, 10, id="conflict"),
        pytest.param(ApiError("x", code=403, status_reason="Forbidden"), 403, 7, id="forbidden"),
        pytest.param(RuntimeError("secret"), 500, 13, id="a bug"),
    ],
)
def test_an_error_has_one_shape(err: Exception, status: int, code: int) -> None:
    async def fail(call: Call) -> None:
        raise err

    answer = client(handler=fail).get("/api/v1/things/x")

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["error"] == answer.json()["message"]
    assert "secret" not in answer.text


def test_a_stream_ends_with_the_error_that_ended_it() -> None:
    async def stream(call: Call) -> Stream:
        async def messages() -> AsyncGenerator[list[bytes], None]:
            yield [b'{"n":1}']
            raise NotFoundError("it went")

        return Stream(messages())

    answer = client(handler=stream, is_stream=True).get("/api/v1/things/x")

    first, last = answer.text.splitlines()
    assert first == '{"result":{"n":1}}'
    assert '"grpc_code":5' in last
    assert '"http_status":"Not Found"' in last


def test_a_stream_is_sent_as_events_where_they_are_asked_for() -> None:
    async def stream(call: Call) -> Stream:
        async def messages() -> AsyncGenerator[list[bytes], None]:
            yield [b'{"n":1}']

        return Stream(messages())

    served = client(handler=stream, is_stream=True)
    answer = served.get("/api/v1/things/x", headers={"accept": "text/event-stream"})

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text == 'data: {"result":{"n":1}} \n\n'


def test_unknown_paths_and_methods_are_answered_in_plain_text() -> None:
    served = client()

    assert (served.get("/api/v1/none").status_code, served.get("/api/v1/none").text) == (
        404,
        "Not Found",
    )
    refused = served.post("/api/v1/things/x", json={})
    assert (refused.status_code, refused.text) == (405, "Method Not Allowed")


def test_large_answers_are_compressed_for_clients_that_accept_it() -> None:
    async def large(call: Call) -> Any:
        return {"text": "x" * 500_000}

    served = client(handler=large)

    assert served.get("/api/v1/things/x").headers["content-encoding"] == "gzip"
    plain = served.get("/api/v1/things/x", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"scope": Scope.OBJECT, "resource": "a", "action": "get"}, id="no object"),
        pytest.param({"scope": Scope.ITEMS}, id="nothing is checked"),
        pytest.param({"scope": Scope.PUBLIC, "resource": "a", "action": "get"}, id="open and not"),
    ],
)
def test_a_permission_that_checks_nothing_cannot_be_written(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"check|together"):
        Permission(**fields)
