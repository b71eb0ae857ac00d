"""What left Git and stays: because Helm is told so, because it says so, because it is asked for."""

import time
import uuid
from typing import Any

import pytest

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, text
from tests.e2e.shell import Shell
from tests.e2e.world import App, Repository, World

AUTOMATED: dict[str, Any] = {"automated": {"prune": True, "selfHeal": True}}
KEEP = {"helm.sh/resource-policy": "keep"}


def _app(world: World, *kept: dict[str, Any], **policy: Any) -> tuple[App, Repository]:
    files = {"one.yaml": text(config_map("one")), "kept.yaml": text(*kept)}
    repository = world.new_repository(files)
    app = world.new_app(repository, world.new_namespace(), syncPolicy={**AUTOMATED, **policy})
    app.wait("Synced")
    return app, repository


def _kept(state: dict[str, Any]) -> dict[str, str]:
    rows = state["syncResult"]["resources"]
    return {r["name"]: r["message"] for r in rows if r["status"] == "PruneSkipped"}


def test_a_sync_never_prunes_what_helms_resource_policy_keeps(world: World) -> None:
    app, repository = _app(world, config_map("kept", **KEEP), config_map("gone"))
    namespace = app.manifest["spec"]["destination"]["namespace"]
    app.patch({"spec": {"syncPolicy": None}})
    repository.push({"kept.yaml": None})
    app.refresh()
    app.wait("OutOfSync")

    state = app.sync(prune=True)

    assert _kept(state) == {"kept": "ignored (helm.sh/resource-policy: keep)"}
    eventually("the other is pruned", lambda: not world.api.find("ConfigMap", namespace, "gone"))
    app.wait("Synced")
    assert world.api.find("ConfigMap", namespace, "kept") is not None
    row = app.resource("ConfigMap", "kept")
    assert "requiresPruning" not in row
    assert "status" not in row


def test_an_application_of_which_only_kept_objects_stay_is_not_wiped_out(world: World) -> None:
    app, repository = _app(world, config_map("kept", **KEEP))
    repository.push({"kept.yaml": None, "one.yaml": None, "note.txt": "nothing"})

    said = eventually("it says so", lambda: app.conditions("SyncError"))

    assert "auto-sync will wipe out all resources" in said[0]


@pytest.mark.parametrize("compare_options", ["", "IgnoreExtraneous"])
def test_a_sync_with_prune_ends_well_when_what_stays_says_so_itself(
    world: World, compare_options: str
) -> None:
    marks = {"compare_options": compare_options} if compare_options else {}
    kept = config_map("kept", sync_options="Prune=false", **marks)
    app, repository = _app(world, kept)
    before = app.status["operationState"]["startedAt"]
    time.sleep(1.0)
    repository.push({"kept.yaml": None})
    app.refresh()
    if not compare_options:
        assert _kept(app.wait_for_operation(after=before)) == {"kept": "ignored (no prune)"}
        app.wait("OutOfSync")
    healed = app.status["operationState"]["startedAt"]

    app.refresh()
    time.sleep(3.0)  # a loop of self heal would have begun again

    assert app.status["operationState"]["startedAt"] == healed
    assert "requiresPruning" not in app.resource("ConfigMap", "kept")
    app.patch({"spec": {"syncPolicy": None}})
    Shell(world)("app", "sync", app.name, "--prune")
    Shell(world)("app", "sync", app.name)


def test_the_destination_namespace_that_leaves_git_stays_where_it_is_asked_for(
    world: World,
) -> None:
    name = f"e2e-{uuid.uuid4().hex[:8]}"
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    repository = world.new_repository(
        {"ns.yaml": text(namespace), "one.yaml": text(config_map("one"))}
    )
    policy = {**AUTOMATED, "syncOptions": ["CreateNamespace=true"]}
    finalizer = "resources-finalizer.argocd.argoproj.io"
    metadata = {"name": f"app-{name}", "finalizers": [finalizer]}
    app = world.new_app(repository, name, metadata=metadata, syncPolicy=policy)
    app.wait("Synced")
    made = world.api.get("Namespace", "", name)
    foreign = config_map("foreign")
    foreign["metadata"]["namespace"] = name
    world.api.create(foreign)
    time.sleep(1.0)

    repository.push({"ns.yaml": None})
    eventually("it is no longer ours", lambda: not app.resource("Namespace", name), app._limit(20))
    app.wait("Synced")

    live = world.api.get("Namespace", "", name)
    assert live["metadata"]["uid"] == made["metadata"]["uid"]
    assert "argocd.argoproj.io/tracking-id" not in (live["metadata"].get("annotations") or {})
    assert world.api.find("ConfigMap", name, "foreign") is not None
    app.delete()
    eventually("the app is gone", lambda: not world.api.find("Application", "argocd", app.name))
    assert "deletionTimestamp" not in world.api.get("Namespace", "", name)["metadata"]
