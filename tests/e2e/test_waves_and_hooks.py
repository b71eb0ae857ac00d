"""Waves, phases, hooks and their delete policies, terminate and retries."""

import time
from typing import Any

import pytest

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, deployment, job, text
from tests.e2e.world import App, World


def _results(state: dict[str, Any]) -> dict[str, tuple[str, str]]:
    results = state["syncResult"]["resources"]
    return {r["name"]: (r.get("status", ""), r.get("hookPhase", "")) for r in results}


def _new_app(world: World, *manifests: dict[str, Any]) -> App:
    repository = world.new_repository({"all.yaml": text(*manifests)})
    app = world.new_app(repository, world.new_namespace())
    app.wait("OutOfSync")
    return app


def _message(app: App) -> str:
    return str((app.status.get("operationState") or {}).get("message", ""))


def _namespace(app: App) -> str:
    return str(app.manifest["spec"]["destination"]["namespace"])


def test_a_failing_pre_sync_hook_stops_the_sync_before_the_first_resource(world: World) -> None:
    app = _new_app(world, job("check", fails=True, hook="PreSync"), config_map("one"))

    state = app.sync()

    assert state["phase"] == "Failed"
    assert _results(state) == {"check": ("Synced", "Failed")}
    assert world.api.find("ConfigMap", _namespace(app), "one") is None
    app.wait("OutOfSync", "Missing")


def test_a_failing_sync_hook_fails_the_sync_after_the_resources_are_applied(
    world: World,
) -> None:
    app = _new_app(world, job("check", fails=True, hook="Sync"), config_map("one"))

    state = app.sync()

    assert state["phase"] == "Failed"
    assert set(_results(state)) == {"check", "one"}
    app.wait("Synced")


def test_hooks_of_all_phases_run_in_order(world: World) -> None:
    app = _new_app(
        world,
        job("before", hook="PreSync"),
        job("during", hook="Sync"),
        job("after", hook="PostSync"),
        job("never", hook="SyncFail"),
        config_map("one"),
    )

    state = app.sync()

    assert state["phase"] == "Succeeded"
    names = [result["name"] for result in state["syncResult"]["resources"]]
    assert names[0] == "before"
    assert names[-1] == "after"
    assert set(names) == {"before", "during", "after", "one"}
    app.wait("Synced", "Healthy")


def test_a_sync_fail_hook_runs_when_the_sync_failed(world: World) -> None:
    app = _new_app(
        world,
        job("check", fails=True, hook="Sync"),
        job("clean", hook="SyncFail"),
        config_map("one"),
    )

    state = app.sync()

    assert state["phase"] == "Failed"
    assert _results(state)["clean"] == ("Synced", "Succeeded")


@pytest.mark.parametrize(
    ("policy", "fails", "stays"),
    [
        pytest.param("HookSucceeded", False, False, id="HookSucceeded deletes one that succeeded"),
        pytest.param("HookSucceeded", True, True, id="HookSucceeded keeps one that failed"),
        pytest.param("HookFailed", True, False, id="HookFailed deletes one that failed"),
        pytest.param("BeforeHookCreation", False, True, id="BeforeHookCreation keeps it"),
    ],
)
def test_the_delete_policy_decides_what_becomes_of_a_hook(
    world: World, policy: str, fails: bool, stays: bool
) -> None:
    hook = job("check", fails=fails, hook="PreSync", hook_delete_policy=policy)
    app = _new_app(world, hook, config_map("one"))

    app.sync()

    def is_there() -> bool:
        return world.api.find("Job", _namespace(app), "check") is not None

    eventually("the hook's object is as the policy says", lambda: is_there() is stays, 10)


def test_a_second_sync_creates_the_hook_anew(world: World) -> None:
    app = _new_app(world, job("check", hook="PreSync"), config_map("one"))
    app.sync()
    first = world.api.get("Job", _namespace(app), "check")["metadata"]["uid"]

    state = app.sync()

    assert state["phase"] == "Succeeded"
    assert world.api.get("Job", _namespace(app), "check")["metadata"]["uid"] != first


