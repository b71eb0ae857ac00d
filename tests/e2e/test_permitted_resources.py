"""What a project does not permit: it is not managed, and it outlives the Application."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, text
from tests.e2e.world import IN_CLUSTER, App, World

CASCADE = {"finalizers": ["resources-finalizer.argocd.argoproj.io"]}
NO_SECRETS = [{"group": "", "kind": "Secret"}]


def _marked(app: App, namespace: str, kind: str, name: str) -> dict[str, Any]:
    """An object that says it belongs to an Application."""
    mark = f"{app.name}:/{kind}:{namespace}/{name}"
    annotations = {"argocd.argoproj.io/tracking-id": mark}
    metadata = {"name": name, "namespace": namespace, "annotations": annotations}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata}


def _is_gone(world: World, app: App) -> bool:
    return world.api.find("Application", "argocd", app.name) is None


def test_a_kind_that_is_not_permitted_is_neither_listed_nor_deleted(world: World) -> None:
    wanted = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "wanted"}}
    repository = world.new_repository({"all.yaml": text(config_map("one"), wanted)})
    namespace = world.new_namespace()
    project = world.new_project(namespaceResourceBlacklist=NO_SECRETS)
    app = world.new_app(repository, namespace, project=project, metadata=CASCADE)
    world.api.create(_marked(app, namespace, "Secret", "wanted"))
    world.api.create(_marked(app, namespace, "Secret", "left"))
    app.wait("OutOfSync")
    eventually("it is listed", lambda: app.resource("Secret", "wanted"))

    assert app.resource("Secret", "wanted")["status"] == "Unknown"
    assert app.resource("Secret", "left") == {}
    assert app.resource("ConfigMap", "one")["status"] == "OutOfSync"
    selected = [{"kind": "ConfigMap", "name": "one"}]
    assert app.sync(resources=selected, prune=True)["phase"] == "Succeeded"

    app.delete()

    eventually("the Application is gone", lambda: _is_gone(world, app))
    assert world.api.find("ConfigMap", namespace, "one") is None
    assert world.api.find("Secret", namespace, "wanted") is not None
    assert world.api.find("Secret", namespace, "left") is not None


def test_what_is_permitted_again_is_pruned(world: World) -> None:
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    namespace = world.new_namespace()
    project = world.new_project(namespaceResourceBlacklist=NO_SECRETS)
    app = world.new_app(repository, namespace, project=project)
    app.wait("OutOfSync")
    app.sync()
    world.api.create(_marked(app, namespace, "Secret", "left"))
    app.refresh()
    app.wait("Synced")

    world.api.merge("AppProject", "argocd", project, {"spec": {"namespaceResourceBlacklist": []}})

    app.wait("OutOfSync")
    assert app.resource("Secret", "left")["requiresPruning"]
    assert app.sync(prune=True)["phase"] == "Succeeded"
    assert world.api.find("Secret", namespace, "left") is None


def test_a_namespace_that_is_not_permitted_any_more_keeps_what_is_in_it(world: World) -> None:
    inside, outside = world.new_namespace(), world.new_namespace()
    far = config_map("far")
    far["metadata"]["namespace"] = outside
    repository = world.new_repository({"all.yaml": text(config_map("near"), far)})
    project = world.new_project()
    app = world.new_app(repository, inside, project=project, metadata=CASCADE)
    app.wait("OutOfSync")
    assert app.sync()["phase"] == "Succeeded"
    app.wait("Synced")

    only = {"destinations": [{"server": "*", "namespace": inside}]}
    world.api.merge("AppProject", "argocd", project, {"spec": only})
    repository.push({"all.yaml": text(config_map("near"))})
    app.refresh()

    app.wait("Synced")
    assert app.resource("ConfigMap", "far") == {}
    app.delete()
    eventually("the Application is gone", lambda: _is_gone(world, app))
    assert world.api.find("ConfigMap", inside, "near") is None
    assert world.api.find("ConfigMap", outside, "far") is not None


def test_a_deletion_hook_in_a_namespace_that_is_not_permitted_is_refused(world: World) -> None:
    inside, outside = world.new_namespace(), world.new_namespace()
    hook = config_map("hook", hook="PreDelete")
    hook["metadata"]["namespace"] = outside
    repository = world.new_repository({"all.yaml": text(config_map("one"), hook)})
    project = world.new_project(destinations=[{"server": "*", "namespace": inside}])
    app = world.new_app(repository, inside, project=project)
    app.wait("OutOfSync")

    app.delete()

    eventually("it says why", lambda: app.conditions("DeletionError"))
    (said,) = app.conditions("DeletionError")
    assert f"namespace {outside} is not permitted in project '{project}'" in said
    assert world.api.find("ConfigMap", outside, "hook") is None
    app.patch({"metadata": {"finalizers": []}})


@pytest.fixture
def scoped(world: World) -> Iterator[tuple[World, str]]:
    """A project, and our own cluster by a Secret that belongs to it."""
    project = world.new_project(destinations=[], permitOnlyProjectScopedClusters=True)
    name = f"scoped-{time.time_ns()}"
    world.api.create(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": name,
                "namespace": "argocd",
                "labels": {"argocd.argoproj.io/secret-type": "cluster"},
            },
            "stringData": {"name": name, "server": IN_CLUSTER, "project": project},
        }
    )
    yield world, project
    world.api.delete("Secret", "argocd", name)


def test_only_clusters_of_the_project_are_destinations_where_it_says_so(world: World) -> None:
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    project = world.new_project(permitOnlyProjectScopedClusters=True)
    namespace = world.new_namespace()
    app = world.new_app(repository, namespace, project=project)

    app.wait("Unknown", "Unknown")

    refusal = (
        f"application destination server '{IN_CLUSTER}' and namespace '{namespace}' do not match "
        f"any of the allowed destinations in project '{project}'"
    )
    eventually("it is refused", lambda: app.conditions("InvalidSpecError") == [refusal])


def test_a_cluster_of_the_project_is_a_destination_without_being_listed(
    scoped: tuple[World, str],
) -> None:
    world, project = scoped
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    app = world.new_app(repository, world.new_namespace(), project=project)
    stranger = world.new_app(repository, world.new_namespace())
    app.wait("OutOfSync")

    assert app.sync()["phase"] == "Succeeded"

    app.wait("Synced", "Healthy")
    stranger.wait("Unknown", "Unknown")
