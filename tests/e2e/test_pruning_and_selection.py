"""In which order objects go, what a selection touches, and what a project permits."""

import time
from typing import Any

import pytest

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, text
from tests.e2e.world import App, Repository, World

HOLD = "example.com/hold"


def _app(world: World, files: dict[str, dict[str, Any]], **spec: Any) -> tuple[App, Repository]:
    repository = world.new_repository({name: text(found) for name, found in files.items()})
    app = world.new_app(repository, world.new_namespace(), **spec)
    app.wait("OutOfSync")
    return app, repository


def _namespace(app: App) -> str:
    return str(app.manifest["spec"]["destination"]["namespace"])


def _results(state: dict[str, Any]) -> dict[str, str]:
    return {r["name"]: r["message"] for r in state["syncResult"]["resources"]}


def _says(app: App, words: str) -> None:
    eventually(
        f"the operation says: {words}",
        lambda: words in (app.status.get("operationState") or {}).get("message", ""),
    )


def test_prunes_go_in_reverse_waves_and_wait_for_finalizers(world: World) -> None:
    first = config_map("first", sync_wave="1")
    second = config_map("second", sync_wave="2")
    second["metadata"]["finalizers"] = [HOLD]
    files = {"stay.yaml": config_map("stay"), "1.yaml": first, "2.yaml": second}
    app, repository = _app(world, files)
    app.sync()
    repository.push({"1.yaml": None, "2.yaml": None})
    app.wait("OutOfSync")
    time.sleep(1.0)
    app.start_sync(prune=True)
    _says(app, "waiting for deletion of /ConfigMap/second")
    assert world.api.find("ConfigMap", _namespace(app), "first") is not None

    released: dict[str, Any] = {"metadata": {"finalizers": []}}
    world.api.merge("ConfigMap", _namespace(app), "second", released)

    state = app.wait_for_operation()
    assert state["phase"] == "Succeeded"
    assert list(_results(state)) == ["stay", "second", "first"]
    assert world.api.find("ConfigMap", _namespace(app), "first") is None


def test_a_selection_names_a_namespace_where_it_must(world: World) -> None:
    here, there = world.new_namespace(), world.new_namespace()
    both = [config_map("one"), config_map("one")]
    for found, namespace in zip(both, (here, there), strict=True):
        found["metadata"]["namespace"] = namespace
    repository = world.new_repository({"all.yaml": text(*both)})
    app = world.new_app(repository, here)
    app.wait("OutOfSync")

    app.sync(resources=[{"kind": "ConfigMap", "name": "one", "namespace": there}])

    assert world.api.find("ConfigMap", here, "one") is None
    assert world.api.find("ConfigMap", there, "one") is not None
    app.sync(resources=[{"kind": "ConfigMap", "name": "one"}])
    assert world.api.find("ConfigMap", here, "one") is not None


def test_a_selection_runs_no_hooks_and_prunes_what_it_names_only(world: World) -> None:
    files = {
        "hook.yaml": config_map("hook", hook="PreSync"),
        "a.yaml": config_map("a"),
        "b.yaml": config_map("b"),
        "stay.yaml": config_map("stay"),
    }
    app, repository = _app(world, files)
    app.sync()
    repository.push({"a.yaml": None, "b.yaml": None})
    app.wait("OutOfSync")

    state = app.sync(prune=True, resources=[{"kind": "ConfigMap", "name": "a"}])

    assert _results(state) == {"a": "pruned"}
    assert world.api.find("ConfigMap", _namespace(app), "b") is not None


def test_the_strategy_apply_runs_no_hooks(world: World) -> None:
    files = {"hook.yaml": config_map("hook", hook="PreSync"), "a.yaml": config_map("a")}
    app, _ = _app(world, files)

    assert list(_results(app.sync(syncStrategy={"apply": {}}))) == ["a"]


def test_a_hook_of_a_kind_without_health_succeeds_when_it_is_created(world: World) -> None:
    files = {"hook.yaml": config_map("hook", hook="PreSync"), "a.yaml": config_map("a")}
    app, _ = _app(world, files)

    state = app.sync()

    hook, resource = state["syncResult"]["resources"]
    assert (hook["hookType"], hook["hookPhase"], hook["message"]) == (
        "PreSync",
        "Succeeded",
        "hook created",
    )
    # Nobody looks at the last wave again, so it is never said to have ended.
    assert ("hookType" in resource, resource["hookPhase"]) == (False, "Running")
    live = world.api.get("ConfigMap", _namespace(app), "hook")
    assert not live["metadata"].get("finalizers")


