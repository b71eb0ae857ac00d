"""Behaviours that users of Argo CD rely on, as they would notice them."""

from typing import Any

from tests.e2e.manifests import config_map, deployment, text
from tests.e2e.world import App, Repository, World

AUTOMATED: dict[str, Any] = {"automated": {}}


def _new_app(world: World, *manifests: dict[str, Any], **spec: Any) -> tuple[App, Repository, str]:
    repository = world.new_repository({"all.yaml": text(*manifests)})
    namespace = world.new_namespace()
    return world.new_app(repository, namespace, **spec), repository, namespace


def _results(state: dict[str, Any]) -> dict[str, tuple[str, str]]:
    results = state["syncResult"]["resources"]
    return {r["name"]: (r.get("status", ""), r.get("hookPhase", "")) for r in results}


def test_a_sync_without_waves_does_not_wait_for_health(world: World) -> None:
    stuck = deployment("web", replicas=1, image="registry.example/does-not-exist:1")
    app, _, _ = _new_app(world, stuck)
    app.wait("OutOfSync")

    state = app.sync()

    assert state["phase"] == "Succeeded"
    assert state["message"] == "successfully synced (all tasks run)"
    assert _results(state) == {"web": ("Synced", "Running")}
    app.wait("Synced", "Progressing")


def test_a_failed_automated_sync_is_told_until_a_commit_mends_it(world: World) -> None:
    broken = config_map("one")
    broken["metadata"]["labels"] = {"bad label": "x"}
    policy = {**AUTOMATED, "retry": {"limit": 0}}
    app, repository, _ = _new_app(world, broken, syncPolicy=policy)
    state = app.wait_for_operation()
    revision = state["syncResult"]["revision"]
    app.refresh()

    (said,) = app.conditions("SyncError")
    assert said == f"Failed last sync attempt to [{revision}]: {state['message']}"

    repository.push({"all.yaml": text(config_map("one"))})

    status = app.wait("Synced", "Healthy")
    assert "conditions" not in status


def test_a_version_that_is_not_served_is_named_with_those_that_are(world: World) -> None:
    future = {**deployment("web"), "apiVersion": "apps/v9"}
    app, _, _ = _new_app(world, future)
    app.wait("OutOfSync")

    state = app.sync()

    assert state["phase"] == "Failed"
    assert 'The Kubernetes API could not find version "v9" of apps/Deployment' in state["message"]
    assert (
        'Version "v1" of apps/Deployment is installed on the destination cluster.'
        in (state["message"])
    )


def test_with_an_installation_id_only_what_carries_it_is_ours(world: World) -> None:
    app, _, namespace = _new_app(world, config_map("one"))
    app.wait("OutOfSync")
    app.sync()
    foreign = config_map("foreign")
    foreign["metadata"] |= {
        "namespace": namespace,
        "annotations": {
            "argocd.argoproj.io/tracking-id": f"{app.name}:/ConfigMap:{namespace}/foreign"
        },
    }
    world.api.create(foreign)
    app.wait("OutOfSync")
    assert app.resource("ConfigMap", "foreign")["requiresPruning"]

    with world.settings("argocd-cm", {"installationID": "ours"}):
        app.refresh()
        app.wait("OutOfSync")
        assert app.sync()["phase"] == "Succeeded"
        app.wait("Synced")
        assert app.resource("ConfigMap", "foreign") == {}
        marked = world.api.get("ConfigMap", namespace, "one")["metadata"]["annotations"]
        assert marked["argocd.argoproj.io/installation-id"] == "ours"


def test_tracking_by_label_marks_with_the_label(world: World) -> None:
    with world.settings("argocd-cm", {"application.resourceTrackingMethod": "label"}):
        app, _, namespace = _new_app(world, config_map("one"))
        app.wait("OutOfSync")
        assert app.sync()["phase"] == "Succeeded"
        app.wait("Synced")

        metadata = world.api.get("ConfigMap", namespace, "one")["metadata"]

        assert metadata["labels"] == {"app.kubernetes.io/instance": app.name}
        assert "argocd.argoproj.io/tracking-id" not in (metadata.get("annotations") or {})
