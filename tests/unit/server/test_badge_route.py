"""The picture of a status, for everybody who asks."""

from types import SimpleNamespace
from typing import Any

import pytest
from starlette.testclient import TestClient

from tiphys.server.app import create_server
from tiphys.server.application_finder import ApplicationFinder
from tiphys.server.routes.badge import badge_route

SHOP: dict[str, Any] = {
    "metadata": {"name": "shop", "namespace": "argocd"},
    "spec": {"project": "team-a"},
    "status": {
        "health": {"status": "Healthy"}, "sync": {"status": "OutOfSync"},
        "operationState": {"syncResult": {"revision": "abcdef1234567890"}},
    },
}  # fmt: skip
FOREIGN = {**SHOP, "metadata": {"name": "shop", "namespace": "foreign"}, "spec": {"project": "x"}}


def asked(query: str, enabled: str = "true") -> Any:
    config = {"statusbadge.enabled": enabled}
    installation: Any = SimpleNamespace(
        namespace="argocd",
        config_map=lambda name: config,
        settings=SimpleNamespace(application_namespaces=("teams-*",)),
    )
    apps = {f"{app['metadata']['namespace']}/shop": app for app in (SHOP, FOREIGN)}
    model: Any = SimpleNamespace(get=apps.get, all=apps.values)
    route = badge_route(installation, model, ApplicationFinder(installation, model))
    return TestClient(create_server([route], is_ready=lambda: True)).get(f"/api/badge?{query}")


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("name=shop", [">Healthy<", ">OutOfSync<"]),
        ("name=shop&revision=true", [">OutOfSync (abcdef1)<"]),
        ("name=shop&revision=true&keepFullRevision=true", ["(abcdef1234567890)"]),
        ("name=shop&showAppName=true", [">shop<"]),
        ("project=team-a", [">Healthy<", ">OutOfSync<"]),
        ("name=none", ["Not Found"]),
        ("name=shop&project=other", ["Not Found"]),
        ("name=shop&namespace=other", ["Not Found"]),
        ("name=shop&namespace=foreign", ["Not Found"]),
        ("project=x", ["Not Found"]),
    ],
)
def test_a_badge_shows_what_is_asked_for(query: str, shown: list[str]) -> None:
    answer = asked(query)

    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cache-control"] == "private, no-store"
    assert all(text in answer.text for text in shown)


def test_an_installation_that_did_not_turn_it_on_says_nothing() -> None:
    assert "Healthy" not in asked("name=shop", enabled="false").text


@pytest.mark.parametrize("query", ["name=%3Cscript%3E", "project=A/b", "namespace=../x"])
def test_what_is_no_name_is_refused(query: str) -> None:
    assert asked(query).status_code == 400


@pytest.mark.parametrize("width", ["\u00b2", "-1", "0", "9" * 5000])
def test_a_width_that_is_none_is_passed_over(width: str) -> None:
    assert asked(f"name=shop&width={width}").text == asked("name=shop").text
