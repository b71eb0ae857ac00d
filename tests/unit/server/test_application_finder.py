"""Which Application a call is about, and how much the caller learns."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from tiphys.model.errors import NotFoundError, PermissionDeniedError
from tiphys.model.identity import Identity
from tiphys.model.keys import Manifest
from tiphys.server.application_finder import ApplicationFinder
from tiphys.server.call import Call

SHOP: Manifest = {
    "metadata": {"name": "shop", "namespace": "argocd"}, "spec": {"project": "team-a"},
}  # fmt: skip
ELSEWHERE: Manifest = {"metadata": {"name": "shop", "namespace": "team-b"}, "spec": {}}


class Rights:
    """May do what is listed, as (action, object)."""

    def __init__(self, *rights: tuple[str, str]) -> None:
        self._rights = set(rights)

    def allows(self, _identity: Identity, _resource: str, action: str, object_name: str) -> bool:
        return (action, object_name) in self._rights

    def require(self, identity: Identity, resource: str, action: str, object_name: str) -> None:
        if not self.allows(identity, resource, action, object_name):
            raise PermissionDeniedError(f"permission denied: {action}, {object_name}")


def finder(*, namespaces: tuple[str, ...] = (), inherits: bool = False) -> ApplicationFinder:
    stored = {"argocd/shop": SHOP, "team-b/shop": ELSEWHERE}
    settings = SimpleNamespace(application_namespaces=namespaces, inherits_fine_grained=inherits)
    installation = SimpleNamespace(namespace="argocd", settings=settings)
    model = SimpleNamespace(get=stored.get)
    return ApplicationFinder(cast("Any", installation), cast("Any", model))


def call(rights: Rights, name: str = "shop", **query: str) -> Call:
    params = SimpleNamespace(getlist=lambda key: [query[key]] if key in query else [])
    request = SimpleNamespace(query_params=params)
    return Call(
        request=cast("Any", request), identity=Identity(), access=cast("Any", rights),
        path={"name": name}, application=SHOP,
    )  # fmt: skip


ALL = Rights(("get", "team-a/shop"), ("get", "team-a/none"), ("get", "default/team-b/shop"))


async def test_who_may_see_an_application_finds_it() -> None:
    assert await finder().find(call(ALL), "get") is SHOP


@pytest.mark.parametrize(
    ("rights", "name", "query"),
    [
        pytest.param(ALL, "none", {}, id="there is none"),
        pytest.param(Rights(), "shop", {}, id="no right"),
        pytest.param(ALL, "shop", {"appNamespace": "team-b"}, id="a namespace that is not enabled"),
        pytest.param(Rights(), "none", {"project": "team-a"}, id="neither, with its project"),
    ],
)
async def test_absent_and_forbidden_are_answered_alike(
    rights: Rights, name: str, query: dict[str, str]
) -> None:
    with pytest.raises(PermissionDeniedError) as refused:
        await finder().find(call(rights, name, **query), "get")

    assert refused.value.what == "permission denied"


@pytest.mark.parametrize("name", ["none", "shop"])
async def test_who_names_a_project_that_they_may_use_learns_what_is_not_in_it(name: str) -> None:
    rights = Rights(("get", "team-c/none"), ("get", "team-c/shop"))

    with pytest.raises(NotFoundError, match=f'"{name}" not found'):
        await finder().find(call(rights, name, project="team-c"), "get")


async def test_an_application_elsewhere_is_named_with_its_namespace() -> None:
    found = await finder(namespaces=("team-*",)).find(call(ALL, appNamespace="team-b"), "get")

    assert found is ELSEWHERE


FINE = "update/apps/Deployment/shop/web"


@pytest.mark.parametrize(
    ("rights", "inherits", "allowed"),
    [
        pytest.param(Rights((FINE, "team-a/shop")), False, True, id="the right on the object"),
        pytest.param(Rights(("update", "team-a/shop")), False, False, id="not inherited"),
        pytest.param(Rights(("update", "team-a/shop")), True, True, id="inherited"),
        pytest.param(Rights((FINE, "team-a/shop")), True, True, id="its own, where inherited"),
    ],
)
def test_a_right_on_an_application_is_one_on_its_objects_only_where_that_is_set(
    rights: Rights, *, inherits: bool, allowed: bool
) -> None:
    asked = call(rights)
    if allowed:
        finder(inherits=inherits).require_fine(asked, "update", FINE)
        return
    with pytest.raises(PermissionDeniedError):
        finder(inherits=inherits).require_fine(asked, "update", FINE)
