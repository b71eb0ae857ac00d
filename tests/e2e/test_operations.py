"""How operations start, wait, are tried again, are stopped, and end."""

from typing import Any

import pytest

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, deployment, job, pod, text
from tests.e2e.shell import Shell
from tests.e2e.world import App, World

AUTOMATED: dict[str, Any] = {"automated": {}}
ALWAYS = {"schedule": "* * * * *", "duration": "1h", "applications": ["*"]}


def _refused(name: str) -> dict[str, Any]:
    broken = config_map(name)
    broken["metadata"]["labels"] = {"bad label": "x"}
    return broken


def _new_app(world: World, *manifests: dict[str, Any], **spec: Any) -> App:
    repository = world.new_repository({"all.yaml": text(*manifests)})
    app = world.new_app(repository, world.new_namespace(), **spec)
    if "syncPolicy" not in spec:
        app.wait("OutOfSync")
    return app


def _message(app: App) -> str:
    return str((app.status.get("operationState") or {}).get("message", ""))


def _says(app: App, words: str) -> None:
    eventually(f"the operation says: {words}", lambda: words in _message(app))


def _terminate(app: App) -> dict[str, Any]:
    app.patch({"status": {"operationState": {"phase": "Terminating"}}})
    return app.wait_for_operation(timeout_s=5)


def test_an_automated_sync_that_fails_is_tried_again_after_five_seconds_five_times(
    world: World,
) -> None:
    app = _new_app(world, _refused("one"), syncPolicy=AUTOMATED)

    _says(app, "Retrying attempt #1 at")

    state = app.status["operationState"]
    assert state["operation"]["retry"] == {"limit": 5, "backoff": {"duration": "5s", "factor": 2}}
    assert (state["phase"], state["retryCount"]) == ("Running", 1)
    _terminate(app)


def test_an_operation_that_waits_for_its_retry_can_be_terminated(world: World) -> None:
    app = _new_app(world, _refused("one"))
    app.start_sync(retry={"limit": 3, "backoff": {"duration": "10m"}})
    _says(app, "Retrying attempt #1")

    state = _terminate(app)

    assert state["phase"] == "Failed"
    assert state["message"] == "Operation terminated (retried 1 times)."


def test_a_backoff_that_nobody_can_read_ends_the_operation_and_says_so(world: World) -> None:
    app = _new_app(world, _refused("one"))

    app.start_sync(retry={"limit": 3, "backoff": {"duration": "soon"}})
    state = app.wait_for_operation()

    assert state["phase"] == "Error"
    assert "failed to retry: retry.backoff: `soon` is not a duration" in state["message"]


def test_a_retry_goes_to_the_latest_revision_when_that_is_asked_for(world: World) -> None:
    repository = world.new_repository({"one.yaml": text(_refused("one"))})
    app = world.new_app(repository, world.new_namespace())
    app.wait("OutOfSync")
    broken = repository.git("rev-parse", "HEAD")
    retry = {"limit": 1, "refresh": True, "backoff": {"duration": "3s"}}
    app.start_sync(revision=broken, retry=retry)
    _says(app, "Retrying attempt #1")

    mended = repository.push({"one.yaml": text(config_map("one"))})

    state = app.wait_for_operation()
    assert (state["phase"], state["syncResult"]["revision"]) == ("Succeeded", mended)


def test_a_newer_commit_takes_the_place_of_an_automated_sync_that_is_retried(world: World) -> None:
    repository = world.new_repository({"one.yaml": text(_refused("one"))})
    policy = {**AUTOMATED, "retry": {"limit": 3, "backoff": {"duration": "10m"}}}
    app = world.new_app(repository, world.new_namespace(), syncPolicy=policy)
    _says(app, "Retrying attempt #1")

    mended = repository.push({"one.yaml": text(config_map("one"))})

    status = app.wait("Synced", timeout_s=10)
    state = status["operationState"]
    assert (state["phase"], state["syncResult"]["revision"]) == ("Succeeded", mended)
    assert "conditions" not in status
    told = eventually("the end of the old sync is told", lambda: _told(world, app, "Superseded"))
    assert f"Superseded by [{mended}]." in told