def test_a_skipped_resource_is_never_created_nor_counted(world: World) -> None:
    app = _new_app(world, config_map("one"), config_map("skipped", hook="Skip"))

    state = app.sync()

    assert list(_results(state)) == ["one"]
    assert world.api.find("ConfigMap", _namespace(app), "skipped") is None
    app.wait("Synced", "Healthy")


def test_waves_go_up_and_wait_for_health(world: World) -> None:
    app = _new_app(
        world,
        deployment("first", replicas=1, sync_wave="-1"),
        config_map("second", sync_wave="5"),
    )

    state = app.sync()

    assert state["phase"] == "Succeeded"
    first = world.api.get("Deployment", _namespace(app), "first")
    second = world.api.get("ConfigMap", _namespace(app), "second")
    assert first["status"]["availableReplicas"] == 1
    created = first["metadata"]["creationTimestamp"]
    assert created <= second["metadata"]["creationTimestamp"]


def test_a_wave_that_never_gets_healthy_holds_the_next_one_back(world: World) -> None:
    image = "registry.example/does-not-exist:1"
    pod: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "first", "annotations": {"argocd.argoproj.io/sync-wave": "1"}},
        "spec": {"containers": [{"name": "main", "image": image}]},
    }
    app = _new_app(world, pod, config_map("second", sync_wave="2"))

    state = app.sync()

    assert state["phase"] == "Failed"
    assert list(_results(state)) == ["first"]
    status = app.wait("OutOfSync", "Degraded")
    assert status["sync"]["status"] == "OutOfSync"
    assert world.api.find("ConfigMap", _namespace(app), "second") is None


def test_a_mended_wave_lets_the_next_one_go_and_health_tells_when_it_changed(
    world: World,
) -> None:
    second = text(config_map("second", sync_wave="2"))
    broken = text(config_map("first", {"health": "Degraded"}, sync_wave="1"))
    repository = world.new_repository({"first.yaml": broken, "second.yaml": second})
    script = 'return {status = obj.data.health or "Healthy"}'
    with world.settings("argocd-cm", {"resource.customizations.health.ConfigMap": script}):
        app = world.new_app(repository, world.new_namespace())
        app.wait("OutOfSync")
        assert app.sync()["phase"] == "Failed"
        degraded = app.wait("OutOfSync", "Degraded")["health"]
        app.refresh("hard")
        assert app.status["health"] == degraded
        mended = config_map("first", {"health": "Healthy"}, sync_wave="1")
        repository.push({"first.yaml": text(mended)})

        state = app.sync()

        assert state["phase"] == "Succeeded", state["message"]
        assert list(_results(state)) == ["first", "second"]
        health = app.wait("Synced", "Healthy")["health"]
        assert health["lastTransitionTime"] > degraded["lastTransitionTime"]


def test_a_running_hook_can_be_terminated(world: World) -> None:
    hook = job("slow", hook="PreSync")
    hook["spec"]["template"]["spec"]["containers"][0]["command"] = ["sleep", "1000"]
    app = _new_app(world, hook, config_map("one"))
    app.start_sync()
    eventually(
        "the hook runs",
        lambda: (
            "waiting for completion" in (app.status.get("operationState") or {}).get("message", "")
        ),
    )

    app.patch({"status": {"operationState": {"phase": "Terminating"}}})

    state = app.wait_for_operation()
    assert (state["phase"], state["message"]) == ("Failed", "Operation terminated")
    assert _results(state) == {"slow": ("Synced", "Failed")}
    eventually("the hook is gone", lambda: world.api.find("Job", _namespace(app), "slow") is None)


def test_a_failed_sync_is_retried_and_says_how_often(world: World) -> None:
    broken = config_map("one")
    broken["metadata"]["labels"] = {"bad label": "x"}
    app = _new_app(world, broken)

    app.start_sync(retry={"limit": 1, "backoff": {"duration": "1s"}})
    state = app.wait_for_operation()

    assert state["phase"] == "Failed"
    assert "retried 1 times" in state["message"]
    assert state["retryCount"] == 1


