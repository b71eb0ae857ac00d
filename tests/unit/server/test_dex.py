"""Dex behind us: what it is started with, and what is passed on to it."""

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.peers.serving import serving
from tiphys.delivery.dex import dex_configuration, dex_secret
from tiphys.server.app import create_server
from tiphys.server.sso.dex import DexServer, behind_us, dex_routes, dex_server
from tiphys.settings.sso import SsoSettings, parse_sso

URL = "https://cd.example.com"
CONFIG = """
connectors:
- type: github
  id: github
  name: GitHub
  config: {clientID: abc, clientSecret: $dex.github.clientSecret, orgs: [{name: our-org}]}
"""


def settings(url: str = URL) -> SsoSettings:
    known = {"dex.github.clientSecret": "from the Secret"}
    config = {"url": url, "dex.config": CONFIG}
    return parse_sso(config, known.get, dex_secret=dex_secret(b"key"))


def test_dex_is_started_with_the_connectors_and_our_clients() -> None:
    made = dex_configuration(settings(), URL)

    assert made["issuer"] == f"{URL}/api/dex"
    (connector,) = made["connectors"]
    assert connector["config"]["clientSecret"] == "from the Secret"
    assert connector["config"]["redirectURI"] == f"{URL}/api/dex/callback"
    server, cli = made["staticClients"]
    assert (server["id"], server["redirectURIs"]) == ("argo-cd", [f"{URL}/auth/callback"])
    assert server["secret"] == dex_secret(b"key") != dex_secret(b"other")
    assert (cli["id"], cli["public"]) == ("argo-cd-cli", True)


def test_addresses_of_the_issuer_are_asked_of_dex_itself() -> None:
    rewrite = behind_us(f"{URL}/argocd/api/dex", DexServer(address="http://dex:5556"))

    assert rewrite(f"{URL}/argocd/api/dex/token") == "http://dex:5556/argocd/api/dex/token"
    assert rewrite("https://elsewhere.example.com/keys") == "https://elsewhere.example.com/keys"


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, "https://argocd-dex-server:5556"),
        ({"server.dex.server": "http://dex:1"}, "http://dex:1"),
        ({"server.dex.server": "dex:1", "server.dex.server.plaintext": "true"}, "http://dex:1"),
    ],
)
def test_dex_is_found_where_the_settings_say(params: dict[str, str], expected: str) -> None:
    assert dex_server(params, {}).address == expected


async def _echo(request: Request) -> Response:
    if request.url.path.endswith("/auth"):
        return Response(status_code=303, headers={"Location": "https://github.com/login"})
    seen: dict[str, Any] = {
        "path": request.url.path,
        "query": request.url.query,
        "headers": dict(request.headers),
        "body": (await request.body()).decode(),
    }
    return JSONResponse(seen)


def test_requests_reach_dex_without_our_session() -> None:
    """Fails when `_forwarded` passes cookies and bearers on."""
    dex = Starlette(routes=[Route("/{path:path}", _echo, methods=["GET", "POST"])])
    with serving(dex) as port:
        target = DexServer(address=f"http://127.0.0.1:{port}")
        app = create_server(dex_routes(settings, lambda: target), is_ready=lambda: True)
        client = TestClient(app, follow_redirects=False)

        session = {"Cookie": "argocd.token=secret", "Authorization": "Bearer secret"}
        seen = client.post("/api/dex/token?a=b%2Fc", content=b"code=1", headers=session).json()
        assert (seen["path"], seen["query"], seen["body"]) == (
            "/api/dex/token",
            "a=b%2Fc",
            "code=1",
        )
        assert "secret" not in str(seen["headers"])
        assert client.get("/api/dex/auth").headers["location"] == "https://github.com/login"
        large = client.post("/api/dex/token", content=b"x" * 2_000_000)
        assert large.status_code == 413


def test_without_dex_there_is_nothing_to_reach() -> None:
    target = DexServer(address="http://127.0.0.1:1")
    app = create_server(dex_routes(SsoSettings, lambda: target), is_ready=lambda: True)

    assert TestClient(app).get("/api/dex/auth").status_code == 404


def test_a_dex_that_is_away_is_said_to_be() -> None:
    target = DexServer(address="http://127.0.0.1:1")
    app = create_server(dex_routes(settings, lambda: target), is_ready=lambda: True)

    assert TestClient(app).get("/api/dex/auth").status_code == 502
