"""The prefix that everything is served under."""

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from tiphys.run.serving import root_path_of
from tiphys.server.app import create_server


async def _echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(request.path_params["name"]))


@pytest.mark.parametrize(
    ("setting", "prefix"),
    [("", ""), ("/", ""), ("argocd", "/argocd"), ("/argocd/", "/argocd"), (" /a/b ", "/a/b")],
)
def test_the_prefix_is_read_however_it_is_spelled(setting: str, prefix: str) -> None:
    assert root_path_of({"server.rootpath": setting}) == prefix


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        pytest.param("/argocd/things/a%2Fb", "a%2Fb", id="with the prefix"),
        pytest.param("/things/x", "x", id="without it, as a proxy may take it off"),
    ],
)
def test_what_is_served_is_found_under_the_prefix(path: str, answer: str) -> None:
    server = create_server(
        [Route("/things/{name}", _echo)], is_ready=lambda: True, root_path="/argocd"
    )

    assert TestClient(server).get(path).text == answer


def test_health_is_answered_without_the_prefix_too() -> None:
    client = TestClient(create_server([], is_ready=lambda: True, root_path="/argocd"))

    assert client.get("/healthz").text == client.get("/argocd/healthz").text == "ok"


def test_another_path_that_begins_alike_is_not_under_the_prefix() -> None:
    server = create_server([Route("/cd/{name}", _echo)], is_ready=lambda: True, root_path="/argo")

    assert TestClient(server).get("/argocd/x").status_code == 404
