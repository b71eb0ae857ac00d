"""Objects of a namespace that belong to no Application."""

from typing import Any

import pytest

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, deployment, text
from tests.e2e.world import App, World


def _project(world: World, **orphaned: Any) -> str:
    return world.new_project(orphanedResources=orphaned)


def _synced(world: World, project: str) -> tuple[App, str]:
    namespace = world.new_namespace()
    manifests = text(config_map("one"), deployment("web"))
    repository = world.new_repository({"all.yaml": manifests})
    app = world.new_app(repository, namespace, project=project, syncPolicy={"automated": {}})
    app.wait("Synced")
    return app, namespace


def _add(world: World, namespace: str, name: str) -> None:
    found = config_map(name)
    found["metadata"]["namespace"] = namespace
    world.api.create(found)


def _warns(app: App, *messages: str) -> None:
    expected = list(messages)
    eventually(
        f"the warning is {expected}",
        lambda: app.conditions("OrphanedResourceWarning") == expected,
        5,
    )


def test_an_orphan_is_warned_of_as_soon_as_it_is_there_and_until_it_is_gone(world: World) -> None:
    app, namespace = _synced(world, _project(world, warn=True))
    eventually("the ReplicaSet is there", lambda: world.api.list("ReplicaSet", namespace))
    assert app.conditions("OrphanedResourceWarning") == []

    _add(world, namespace, "stray")

    _warns(app, "Application has 1 orphaned resources")
    assert app.status["sync"]["status"] == "Synced"
    world.api.delete("ConfigMap", namespace, "stray")
    _warns(app)


def test_what_the_project_ignores_is_no_orphan(world: World) -> None:
    project = _project(world)
    app, namespace = _synced(world, project)
    _add(world, namespace, "stray")
    _warns(app, "Application has 1 orphaned resources")

    ignored = {"orphanedResources": {"ignore": [{"kind": "ConfigMap", "name": "str*"}]}}
    world.api.merge("AppProject", "argocd", project, {"spec": ignored})

    _warns(app)


@pytest.mark.parametrize("orphaned", [{"warn": False}, None])
def test_nobody_is_warned_who_does_not_want_it(
    world: World, orphaned: dict[str, Any] | None
) -> None:
    project = "default" if orphaned is None else _project(world, **orphaned)
    app, namespace = _synced(world, project)

    _add(world, namespace, "stray")
    app.refresh()

    assert app.conditions("OrphanedResourceWarning") == []


def test_what_another_application_has_is_no_orphan(world: World) -> None:
    project = _project(world)
    app, namespace = _synced(world, project)
    repository = world.new_repository({"two.yaml": text(config_map("two"))})
    other = world.new_app(repository, namespace, project=project, syncPolicy={"automated": {}})
    other.wait("Synced")
    app.refresh()

    assert app.conditions("OrphanedResourceWarning") == []
