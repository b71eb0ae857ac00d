"""Destinations other than our own cluster: side by side, dying, and managed in part."""

import contextlib
import json
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.api import Api, eventually
from tests.e2e.manifests import config_map, text
from tests.e2e.world import App, World, sandbox_process

HEALING: dict[str, Any] = {"automated": {"prune": True, "selfHeal": True}}


def _secret_data(kubeconfig: Path, **more: str) -> dict[str, str]:
    config = yaml.safe_load(kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    authority = cluster.get("certificate-authority-data")
    access = {
        "bearerToken": user.get("token", ""),
        "tlsClientConfig": {"caData": authority} if authority else {"insecure": True},
    }
    return {"server": cluster["server"], "config": json.dumps(access), **more}


@contextlib.contextmanager
def _known(world: World, name: str, data: dict[str, str]) -> Iterator[None]:
    world.api.create(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": f"cluster-{name}",
                "namespace": "argocd",
                "labels": {"argocd.argoproj.io/secret-type": "cluster"},
            },
            "stringData": {"name": name, **data},
        }
    )
    try:
        yield
    finally:
        world.api.delete("Secret", "argocd", f"cluster-{name}")


def _app_on(world: World, name: str, namespace: str, **spec: Any) -> App:
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    destination = {"name": name, "namespace": namespace}
    return world.new_app(repository, namespace, destination=destination, **spec)


def test_one_cluster_dies_and_the_other_goes_on(world: World, tmp_path: Path) -> None:
    left, right = (f"{side}-{uuid.uuid4().hex[:6]}" for side in ("left", "right"))
    with contextlib.ExitStack() as stack:
        (left_config, dying), (right_config, _) = (
            stack.enter_context(sandbox_process(tmp_path / side)) for side in ("left", "right")
        )
        for name, kubeconfig in ((left, left_config), (right, right_config)):
            stack.enter_context(_known(world, name, _secret_data(kubeconfig)))
        options = {"syncOptions": ["CreateNamespace=true"], **HEALING}
        first = _app_on(world, left, "shop", syncPolicy=options)
        second = _app_on(world, right, "shop", syncPolicy=options)
        first.wait("Synced", "Healthy")
        second.wait("Synced", "Healthy")
        there = Api(right_config)

        dying.kill(signal.SIGKILL)

        status = first.wait("Unknown", timeout_s=40)
        (said,) = first.conditions("ComparisonError")
        assert said.startswith("Failed to load live state: ")
        assert "cannot be reached" in said
        assert [row["name"] for row in status["resources"]] == ["one"]
        there.merge("ConfigMap", "shop", "one", {"data": {"key": "edited"}})
        healed = {"key": "value"}
        eventually(
            "the other cluster is looked after",
            lambda: there.get("ConfigMap", "shop", "one")["data"] == healed,
            timeout_s=10,
        )
        second.wait("Synced")

        first.start_sync()
        state = first.wait_for_operation(timeout_s=90)

        assert state["phase"] == "Error"
        assert "cannot be reached" in state["message"]


@pytest.fixture
def partial(world: World) -> Iterator[tuple[World, str, str]]:
    """Our own cluster once more, by a Secret that names one namespace of it."""
    managed, name = world.new_namespace(), f"partial-{uuid.uuid4().hex[:6]}"
    data = _secret_data(world.kubeconfig, namespaces=managed)
    with _known(world, name, data):
        yield world, name, managed


def _role(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
    }


def test_a_namespace_that_is_managed_is_deployed_to(partial: tuple[World, str, str]) -> None:
    world, name, managed = partial
    app = _app_on(world, name, managed, syncPolicy=HEALING)

    app.wait("Synced", "Healthy")

    world.api.merge("ConfigMap", managed, "one", {"data": {"key": "edited"}})
    eventually(
        "it is watched",
        lambda: world.api.get("ConfigMap", managed, "one")["data"]["key"] != "edited",
    )


def test_another_namespace_is_not_managed_and_that_is_said(
    partial: tuple[World, str, str],
) -> None:
    world, name, _ = partial
    elsewhere = world.new_namespace()
    app = _app_on(world, name, elsewhere, syncPolicy=HEALING)

    app.wait("Unknown")

    (said,) = app.conditions("ComparisonError")
    expected = (
        f'Failed to load live state: namespace "{elsewhere}" for ConfigMap "one" is not managed'
    )
    assert said.startswith(expected)
    assert world.api.find("ConfigMap", elsewhere, "one") is None


def test_what_has_no_namespace_needs_cluster_resources(partial: tuple[World, str, str]) -> None:
    world, name, managed = partial
    role = f"role-{uuid.uuid4().hex[:6]}"
    repository = world.new_repository({"role.yaml": text(_role(role))})
    destination = {"name": name, "namespace": managed}
    app = world.new_app(repository, managed, destination=destination, syncPolicy=HEALING)
    app.wait("Unknown")
    (said,) = app.conditions("ComparisonError")
    assert said.startswith(
        f'Failed to load live state: cluster level ClusterRole "{role}" can not be managed when in '
        "namespaced mode"
    )

    world.api.merge(
        "Secret", "argocd", f"cluster-{name}", {"stringData": {"clusterResources": "true"}}
    )

    app.wait("Synced")
    assert "conditions" not in app.status
    assert world.api.find("ClusterRole", "", role) is not None
