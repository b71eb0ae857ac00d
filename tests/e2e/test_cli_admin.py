"""What an operator does from the command line: first passwords, and trying permissions."""

import base64
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import pytest

from tests.e2e.api import eventually
from tests.e2e.http import HttpClient
from tests.e2e.shell import Shell
from tests.e2e.world import World, new_world


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with new_world(tmp_path_factory.mktemp("admin")) as running:
        yield running


def shown(world: World) -> str:
    secret = world.api.get("Secret", "argocd", "argocd-initial-admin-secret")
    return base64.b64decode(secret["data"]["password"]).decode()


def test_the_first_password_is_printed_and_can_be_renewed(own: World) -> None:
    tiphys, before = Shell(own), shown(own)
    assert tiphys("admin", "initial-password") == f"{before}\n"

    after = tiphys("admin", "initial-password", "reset").strip()

    assert after != before
    assert shown(own) == after
    eventually(
        "the new one is in force", lambda: HttpClient(own.port).log_in("admin", after).status == 200
    )
    assert HttpClient(own.port).log_in("admin", before).status == 401
    own.api.delete("Secret", "argocd", "argocd-initial-admin-secret")
    refused = tiphys.run("admin", "initial-password", code=20)
    assert "not shown any more" in refused.stderr


def test_a_hash_is_of_the_password(own: World) -> None:
    hashed = Shell(own)("account", "bcrypt", "--password", "correct horse").strip()

    assert hashed.startswith("$2a$10$")
    assert bcrypt.checkpw(b"correct horse", hashed.encode())


@pytest.mark.parametrize(
    ("question", "answer", "code"),
    [
        (["role:readonly", "get", "applications", "x/y"], "Yes", 0),
        (["role:readonly", "sync", "app", "x/y"], "No", 1),
        (["alice", "delete/apps/Deployment/n/w", "app", "shop/web"], "Yes", 0),
        (["alice", "delete", "app", "bank/web"], "No", 1),
        (["bob", "get", "projects"], "No", 1),
    ],
)
def test_permissions_can_be_tried_from_a_file(
    own: World, tmp_path: Path, question: list[str], answer: str, code: int
) -> None:
    policy = tmp_path / "policy.csv"
    policy.write_text("p, alice, applications, delete/*, shop/*, allow\n")

    said = Shell(own)(
        "admin", "settings", "rbac", "can", *question, "--policy-file", str(policy), code=code
    )

    assert said == f"{answer}\n"


def test_permissions_of_the_cluster_and_of_projects_can_be_tried(own: World) -> None:
    name = own.new_project()
    policy = f"p, proj:{name}:ci, applications, sync, {name}/*, allow"
    roles = {"spec": {"roles": [{"name": "ci", "policies": [policy]}]}}
    own.api.merge("AppProject", "argocd", name, roles)
    rbac = ["admin", "settings", "rbac", "can"]
    with own.settings("argocd-rbac-cm", {"policy.csv": "g, carol, role:admin"}):
        assert Shell(own)(*rbac, "carol", "update", "accounts", "x") == "Yes\n"
        assert Shell(own)(*rbac, f"proj:{name}:ci", "sync", "app", f"{name}/web") == "Yes\n"
        assert Shell(own)(*rbac, f"proj:{name}:ci", "sync", "app", "x/web", code=1) == "No\n"


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        pytest.param("p, a, applications, get, */*, allow\n", 0, "Policy is valid.", id="good"),
        pytest.param("p, a, applications\n", 1, "line 1", id="a line that is too short"),
        pytest.param("p, a, applications, get, x/[, allow\n", 0, "cannot be read", id="odd"),
    ],
)
def test_a_policy_is_checked_before_it_is_used(
    own: World, tmp_path: Path, text: str, code: int, said: str
) -> None:
    policy = tmp_path / "policy.csv"
    policy.write_text(text)

    done = Shell(own).run(
        "admin", "settings", "rbac", "validate", "--policy-file", str(policy), code=code
    )

    assert said in done.stdout + done.stderr


def test_a_word_that_no_policy_knows_is_refused(own: World, tmp_path: Path) -> None:
    policy = tmp_path / "policy.csv"
    policy.write_text("")
    rbac = ["admin", "settings", "rbac", "can", "role:admin"]
    file = ["--policy-file", str(policy)]

    assert "not an action" in Shell(own).run(*rbac, "sync", "projects", *file, code=20).stderr
    assert "not a resource" in Shell(own).run(*rbac, "get", "pods", *file, code=20).stderr
