"""Tokens of projects' roles: what they reach, and how they end."""

import base64

import pytest

from tests.e2e.api import eventually
from tests.e2e.http import HttpClient
from tests.e2e.world import World


@pytest.fixture(scope="module")
def root(world: World) -> HttpClient:
    secret = world.api.get("Secret", "argocd", "argocd-initial-admin-secret")
    password = base64.b64decode(secret["data"]["password"]).decode()
    return HttpClient(world.port, HttpClient(world.port).log_in("admin", password).json()["token"])


def new_project(world: World, root: HttpClient) -> str:
    """Create a project whose role `ci` may sync and see its Applications."""
    name = world.new_project()
    policies = [
        f"p, proj:{name}:ci, applications, {action}, {name}/*, allow" for action in ("get", "sync")
    ]
    spec = {"spec": {"roles": [{"name": "ci", "policies": policies, "groups": ["org:ci"]}]}}
    world.api.merge("AppProject", "argocd", name, spec)
    path = f"/api/v1/projects/{name}/roles/ci/token"
    made = eventually("the role is known", lambda: _made(root, path))
    assert root.call("DELETE", f"{path}/0?id={made}").status == 200
    return name


def _made(root: HttpClient, path: str) -> str:
    answer = root.post(path, {"id": "probe"})
    return "probe" if answer.status == 200 else ""


def test_a_token_of_a_role_reaches_its_project_and_no_other(world: World, root: HttpClient) -> None:
    """Fails when the lines of a project count for requests on another."""
    name, other = new_project(world, root), new_project(world, root)

    made = root.post(f"/api/v1/projects/{name}/roles/ci/token", {"expiresIn": 60})

    pipeline = HttpClient(world.port, made.json()["token"])
    who = pipeline.get("/api/v1/session/userinfo").json()
    assert who["username"] == f"proj:{name}:ci"

    def may(request: str) -> str:
        return str(pipeline.get(f"/api/v1/account/can-i/{request}").json()["value"])

    assert may(f"applications/sync/{name}/web") == "yes"
    assert may(f"projects/get/{name}") == "yes"
    assert may(f"applications/delete/{name}/web") == "no"
    assert may(f"applications/sync/{other}/web") == "no"
    assert may(f"projects/get/{other}") == "no"
    refused = pipeline.post(f"/api/v1/projects/{other}/roles/ci/token", {})
    assert refused.status == 403


def test_a_token_that_was_deleted_lets_nobody_in(world: World, root: HttpClient) -> None:
    """Fails when `_check_role` does not look for the token among the role's."""
    name = new_project(world, root)
    path = f"/api/v1/projects/{name}/roles/ci/token"
    pipeline = HttpClient(world.port, root.post(path, {"id": "one"}).json()["token"])
    other = HttpClient(world.port, root.post(path, {"id": "two"}).json()["token"])
    assert pipeline.get("/api/v1/account").status == 200
    project = world.api.get("AppProject", "argocd", name)
    (role,) = project["spec"]["roles"]
    assert [row["id"] for row in role["jwtTokens"]] == ["one", "two"]
    assert project["status"]["jwtTokensByRole"]["ci"]["items"] == role["jwtTokens"]
    assert "token" not in str(role["jwtTokens"])

    issued = role["jwtTokens"][0]["iat"]
    assert root.call("DELETE", f"{path}/{issued}?id=one").status == 200

    assert pipeline.get("/api/v1/account").status == 401
    assert other.get("/api/v1/account").status == 200
    assert root.call("DELETE", f"{path}/{issued}?id=one").status == 404


def test_a_token_ends_with_its_role(world: World, root: HttpClient) -> None:
    name = new_project(world, root)
    made = root.post(f"/api/v1/projects/{name}/roles/ci/token", {})
    pipeline = HttpClient(world.port, made.json()["token"])
    assert pipeline.get("/api/v1/account").status == 200

    world.api.merge("AppProject", "argocd", name, {"spec": {"roles": []}})

    eventually("is refused", lambda: pipeline.get("/api/v1/account").status == 401)


@pytest.mark.parametrize(
    ("role", "body", "status"),
    [
        pytest.param("nobody", {}, 404, id="a role that is not there"),
        pytest.param("ci", {"expiresIn": -1}, 400, id="a time in the past"),
        pytest.param("ci", {"id": "x" * 200}, 400, id="an id that is too long"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(
    world: World, root: HttpClient, role: str, body: dict[str, object], status: int
) -> None:
    name = new_project(world, root)

    answer = root.post(f"/api/v1/projects/{name}/roles/{role}/token", body)

    assert answer.status == status


def test_an_id_is_given_once(world: World, root: HttpClient) -> None:
    name = new_project(world, root)
    path = f"/api/v1/projects/{name}/roles/ci/token"
    assert root.post(path, {"id": "same"}).status == 200

    again = root.post(path, {"id": "same"})

    assert again.status == 400


def test_writing_back_an_older_project_neither_loses_nor_revives_tokens(
    world: World, root: HttpClient
) -> None:
    """Fails when `ProjectRoutes` stores the `jwtTokens` of the request."""
    name = new_project(world, root)
    path = f"/api/v1/projects/{name}/roles/ci/token"
    withdrawn = HttpClient(world.port, root.post(path, {"id": "old"}).json()["token"])
    read = root.get(f"/api/v1/projects/{name}").json()
    assert root.call("DELETE", f"{path}/0?id=old").status == 200
    made = HttpClient(world.port, root.post(path, {"id": "new"}).json()["token"])

    del read["metadata"]["resourceVersion"]
    written = root.call("PUT", f"/api/v1/projects/{name}", {"project": read})

    assert written.status == 200, written.body
    assert withdrawn.get("/api/v1/account").status == 401
    assert made.get("/api/v1/account").status == 200


@pytest.mark.parametrize(
    "role",
    [
        {"name": "ci", "policies": ["p, proj:other:ci, applications, get, NAME/*, allow"]},
        {"name": "ci", "policies": ["p, proj:NAME:ci, applications, get, other/*, allow"]},
        {"name": "ci", "policies": ["p, proj:NAME:ci, accounts, update, NAME/*, allow"]},
        {"name": "ci", "policies": ["p, proj:NAME:ci, applications, fly, NAME/*, allow"]},
        {"name": "ci", "policies": ["g, alice, role:admin"]},
        {"name": "c:i"},
        {"name": "ci", "groups": ["a, b"]},
    ],
)
def test_a_role_that_reaches_out_of_its_project_is_not_stored(
    world: World, root: HttpClient, role: dict[str, object]
) -> None:
    """Fails when `ProjectRoutes` does not ask `role_problems`."""
    name = new_project(world, root)
    read = root.get(f"/api/v1/projects/{name}").json()
    policies = [str(line).replace("NAME", name) for line in role.get("policies", [])]  # type: ignore[attr-defined]
    read["spec"]["roles"] = [{**role, "policies": policies}]

    answer = root.call("PUT", f"/api/v1/projects/{name}", {"project": read})

    assert answer.status == 400