def test_each_attempt_runs_its_hooks_anew(world: World) -> None:
    hook = config_map("hook", hook="PreSync")
    skip = {"sync_options": "SkipDryRunOnMissingResource=true"}
    ghost = {
        "apiVersion": "none.example.com/v1",
        "kind": "Ghost",
        **{k: v for k, v in config_map("g", **skip).items() if k == "metadata"},
    }
    app, _ = _app(world, {"hook.yaml": hook, "ghost.yaml": ghost})
    app.start_sync(retry={"limit": 1, "backoff": {"duration": "2s"}})
    first = eventually(
        "the hook is there", lambda: world.api.find("ConfigMap", _namespace(app), "hook")
    )
    before = first["metadata"]["uid"]

    assert app.wait_for_operation()["retryCount"] == 1

    after = world.api.get("ConfigMap", _namespace(app), "hook")["metadata"]["uid"]
    assert after != before


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param(
            {"namespaceResourceBlacklist": [{"group": "", "kind": "ConfigMap"}]},
            "resource :ConfigMap is not permitted in project {project}.",
            id="a kind",
        ),
        pytest.param(
            {"destinations": [{"server": "*", "namespace": "e2e-*"}]},
            "namespace elsewhere is not permitted in project '{project}'",
            id="a namespace",
        ),
    ],
)
def test_what_the_project_does_not_permit_makes_the_sync_invalid(
    world: World, spec: dict[str, Any], message: str
) -> None:
    project = world.new_project(**spec)
    found = config_map("one")
    if "destinations" in spec:
        found["metadata"]["namespace"] = "elsewhere"
    app, _ = _app(world, {"one.yaml": found}, project=project)

    state = app.sync()

    expected = message.format(project=project)
    assert (state["phase"], state["message"]) == (
        "Failed",
        f"one or more synchronization tasks are not valid: {expected}",
    )
    assert _results(state) == {"one": expected}


def test_a_glob_in_the_projects_sources_permits_its_repositories(world: World) -> None:
    base = f"http://127.0.0.1:{world.git_port}"
    permitted = world.new_project(sourceRepos=[f"{base}/repo-*"])
    denied = world.new_project(sourceRepos=[f"{base}/other-*"])
    app, repository = _app(world, {"one.yaml": config_map("one")}, project=permitted)
    assert app.sync()["phase"] == "Succeeded"

    app.patch({"spec": {"project": denied}})
    app.refresh()

    assert app.conditions("InvalidSpecError") == [
        f"application repo {repository.url} is not permitted in project '{denied}'"
    ]


@pytest.mark.parametrize(("limit", "length"), [(0, 0), (1, 1), (None, 2)])
def test_the_history_is_as_long_as_it_may_be(world: World, limit: int | None, length: int) -> None:
    spec = {} if limit is None else {"revisionHistoryLimit": limit}
    app, repository = _app(world, {"one.yaml": config_map("one")}, **spec)
    app.sync()
    repository.push({"one.yaml": text(config_map("one", {"key": "new"}))})
    app.wait("OutOfSync")

    app.sync()

    history = app.status.get("history") or []
    assert len(history) == length
    current = repository.git("rev-parse", "HEAD")
    assert [entry["revision"] for entry in history][-1:] == [current][:length]


@pytest.mark.parametrize(("value", "is_looked_at"), [("true", False), ("false", True)])
def test_an_application_may_be_left_alone(world: World, value: str, is_looked_at: bool) -> None:
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    annotations = {"argocd.argoproj.io/skip-reconcile": value}
    app = world.new_app(repository, world.new_namespace(), metadata={"annotations": annotations})
    other = world.new_app(repository, world.new_namespace())
    other.wait("OutOfSync")

    if is_looked_at:
        app.wait("OutOfSync")
    else:
        assert app.status == {}


def test_a_new_sync_after_a_failed_one_goes_to_the_current_revision(world: World) -> None:
    broken = config_map("one")
    broken["metadata"]["labels"] = {"bad label": "x"}
    app, repository = _app(world, {"one.yaml": broken})
    assert app.sync()["phase"] == "Failed"
    mended = repository.push({"one.yaml": text(config_map("one"))})

    state = app.sync()

    assert (state["phase"], state["syncResult"]["revision"]) == ("Succeeded", mended)