def test_a_selective_sync_touches_what_was_selected_only(world: World) -> None:
    app = _new_app(world, config_map("one"), config_map("two"))

    state = app.sync(resources=[{"kind": "ConfigMap", "name": "two"}])

    assert list(_results(state)) == ["two"]
    assert world.api.find("ConfigMap", _namespace(app), "one") is None
    assert "history" not in app.status
    app.wait("OutOfSync")


def test_create_namespace_makes_the_namespace_first(world: World) -> None:
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    namespace = f"made-{int(time.time() * 1000)}"
    app = world.new_app(repository, namespace, syncPolicy={"syncOptions": ["CreateNamespace=true"]})
    app.wait("OutOfSync")

    state = app.sync()

    assert state["phase"] == "Succeeded"
    first, second = state["syncResult"]["resources"]
    assert (first["kind"], first["message"], first["syncPhase"]) == (
        "Namespace",
        f"namespace/{namespace} created",
        "PreSync",
    )
    assert second["name"] == "one"
    app.wait("Synced")


def test_a_definition_and_its_objects_sync_in_one_operation(world: World) -> None:
    definition: dict[str, Any] = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "names": {"kind": "Widget", "plural": "widgets"},
            "scope": "Namespaced",
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {
                                "spec": {
                                    "type": "object",
                                    "properties": {"size": {"type": "integer", "default": 3}},
                                }
                            },
                        }
                    },
                }
            ],
        },
    }
    widget: dict[str, Any] = {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": "w"},
        "spec": {},
    }
    app = _new_app(world, widget, definition)

    state = app.sync()

    assert state["phase"] == "Succeeded", state
    assert world.api.get("Widget", _namespace(app), "w")["spec"] == {"size": 3}
    app.wait("Synced")
    live = world.api.get("CustomResourceDefinition", "", "widgets.example.com")
    assert "argocd.argoproj.io/tracking-id" not in (live["metadata"].get("annotations") or {})


def test_apply_out_of_sync_only_touches_what_differs(world: World) -> None:
    repository = world.new_repository(
        {"one.yaml": text(config_map("one")), "two.yaml": text(config_map("two"))}
    )
    app = world.new_app(
        repository,
        world.new_namespace(),
        syncPolicy={"syncOptions": ["ApplyOutOfSyncOnly=true"]},
    )
    app.wait("OutOfSync")
    app.sync()
    app.wait("Synced")
    repository.push({"two.yaml": text(config_map("two", {"key": "new"}))})
    app.wait("OutOfSync")

    state = app.sync()

    (result,) = state["syncResult"]["resources"]
    assert result["message"] == "configmap/two configured"


def test_replace_says_that_it_replaced(world: World) -> None:
    app = _new_app(world, config_map("one", sync_options="Replace=true"))

    created, replaced = app.sync(), app.sync()

    messages = [state["syncResult"]["resources"][0]["message"] for state in (created, replaced)]
    assert messages == ["configmap/one created", "configmap/one replaced"]


def test_prune_confirm_waits_for_the_approval(world: World) -> None:
    repository = world.new_repository(
        {
            "one.yaml": text(config_map("one")),
            "two.yaml": text(config_map("two", sync_options="Prune=confirm")),
        }
    )
    app = world.new_app(repository, world.new_namespace())
    app.wait("OutOfSync")
    app.sync()
    repository.push({"two.yaml": None})
    app.wait("OutOfSync")
    time.sleep(1.0)
    app.start_sync(prune=True)
    eventually(
        "it asks",
        lambda: (
            "waiting for pruning confirmation"
            in (app.status.get("operationState") or {}).get("message", "")
        ),
    )
    assert world.api.find("ConfigMap", _namespace(app), "two") is not None

    approved = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))
    app.patch({"metadata": {"annotations": {"argocd.argoproj.io/deletion-approved": approved}}})

    assert app.wait_for_operation()["phase"] == "Succeeded"
    # A deletion in the foreground ends when the garbage collector comes by.
    eventually("it is gone", lambda: world.api.find("ConfigMap", _namespace(app), "two") is None)
