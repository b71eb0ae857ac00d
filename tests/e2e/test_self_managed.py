"""An Application whose own manifest stands in its Git path."""

import uuid
from typing import Any

from tests.e2e.api import PLURALS, eventually
from tests.e2e.manifests import config_map, text
from tests.e2e.world import IN_CLUSTER, App, Repository, World

SECONDS = 3
LESS_HISTORY = {"revisionHistoryLimit": 3}


def _states(world: World, app: App) -> list[dict[str, Any]]:
    """The states of an Application in the next seconds, the present one first."""
    first = app.manifest
    events = world.api.watch(
        PLURALS["Application"].format(ns="argocd"),
        first["metadata"]["resourceVersion"],
        timeout_s=SECONDS,
    )
    seen = [event["object"] for event in events]
    return [first, *(found for found in seen if found["metadata"]["name"] == app.name)]


def _itself(world: World) -> tuple[App, Repository, dict[str, Any]]:
    """An automated Application that syncs its own manifest, and that manifest."""
    name = f"self-{uuid.uuid4().hex[:8]}"
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    itself = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {
            "project": "default",
            "source": {"repoURL": repository.url, "path": ".", "targetRevision": "HEAD"},
            "destination": {"server": IN_CLUSTER, "namespace": world.new_namespace()},
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
        },
    }
    repository.push({"self.yaml": text(itself)})
    world.api.create(itself)
    app = App(world, name)
    app.wait("Synced", "Healthy")
    return app, repository, itself


def test_an_application_that_manages_itself_does_not_reconcile_in_a_circle(world: World) -> None:
    app, _, itself = _itself(world)
    assert app.wait_for_operation()["phase"] == "Succeeded"

    states = _states(world, app)

    reconciled = {state["status"]["reconciledAt"] for state in states}
    assert len(reconciled) < 3
    assert len(states) < 5
    assert app.status["sync"]["status"] == "Synced"
    assert app.resource("Application", app.name)["status"] == "Synced"
    assert app.manifest["spec"] == itself["spec"]


def test_a_change_of_its_own_manifest_takes_effect(world: World) -> None:
    app, repository, itself = _itself(world)
    app.wait_for_operation()
    repository.push({"self.yaml": text({**itself, "spec": {**itself["spec"], **LESS_HISTORY}})})

    eventually("it is taken over", lambda: LESS_HISTORY.items() <= app.manifest["spec"].items())
    app.wait("Synced", "Healthy")
    assert len(app.status["history"]) == 2


def test_a_child_keeps_its_history_when_its_parent_syncs(world: World) -> None:
    app, repository, itself = _itself(world)
    name = f"child-{app.name}"
    child = {**itself, "metadata": {**itself["metadata"], "name": name}}
    child["spec"] = {**itself["spec"], "source": {**itself["spec"]["source"], "path": "child"}}
    repository.push({"child.yaml": text(child), "child/one.yaml": text(config_map("two"))})
    below = App(world, name)
    eventually("it is there", lambda: world.api.find("Application", "argocd", name))
    below.wait("Synced", "Healthy")
    deployed = below.wait_for_operation()

    changed = {**child, "spec": {**child["spec"], **LESS_HISTORY}}
    repository.push({"child.yaml": text(changed)})

    eventually("it is taken over", lambda: LESS_HISTORY.items() <= below.manifest["spec"].items())
    app.wait("Synced", "Healthy")
    assert len(below.status["history"]) == 1
    assert below.status["operationState"] == deployed
