"""Commands that choose, ask, and give data: which Applications, which sources, what comes out."""

import json
from typing import Any

import pytest

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, deployment, text
from tests.e2e.shell import Shell
from tests.e2e.world import App, World


@pytest.fixture
def tiphys(world: World) -> Shell:
    return Shell(world)


def _app(world: World, *manifests: dict[str, Any], **spec: Any) -> tuple[App, str]:
    repository = world.new_repository({"all.yaml": text(*manifests)})
    namespace = world.new_namespace()
    app = world.new_app(repository, namespace, **spec)
    app.wait("OutOfSync")
    return app, namespace


def test_what_is_printed_as_json_is_nothing_else(world: World, tiphys: Shell) -> None:
    app, _ = _app(world, config_map("one"))

    synced = json.loads(tiphys("app", "sync", app.name, "-o", "json"))
    waited = json.loads(tiphys("app", "wait", app.name, "-o", "json", "--timeout", "20"))

    assert synced["status"]["operationState"]["phase"] == "Succeeded"
    assert waited["metadata"]["name"] == app.name
    assert tiphys("app", "wait", app.name, "-o", "name") == f"argocd/{app.name}\n"


def test_a_preview_asks_and_changes_nothing_without_a_yes(world: World, tiphys: Shell) -> None:
    app, namespace = _app(world, config_map("one"))

    asked = tiphys.run("app", "sync", app.name, "--preview-changes", stdin="n\n", code=130)

    assert f"ConfigMap/{namespace}/one  (not in the cluster)" in asked.stderr
    assert world.api.find("ConfigMap", namespace, "one") is None
    tiphys("app", "sync", app.name, "--preview-changes", "--assumeYes")
    assert world.api.find("ConfigMap", namespace, "one") is not None


def test_a_difference_and_a_failure_have_exit_codes_of_their_own(
    world: World, tiphys: Shell
) -> None:
    app, namespace = _app(world, config_map("one"))
    tiphys("app", "diff", app.name, code=1)
    tiphys("app", "diff", app.name, "--exit-code=false")
    tiphys("app", "diff", app.name, "--revision", "absent", code=2)
    tiphys("app", "diff", "absent", code=2)
    app.sync()

    assert tiphys("app", "diff", app.name) == ""
    world.api.merge("ConfigMap", namespace, "one", {"data": {"key": "edited"}})
    tiphys("app", "diff", app.name, "--diff-exit-code", "7", code=7)


def test_an_object_that_failed_is_shown_with_the_reason(world: World, tiphys: Shell) -> None:
    broken = config_map("one")
    broken["metadata"]["labels"] = {"bad label": "x"}
    app, _ = _app(world, broken)
    app.sync()

    shown = tiphys("app", "get", app.name)

    assert "ConfigMap/one: " in shown
    assert "bad label" in shown


def test_what_nobody_owns_is_listed(world: World, tiphys: Shell) -> None:
    project = world.new_project(orphanedResources={"warn": True})
    app, namespace = _app(world, config_map("one"), project=project)
    tiphys("app", "sync", "--project", project)
    orphan = deployment("orphan")
    orphan["metadata"]["namespace"] = namespace
    world.api.create(orphan)

    listed = tiphys("app", "resources", app.name, "--orphaned")

    assert "orphan" in listed
    assert "one" not in listed


def test_what_is_gone_need_not_be_waited_for(world: World, tiphys: Shell) -> None:
    app, _ = _app(world, config_map("one"))
    tiphys("app", "delete", app.name, "-y", "--wait")

    tiphys("app", "wait", app.name, "--delete", "--timeout", "5")
    tiphys("app", "wait", app.name, "--timeout", "5", code=20)


def test_a_refresh_that_nobody_answers_ends_when_the_time_is_up(
    world: World, tiphys: Shell
) -> None:
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    alone = {"annotations": {"argocd.argoproj.io/skip-reconcile": "true"}}
    app = world.new_app(repository, world.new_namespace(), metadata=alone)

    ended = tiphys.run("app", "get", app.name, "--refresh", "--timeout", "1", code=20)

    assert "timed out (1s) waiting for the refresh" in ended.stderr


def test_sources_are_chosen_by_name(world: World, tiphys: Shell) -> None:
    first = world.new_repository({"one.yaml": text(config_map("one", {"from": "old"}))})
    second = world.new_repository({"two.yaml": text(config_map("two"))})
    old = first.git("rev-parse", "HEAD")
    first.push({"one.yaml": text(config_map("one", {"from": "new"}))})
    sources = [
        {"repoURL": found.url, "path": ".", "targetRevision": "HEAD", "name": name}
        for found, name in ((first, "first"), (second, "second"))
    ]
    namespace = world.new_namespace()
    app = world.new_app(first, namespace, source=None, sources=sources)
    app.wait("OutOfSync")
    at = ("--revisions", old, "--source-names", "first")

    assert "from: old" in tiphys("app", "manifests", app.name, *at)
    tiphys("app", "sync", app.name, *at)
    assert world.api.get("ConfigMap", namespace, "one")["data"] == {"from": "old"}
    assert tiphys("app", "diff", app.name, *at) == ""
    app.wait("OutOfSync")

    tiphys("app", "set", app.name, "--source-name", "second", "--directory-recurse")
    assert app.manifest["spec"]["sources"][1]["directory"] == {"recurse": True}
    tiphys("app", "set", app.name, "--source-name", "third", "--path", "x", code=20)
    eventually("it is taken over", lambda: app.status["sync"]["status"] == "OutOfSync")
