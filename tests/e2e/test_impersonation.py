"""Syncs that act as a service account of the project, which may do what RBAC says and no more."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, text
from tests.e2e.world import IN_CLUSTER, App, World

RBAC = "rbac.authorization.k8s.io"
CASCADE = {"finalizers": ["resources-finalizer.argocd.argoproj.io"]}


@pytest.fixture
def impersonating(world: World) -> Iterator[World]:
    with world.settings("argocd-cm", {"application.sync.impersonation.enabled": "true"}):
        yield world


def _account(world: World, namespace: str, *resources: str) -> None:
    """Make a service account `deployer` that may manage some resources of its namespace."""
    rules = [{"apiGroups": [""], "resources": list(resources), "verbs": ["*"]}]
    subject = {"kind": "ServiceAccount", "name": "deployer", "namespace": namespace}
    metadata = {"name": "deployer", "namespace": namespace}
    world.api.create(
        {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": metadata, "rules": rules}
    )
    world.api.create(
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "deployer"},
            "subjects": [subject],
        }
    )


def _app(
    world: World, account: str | None, *manifests: dict[str, Any], **spec: Any
) -> tuple[App, str]:
    namespace = world.new_namespace()
    entry = {"server": IN_CLUSTER, "namespace": namespace, "defaultServiceAccount": account}
    project = world.new_project(destinationServiceAccounts=[entry] if account else [])
    repository = world.new_repository({"all.yaml": text(*manifests)})
    app = world.new_app(repository, namespace, project=project, **spec)
    return app, namespace


def test_an_account_syncs_and_deletes_what_it_may(impersonating: World) -> None:
    world = impersonating
    app, namespace = _app(world, "deployer", config_map("one"), metadata=dict(CASCADE))
    _account(world, namespace, "configmaps")
    app.wait("OutOfSync")

    state = app.sync()

    assert state["phase"] == "Succeeded", state
    app.wait("Synced", "Healthy")
    app.delete()
    # Children go in the foreground, so a real garbage collector has to come by.
    gone = lambda: world.api.find("Application", "argocd", app.name) is None  # noqa: E731
    eventually("all is gone", gone, 60)
    assert world.api.find("ConfigMap", namespace, "one") is None


def test_what_the_account_may_not_do_fails_and_says_so(impersonating: World) -> None:
    world = impersonating
    app, namespace = _app(world, "deployer", config_map("one"))
    _account(world, namespace, "secrets")
    app.wait("OutOfSync")

    state = app.sync()

    assert state["phase"] == "Failed"
    (result,) = state["syncResult"]["resources"]
    user = f"system:serviceaccount:{namespace}:deployer"
    assert f'User "{user}" cannot' in result["message"]
    assert world.api.find("ConfigMap", namespace, "one") is None


def test_a_project_without_an_account_cannot_sync_unless_that_is_allowed(
    impersonating: World,
) -> None:
    world = impersonating
    app, namespace = _app(world, None, config_map("one"))
    app.wait("OutOfSync")

    state = app.sync()

    assert state["phase"] == "Error"
    assert state["message"] == (
        f"no matching service account found for destination server {IN_CLUSTER} and namespace "
        f"{namespace}"
    )
    with world.settings("argocd-cm", {"application.sync.impersonation.enforced": "false"}):
        assert app.sync()["phase"] == "Succeeded"
