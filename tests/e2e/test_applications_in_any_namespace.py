"""Applications beside the installation's namespace, where settings and projects let them be."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, text
from tests.e2e.shell import Shell
from tests.e2e.world import IN_CLUSTER, World

FINALIZER = "resources-finalizer.argocd.argoproj.io"


@pytest.fixture(scope="module")
def team(world: World) -> Iterator[str]:
    """Start tiphys with a setting that names the namespaces of teams; return one."""
    name = f"team-{uuid.uuid4().hex[:8]}"
    world.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    with world.settings("argocd-cmd-params-cm", {"application.namespaces": "team-*"}):
        world.stop_tiphys()
        world.start_tiphys()
        yield name
    world.stop_tiphys()
    world.start_tiphys()


def _new(world: World, namespace: str, project: str, name: str = "web") -> None:
    repository = world.new_repository({"all.yaml": text(config_map("one"))})
    world.api.create(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": name, "namespace": namespace, "finalizers": [FINALIZER]},
            "spec": {
                "project": project,
                "source": {"repoURL": repository.url, "path": ".", "targetRevision": "HEAD"},
                "destination": {"server": IN_CLUSTER, "namespace": namespace},
                "syncPolicy": {"automated": {}},
            },
        }
    )


def _status(world: World, namespace: str, name: str = "web") -> dict[str, Any]:
    found: dict[str, Any] = world.api.get("Application", namespace, name).get("status") or {}
    return found


def _is_synced(world: World, namespace: str) -> bool:
    return bool((_status(world, namespace).get("sync") or {}).get("status") == "Synced")


def test_an_application_of_a_team_lives_from_create_to_delete(world: World, team: str) -> None:
    project = world.new_project(sourceNamespaces=["team-*"])
    _new(world, team, project)

    eventually("it is synced", lambda: _is_synced(world, team))

    one = world.api.get("ConfigMap", team, "one")
    mark = one["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"]
    assert mark == f"{team}_web:/ConfigMap:{team}/one"
    tiphys, name = Shell(world), f"{team}/web"
    assert name in tiphys("app", "list")
    assert f"Name:               {name}" in tiphys("app", "get", name, "--refresh")
    assert tiphys("app", "diff", name) == ""
    world.api.merge("ConfigMap", team, "one", {"data": {"key": "other"}})
    assert "other" in tiphys("app", "diff", name, code=1)
    assert "configmap/one configured" in tiphys("app", "sync", name)
    assert "one" in tiphys("app", "manifests", name)
    tiphys("app", "delete", name, "-y", "--wait")
    assert world.api.find("ConfigMap", team, "one") is None


def test_an_application_needs_a_project_that_names_its_namespace(world: World, team: str) -> None:
    project = world.new_project()
    _new(world, team, project, "stranger")

    def said() -> list[str]:
        found = _status(world, team, "stranger").get("conditions") or []
        return [condition["message"] for condition in found]

    assert eventually("it is said", said) == [
        f"application 'stranger' in namespace '{team}' is not permitted to use project "
        f"'{project}': its sourceNamespaces do not name it"
    ]
    assert world.api.find("ConfigMap", team, "one") is None
    world.api.merge("Application", team, "stranger", {"metadata": {"finalizers": None}})
    world.api.delete("Application", team, "stranger")


def test_an_application_elsewhere_is_left_alone(world: World, team: str) -> None:
    del team
    project = world.new_project(sourceNamespaces=["*"])
    elsewhere = world.new_namespace()
    _new(world, elsewhere, project)
    other = world.new_app(world.new_repository({"a.yaml": text(config_map("a"))}), elsewhere)
    other.wait("OutOfSync")

    assert _status(world, elsewhere) == {}
    assert f"{elsewhere}/web" not in Shell(world)("app", "list")
