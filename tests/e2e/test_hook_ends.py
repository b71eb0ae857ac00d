"""How hooks end: what is recorded of them, what becomes of their objects, and who may hold them."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, job, pod, text
from tests.e2e.world import App, World

FINALIZER = "argocd.argoproj.io/hook-finalizer"
REASONS = ("ErrImagePull", "ImagePullBackOff")
EXIT_1 = 'container "main" failed with exit code 1'
# Running until somebody deletes it; what it says then tells whether our finalizer held it.
UNTIL_DELETED = """
local hs = {status = "Progressing", message = "waiting to be deleted by somebody"}
if obj.metadata.deletionTimestamp ~= nil then
  hs = {status = "Healthy", message = "nothing held it"}
  for _, finalizer in ipairs(obj.metadata.finalizers or {}) do
    if finalizer == "argocd.argoproj.io/hook-finalizer" then
      hs.message = "our finalizer held it"
    end
  end
end
return hs
"""


def _new_app(world: World, *manifests: dict[str, Any], namespace: str = "") -> tuple[App, str]:
    repository = world.new_repository({"all.yaml": text(*manifests)})
    namespace = namespace or world.new_namespace()
    app = world.new_app(repository, namespace)
    app.wait("OutOfSync")
    return app, namespace


def _results(state: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    return {
        r["name"]: (r["status"], r["hookPhase"], r["message"].partition("\n")[0])
        for r in state["syncResult"]["resources"]
    }


def _finalizers(world: World, kind: str, namespace: str, name: str) -> list[str]:
    return list(world.api.get(kind, namespace, name)["metadata"].get("finalizers") or [])


def _says(app: App, words: str) -> Callable[[], bool]:
    return lambda: words in (app.status.get("operationState") or {}).get("message", "")


@pytest.mark.parametrize(
    ("phase", "applied", "sync"),
    [
        pytest.param("PreSync", {}, "OutOfSync", id="PreSync, before anything is applied"),
        pytest.param(
            "Sync",
            {"one": ("Synced", "Succeeded", "configmap/one created")},
            "Synced",
            id="Sync, beside the resources",
        ),
        pytest.param(
            "PostSync",
            {"one": ("Synced", "Succeeded", "configmap/one created")},
            "Synced",
            id="PostSync, behind the resources",
        ),
    ],
)
def test_a_hook_that_fails_is_recorded_with_its_reason_and_is_let_go(
    world: World, phase: str, applied: dict[str, tuple[str, str, str]], sync: str
) -> None:
    app, namespace = _new_app(world, pod("check", "false", hook=phase), config_map("one"))

    state = app.sync()

    assert state["phase"] == "Failed"
    assert _results(state) == {"check": ("Synced", "Failed", EXIT_1), **applied}
    assert state["message"] == (
        f"one or more synchronization tasks completed unsuccessfully, reason: {EXIT_1}"
    )
    assert FINALIZER not in _finalizers(world, "Pod", namespace, "check")
    app.wait(sync)


def test_a_resource_that_fails_keeps_the_hooks_behind_it_from_running(world: World) -> None:
    app, namespace = _new_app(world, pod("main", "false"), pod("after", "true", hook="PostSync"))

    state = app.sync()

    assert state["phase"] == "Failed"
    assert _results(state) == {"main": ("Synced", "Failed", EXIT_1)}
    assert world.api.find("Pod", namespace, "after") is None
    app.wait("Synced", "Degraded")


def test_hooks_for_failures_run_are_recorded_and_are_let_go_when_they_fail_too(
    world: World,
) -> None:
    app, namespace = _new_app(
        world,
        config_map("one"),
        pod("check", "false", hook="PostSync"),
        pod("clean", "true", hook="SyncFail"),
        pod("clumsy", "false", hook="SyncFail"),
    )

    state = app.sync()

    assert state["phase"] == "Failed"
    assert _results(state) == {
        "one": ("Synced", "Succeeded", "configmap/one created"),
        "check": ("Synced", "Failed", EXIT_1),
        "clean": ("Synced", "Succeeded", "pod/clean created"),
        "clumsy": ("Synced", "Failed", EXIT_1),
    }
    assert FINALIZER not in _finalizers(world, "Pod", namespace, "clumsy")


def _left_behind(world: World, namespace: str, name: str) -> None:
    """Leave another Job where a hook is to be, which cannot become what the hook asks for."""
    left = job(name, fails=True)
    left["metadata"]["namespace"] = namespace
    world.api.create(left)


def test_a_hook_that_cannot_be_applied_does_not_stop_the_others(world: World) -> None:
    namespace = world.new_namespace()
    _left_behind(world, namespace, "stuck")
    app, _ = _new_app(
        world,
        config_map("one"),
        pod("good", "true", hook="Sync"),
        job("stuck", hook="Sync", hook_delete_policy="HookFailed"),
        namespace=namespace,
    )

    state = app.sync()

    results = _results(state)
    assert state["phase"] == "Failed"
    assert len(results) == 3
    assert results["good"] == ("Synced", "Succeeded", "pod/good created")
    assert results["stuck"][:2] == ("SyncFailed", "Failed")
    assert 'Job.batch "stuck" is invalid' in results["stuck"][2]
    assert results["one"][0] == "Synced"
    assert FINALIZER not in _finalizers(world, "Pod", namespace, "good")


def test_a_hook_for_failures_that_cannot_be_applied_matters_only_after_a_failure(
    world: World,
) -> None:
    namespace = world.new_namespace()
    _left_behind(world, namespace, "stuck")
    stuck = job("stuck", hook="SyncFail", hook_delete_policy="HookSucceeded")
    clean = pod("clean", "true", hook="SyncFail")
    fine, _ = _new_app(world, config_map("one"), stuck, namespace=namespace)
    failing, _ = _new_app(
        world, pod("check", "false", hook="PreSync"), stuck, clean, namespace=namespace
    )

    assert fine.sync()["phase"] == "Succeeded"
    state = failing.sync()

    results = _results(state)
    assert state["phase"] == "Failed"
    assert results["stuck"][:2] == ("SyncFailed", "Failed")
    assert results["clean"] == ("Synced", "Succeeded", "pod/clean created")


@pytest.mark.parametrize(
    "hook",
    [
        pytest.param(job("check", hook="PreSync"), id="a Job"),
        pytest.param(pod("check", "true", hook="PreSync"), id="a Pod"),
    ],
)
def test_a_hook_that_changed_in_git_is_made_anew(world: World, hook: dict[str, Any]) -> None:
    repository = world.new_repository({"all.yaml": text(hook, config_map("one"))})
    app = world.new_app(repository, world.new_namespace())
    app.wait("OutOfSync")
    assert app.sync()["phase"] == "Succeeded"
    changed = text(hook, config_map("one")).replace(":1", ":2")
    repository.push({"all.yaml": changed})

    state = app.sync()

    assert state["phase"] == "Succeeded", state["message"]
    assert state["syncResult"]["resources"][0]["images"][0].endswith(":2")


@pytest.mark.parametrize("phase", ["PreSync", "Sync", "PostSync"])
def test_a_hook_that_somebody_deletes_stays_until_its_health_was_seen(
    world: World, phase: str
) -> None:
    rule = {"resource.customizations.health.batch_Job": UNTIL_DELETED}
    with world.settings("argocd-cm", rule):
        app, namespace = _new_app(world, job("check", hook=phase), config_map("one"))
        app.start_sync()
        eventually("it waits", _says(app, "waiting for completion of hook batch/Job/check"))

        world.api.delete("Job", namespace, "check")

        state = app.wait_for_operation()
        results = _results(state)
        assert (state["phase"], len(results)) == ("Succeeded", 2)
        assert results["check"] == ("Synced", "Succeeded", "our finalizer held it")
        app.wait("Synced", "Healthy")
    eventually("it goes", lambda: world.api.find("Job", namespace, "check") is None)


def test_terminating_stops_what_runs_whatever_its_policy_and_keeps_what_has_ended(
    world: World,
) -> None:
    policies = {"succeeded": "HookSucceeded", "created": "BeforeHookCreation", "f": "HookFailed"}
    hooks = [
        pod(f"{state}-{name}", *command, hook="PreSync", hook_delete_policy=policy)
        for name, policy in policies.items()
        for state, command in (("running", ("sleep", "1000")), ("ended", ("true",)))
    ]
    app, namespace = _new_app(world, *hooks, config_map("one"))
    app.start_sync()

    def ended() -> bool:
        state = app.status.get("operationState") or {}
        rows = (state.get("syncResult") or {}).get("resources") or []
        return [row["hookPhase"] for row in rows].count("Succeeded") == 3

    eventually("three have ended and three run", ended)
    app.patch({"status": {"operationState": {"phase": "Terminating"}}})
    state = app.wait_for_operation()

    assert (state["phase"], state["message"]) == ("Failed", "Operation terminated")
    results = _results(state)
    assert len(results) == 6
    for name in policies:
        ended_hook, running = f"ended-{name}", f"running-{name}"
        assert results[ended_hook] == ("Synced", "Succeeded", f"pod/{ended_hook} created")
        assert results[running] == ("Synced", "Failed", "Terminated")
        assert FINALIZER not in _finalizers(world, "Pod", namespace, ended_hook)
        eventually(f"{running} is gone or going", partial(_is_going, world, namespace, running))
    assert world.api.find("ConfigMap", namespace, "one") is None


def _is_going(world: World, namespace: str, name: str) -> bool:
    metadata = (world.api.find("Pod", namespace, name) or {}).get("metadata")
    if metadata is None:
        return True
    held = FINALIZER in (metadata.get("finalizers") or ())
    return "deletionTimestamp" in metadata and not held


def test_what_is_skipped_never_counts_until_it_is_not_skipped_any_more(world: World) -> None:
    repository = world.new_repository(
        {"one.yaml": text(config_map("one")), "two.yaml": text(config_map("two", hook="Skip"))}
    )
    app = world.new_app(repository, world.new_namespace())
    app.wait("OutOfSync")
    app.sync()
    app.wait("Synced", "Healthy")

    changed = repository.push({"two.yaml": text(config_map("two", {"key": "new"}, hook="Skip"))})
    eventually("the commit is seen", lambda: app.status["sync"]["revision"] == changed)
    assert app.status["sync"]["status"] == "Synced"

    repository.push({"two.yaml": text(config_map("two"))})
    app.wait("OutOfSync")
    assert app.resource("ConfigMap", "two")["status"] == "OutOfSync"


def test_a_sync_tells_what_it_waits_for_and_since_when(world: World) -> None:
    app, _ = _new_app(world, pod("slow", "sleep", "1000", hook="PreSync"), config_map("one"))
    app.start_sync()
    waits = "waiting for completion of hook /Pod/slow since 20"
    eventually("it waits", _says(app, waits))
    message = app.status["operationState"]["message"]

    app.refresh()

    assert app.status["operationState"]["message"] == message
    app.patch({"status": {"operationState": {"phase": "Terminating"}}})
    app.wait_for_operation()


@pytest.mark.parametrize("phase", ["PreSync", "PostSync"])
def test_a_wait_for_a_hook_names_the_pod_that_blocks_it(world: World, phase: str) -> None:
    stuck = job("migrate", hook=phase)
    container = stuck["spec"]["template"]["spec"]["containers"][0]
    container["image"] = "registry.example/does-not-exist:1"
    app, _ = _new_app(world, stuck, config_map("one"))
    app.start_sync()

    wait = "waiting for completion of hook batch/Job/migrate since "
    eventually("it waits", _says(app, wait))
    eventually("it names the pod", _says(app, ": pod migrate-"), 40)

    # ErrImagePull and ImagePullBackOff take turns.
    eventually("and why", lambda: app.status["operationState"]["message"].endswith(REASONS), 40)