def test_a_newer_commit_stops_an_attempt_that_waits_for_a_hook(world: World) -> None:
    hook = job("check", fails=True, hook="PreSync")
    hook["spec"]["template"]["spec"]["containers"][0]["command"] = ["sh", "-c", "sleep 4; exit 1"]
    repository = world.new_repository(
        {"hook.yaml": text(hook), "one.yaml": text(config_map("one"))}
    )
    policy = {**AUTOMATED, "retry": {"limit": 3, "backoff": {"duration": "1s"}}}
    app = world.new_app(repository, world.new_namespace(), syncPolicy=policy)
    eventually("the second attempt waits", lambda: _is_second_attempt_waiting(app))

    mended = repository.push({"hook.yaml": None})

    state = app.wait("Synced", timeout_s=10)["operationState"]
    assert (state["phase"], state["syncResult"]["revision"]) == ("Succeeded", mended)
    told = eventually("the end of the old sync is told", lambda: _told(world, app, "superseded"))
    assert f"Operation terminated, superseded by [{mended}]" in told


def _is_second_attempt_waiting(app: App) -> bool:
    state = app.status.get("operationState") or {}
    waits = "waiting for completion of hook" in state.get("message", "")
    return state.get("retryCount") == 1 and waits


def _told(world: World, app: App, word: str) -> str:
    events = world.api.list("Event", "argocd")
    found = [e["message"] for e in events if e["involvedObject"]["name"] == app.name]
    return next((message for message in found if word in message), "")


def test_a_commit_that_arrives_during_an_automated_sync_is_synced_after_it(world: World) -> None:
    hook = job("check", hook="PreSync")
    hook["spec"]["template"]["spec"]["containers"][0]["command"] = ["sleep", "3"]
    repository = world.new_repository(
        {"hook.yaml": text(hook), "one.yaml": text(config_map("one"))}
    )
    app = world.new_app(repository, world.new_namespace(), syncPolicy=AUTOMATED)
    _says(app, "waiting for completion of hook")

    newer = repository.push({"hook.yaml": None, "two.yaml": text(config_map("two"))})

    eventually("it is synced too", lambda: _synced_revision(app) == newer, 15)
    state = app.wait("Synced")["operationState"]
    assert (state["phase"], len(app.status["history"])) == ("Succeeded", 2)


def _synced_revision(app: App) -> str:
    state = app.status.get("operationState") or {}
    done = state.get("phase") == "Succeeded"
    return str((state.get("syncResult") or {}).get("revision", "")) if done else ""


def test_automation_that_is_switched_on_later_syncs_at_once(world: World) -> None:
    app = _new_app(world, config_map("one"))

    app.patch({"spec": {"syncPolicy": AUTOMATED}})

    app.wait("Synced", timeout_s=5)


DENIED = 'deny window "* * * * *" for 1h'


def test_a_sync_that_a_window_forbids_is_refused_and_not_put_off(world: World) -> None:
    project = world.new_project(syncWindows=[{"kind": "deny", **ALWAYS}])
    app = _new_app(world, config_map("one"), project=project)
    app.start_sync()

    state = app.wait_for_operation(timeout_s=10)

    assert (state["phase"], state["message"]) == (
        "Failed",
        f"Sync operation blocked by sync window: {DENIED}",
    )
    assert "operation" not in app.manifest
    told = Shell(world).run("app", "sync", app.name, code=20).stderr
    assert f"cannot sync: blocked by sync window: {DENIED}" in told
    assert app.status["operationState"]["startedAt"] == state["startedAt"]


def test_a_rollback_that_a_window_forbids_is_refused(world: World) -> None:
    project = world.new_project()
    app = _new_app(world, config_map("one"), project=project)
    app.sync()
    windows = [{"kind": "deny", **ALWAYS}]
    world.api.merge("AppProject", "argocd", project, {"spec": {"syncWindows": windows}})

    told = Shell(world).run("app", "rollback", app.name, "0", code=20).stderr

    assert "blocked by sync window" in told


def _held_back(world: World) -> tuple[App, str]:
    """Begin a sync that waits for a hook, and let a window forbid it meanwhile."""
    project = world.new_project()
    hook = pod("wait", "sleep", "1000", hook="PreSync")
    app = _new_app(world, hook, config_map("one"), project=project)
    app.start_sync()
    _says(app, "waiting for completion of hook")
    windows = [{"kind": "deny", **ALWAYS}]
    world.api.merge("AppProject", "argocd", project, {"spec": {"syncWindows": windows}})
    _says(app, f"Sync operation blocked by sync window: {DENIED} since ")
    assert app.status["operationState"]["phase"] == "Running"
    return app, project


