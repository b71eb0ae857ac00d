"""Applies that the API server refuses as they are, and that a sync brings about all the same."""

from typing import Any

from tests.e2e.manifests import deployment, text
from tests.e2e.world import App, Repository, World


def _service(name: str) -> dict[str, Any]:
    port = {"name": "http", "port": 80, "targetPort": 8000, "protocol": "TCP"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": [port]},
    }


def _binding(name: str, role: str) -> dict[str, Any]:
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "default"}],
    }


def _synced(
    world: World, *manifests: dict[str, Any], repository: Repository | None = None
) -> tuple[App, str]:
    namespace = world.new_namespace()
    app = world.new_app(
        repository or world.new_repository({"all.yaml": text(*manifests)}), namespace
    )
    app.wait("OutOfSync")
    assert app.sync()["phase"] == "Succeeded"
    app.wait("Synced")
    return app, namespace


def _results(state: dict[str, Any]) -> list[tuple[str, str]]:
    return [(r["status"], r["message"]) for r in state["syncResult"]["resources"]]


def test_a_port_whose_number_was_edited_by_hand_comes_back_as_git_has_it(world: World) -> None:
    app, namespace = _synced(world, _service("web"))
    edited = [{"name": "http", "port": 8080, "targetPort": 8000, "protocol": "TCP"}]
    patch = {"spec": {"ports": edited}}
    world.api.merge("Service", namespace, "web", patch, manager="kubectl-edit")
    app.wait("OutOfSync")

    state = app.sync()

    assert state["phase"] == "Succeeded", state["message"]
    assert _results(state) == [("Synced", "service/web configured")]
    ports = world.api.get("Service", namespace, "web")["spec"]["ports"]
    assert [port["port"] for port in ports] == [80]
    app.wait("Synced")


def test_a_port_that_somebody_added_beside_ours_stays(world: World) -> None:
    app, namespace = _synced(world, _service("web"))
    ports = world.api.get("Service", namespace, "web")["spec"]["ports"]
    added = {"name": "metrics", "port": 9090, "targetPort": 9090, "protocol": "TCP"}
    edited = [{**ports[0], "port": 8080}, added]
    patch = {"spec": {"ports": edited}}
    world.api.merge("Service", namespace, "web", patch, manager="kubectl-edit")
    app.wait("OutOfSync")

    assert app.sync()["phase"] == "Succeeded"

    ports = world.api.get("Service", namespace, "web")["spec"]["ports"]
    assert sorted(port["port"] for port in ports) == [80, 9090]
    app.wait("Synced")


def test_equal_keys_in_a_list_are_applied_client_side_and_warned_of(world: World) -> None:
    web = deployment("web")
    container = web["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
    namespace = world.new_namespace()
    app = world.new_app(world.new_repository({"web.yaml": text(web)}), namespace)
    app.wait("OutOfSync")

    state = app.sync()

    assert state["phase"] == "Succeeded", state
    ((_, message),) = _results(state)
    first, *warnings = message.splitlines()
    assert first == "deployment.apps/web created"
    assert any("equal keys rule out server-side apply" in line for line in warnings)
    found = world.api.get("Deployment", namespace, "web")
    assert "kubectl.kubernetes.io/last-applied-configuration" in found["metadata"]["annotations"]
    app.wait("Synced")


def test_another_role_makes_the_binding_anew(world: World) -> None:
    repository = world.new_repository({"all.yaml": text(_binding("readers", "view"))})
    app, namespace = _synced(world, repository=repository)
    before = world.api.get("RoleBinding", namespace, "readers")
    repository.push({"all.yaml": text(_binding("readers", "edit"))})
    app.wait("OutOfSync")

    state = app.sync()

    assert state["phase"] == "Succeeded", state["message"]
    after = world.api.get("RoleBinding", namespace, "readers")
    assert after["roleRef"]["name"] == "edit"
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    app.wait("Synced")
