"""Hooks of kinds that live in no namespace run, end and go like those of all others."""

import uuid
from typing import Any

import pytest

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, job, text
from tests.e2e.world import App, World

RESOURCES = "resources-finalizer.argocd.argoproj.io"


def _of(kind: str, name: str) -> dict[str, Any]:
    """Return a cluster-scoped object."""
    metadata = {"name": name}
    if kind == "CustomResourceDefinition":
        group, plural = f"{name}.example.org", "things"
        names = {"plural": plural, "singular": "thing", "kind": "Thing", "listKind": "ThingList"}
        schema = {"openAPIV3Schema": {"type": "object"}}
        version = {"name": "v1", "served": True, "storage": True, "schema": schema}
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": kind,
            "metadata": {"name": f"{plural}.{group}"},
            "spec": {"group": group, "scope": "Cluster", "names": names, "versions": [version]},
        }
    if kind == "Namespace":
        return {"apiVersion": "v1", "kind": kind, "metadata": metadata}
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": metadata,
        "rules": [],
    }


def _hook(kind: str, phase: str, **marks: str) -> dict[str, Any]:
    made = _of(kind, f"hook-{uuid.uuid4().hex[:8]}")
    annotations = {f"argocd.argoproj.io/{key.replace('_', '-')}": v for key, v in marks.items()}
    made["metadata"]["annotations"] = {"argocd.argoproj.io/hook": phase, **annotations}
    return made


def _app(world: World, *manifests: dict[str, Any], **metadata: Any) -> App:
    repository = world.new_repository({"all.yaml": text(*manifests)})
    app = world.new_app(repository, world.new_namespace(), metadata=metadata or None)
    app.wait("OutOfSync")
    return app


@pytest.mark.parametrize("phase", ["PreSync", "Sync", "PostSync"])
@pytest.mark.parametrize("kind", ["ClusterRole", "Namespace", "CustomResourceDefinition"])
def test_a_sync_goes_on_behind_a_cluster_scoped_hook(world: World, kind: str, phase: str) -> None:
    hook = _hook(kind, phase)
    app = _app(world, hook, config_map("one"))

    state = app.sync()

    assert state["phase"] == "Succeeded"
    phases = {r["name"]: r["hookPhase"] for r in state["syncResult"]["resources"]}
    assert phases[hook["metadata"]["name"]] == "Succeeded"
    assert "one" in phases
    app.wait("Synced")
    live = world.api.get(kind, "", hook["metadata"]["name"])
    assert "argocd.argoproj.io/hook-finalizer" not in (live["metadata"].get("finalizers") or [])


def test_a_cluster_scoped_hook_runs_again_and_goes_after_it_succeeded(world: World) -> None:
    policy = "BeforeHookCreation,HookSucceeded"
    hook = _hook("ClusterRole", "PreSync", hook_delete_policy=policy)
    app = _app(world, hook, job("work", hook="PreSync", sync_wave="1"), config_map("one"))

    name = hook["metadata"]["name"]

    for _ in range(2):
        assert app.sync()["phase"] == "Succeeded"

        eventually("the hook is gone", lambda: world.api.find("ClusterRole", "", name) is None)


def test_a_cluster_scoped_hook_of_a_failure_runs(world: World) -> None:
    hook = _hook("ClusterRole", "SyncFail")
    app = _app(world, hook, job("work", fails=True, hook="PreSync"), config_map("one"))

    state = app.sync()

    assert state["phase"] == "Failed"
    assert world.api.find("ClusterRole", "", hook["metadata"]["name"]) is not None


@pytest.mark.parametrize("phase", ["PreDelete", "PostDelete"])
def test_an_application_with_a_cluster_scoped_deletion_hook_goes(world: World, phase: str) -> None:
    hook = _hook("ClusterRole", phase)
    app = _app(
        world, hook, config_map("one"), name=f"gone-{uuid.uuid4().hex[:6]}", finalizers=[RESOURCES]
    )
    assert app.sync()["phase"] == "Succeeded"

    app.delete()

    eventually("it is gone", lambda: world.api.find("Application", "argocd", app.name) is None)
    assert world.api.find("ClusterRole", "", hook["metadata"]["name"]) is not None


@pytest.mark.parametrize("phase", ["PreSync", "PostDelete"])
def test_hooks_with_equal_generated_prefixes_all_run(world: World, phase: str) -> None:
    hooks = [job("", hook=phase), job("", hook=phase)]
    for place, hook in enumerate(hooks):
        del hook["metadata"]["name"]
        hook["metadata"]["generateName"] = "check-"
        hook["spec"]["template"]["spec"]["containers"][0]["image"] = (
            f"registry.example/check:{place}"
        )
    repository = world.new_repository({"all.yaml": text(*hooks, config_map("one"))})
    namespace = world.new_namespace()
    name = f"twin-{uuid.uuid4().hex[:6]}"
    app = world.new_app(repository, namespace, metadata={"name": name, "finalizers": [RESOURCES]})
    app.wait("OutOfSync")
    assert app.sync()["phase"] == "Succeeded"
    if phase == "PostDelete":
        app.delete()
        eventually("it is gone", lambda: world.api.find("Application", "argocd", name) is None)

    images = {
        found["spec"]["template"]["spec"]["containers"][0]["image"]
        for found in world.api.list("Job", namespace)
    }

    assert images == {"registry.example/check:0", "registry.example/check:1"}