def test_a_sync_that_has_begun_goes_on_when_a_window_lets_it_again(world: World) -> None:
    app, project = _held_back(world)

    windows = [{"kind": "deny", "manualSync": True, **ALWAYS}]
    world.api.merge("AppProject", "argocd", project, {"spec": {"syncWindows": windows}})

    _says(app, "waiting for completion of hook")


def test_an_operation_that_a_window_holds_back_can_be_terminated(world: World) -> None:
    app, _ = _held_back(world)

    assert _terminate(app)["message"] == "Operation terminated"


@pytest.mark.parametrize(
    ("window", "is_open"),
    [
        pytest.param({"kind": "allow", "schedule": "* * ? * ?", "duration": "1h"}, True, id="?"),
        pytest.param(
            {"kind": "allow", "schedule": "* * L * *", "duration": "1h"}, False, id="unreadable"
        ),
    ],
)
def test_a_window_that_cannot_be_read_blocks_and_is_named(
    world: World, window: dict[str, Any], is_open: bool
) -> None:
    project = world.new_project(syncWindows=[{"applications": ["*"], **window}])
    app = _new_app(world, config_map("one"), project=project, syncPolicy=AUTOMATED)
    if is_open:
        app.wait("Synced")
        return

    said = eventually("it is said", lambda: app.conditions("SyncWindowError"))

    assert said == [
        f'allow window "* * L * *" for 1h of project {project} blocks all syncs, because it cannot '
        "be read: day of the month: `L` is no value of 1 to 31"
    ]
    assert "operationState" not in app.status


def test_a_window_holds_automated_syncs_back_without_a_word(world: World) -> None:
    project = world.new_project(syncWindows=[{"kind": "deny", **ALWAYS}])
    app = _new_app(world, config_map("one"), project=project, syncPolicy=AUTOMATED)
    app.wait("OutOfSync")
    app.refresh()

    assert "operationState" not in app.status
    assert not app.status.get("conditions")


def test_a_sync_that_takes_too_long_is_stopped_and_not_tried_again(world: World) -> None:
    image = "registry.example/does-not-exist:1"
    never = deployment("never", replicas=1, image=image, sync_wave="1")
    app = _new_app(world, never, config_map("later", sync_wave="2"))
    with world.settings("argocd-cmd-params-cm", {"controller.sync.timeout.seconds": "1"}):
        app.start_sync(retry={"limit": 2})
        state = app.wait_for_operation(timeout_s=10)

    assert state["phase"] == "Failed"
    assert state["message"] == "Operation terminated, triggered by controller sync timeout"


def test_an_operation_without_a_sync_is_an_error(world: World) -> None:
    app = _new_app(world, config_map("one"))

    app.patch({"operation": {"info": [{"name": "reason", "value": "none"}]}})

    state = app.wait_for_operation()
    assert (state["phase"], state["message"]) == (
        "Error",
        "Invalid operation request: no operation specified",
    )


def test_a_dry_run_says_what_would_happen_and_changes_nothing(world: World) -> None:
    repository = world.new_repository(
        {"one.yaml": text(config_map("one")), "two.yaml": text(config_map("two", sync_wave="1"))}
    )
    namespace = world.new_namespace()
    app = world.new_app(repository, namespace)
    app.wait("OutOfSync")
    app.sync()
    repository.push({"two.yaml": None, "three.yaml": text(config_map("three", sync_wave="2"))})
    app.wait("OutOfSync")

    state = app.sync(dryRun=True, prune=True)

    assert state["phase"] == "Succeeded"
    messages = {r["name"]: r["message"] for r in state["syncResult"]["resources"]}
    assert messages == {
        "one": "configmap/one unchanged",
        "two": "pruned (dry run)",
        "three": "configmap/three created",
    }
    assert world.api.find("ConfigMap", namespace, "two") is not None
    assert world.api.find("ConfigMap", namespace, "three") is None
    assert len(app.status["history"]) == 1
