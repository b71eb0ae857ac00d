"""Writes that say little: a commit that concerns nobody, and health that flaps."""

import time

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, deployment, text
from tests.e2e.world import World

PATHS = "argocd.argoproj.io/manifest-generate-paths"


def test_a_commit_that_changes_nothing_is_written_later_and_at_once_when_asked(
    world: World,
) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"a/all.yaml": text(config_map("a"))})
    app = world.new_app(repository, namespace, path="a")
    app.wait("OutOfSync")
    revision = repository.push({"README": "nothing to render"})

    eventually("it is written", lambda: app.status["sync"]["revision"] == revision)

    another = repository.push({"README": "nothing either"})
    app.refresh()
    assert app.status["sync"]["revision"] == another


def test_a_push_that_touches_none_of_the_paths_causes_no_look(world: World) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"a/all.yaml": text(config_map("a"))})
    named = {"annotations": {PATHS: "."}}
    app = world.new_app(repository, namespace, path="a", metadata=named)
    app.wait("OutOfSync")
    before = app.manifest["metadata"]["resourceVersion"]
    repository.push({"b/all.yaml": text(config_map("b"))})
    time.sleep(3)

    assert app.manifest["metadata"]["resourceVersion"] == before

    revision = repository.push({"a/more.yaml": text(config_map("more"))})
    eventually("the look is there", lambda: app.status["sync"]["revision"] == revision)
    assert app.resource("ConfigMap", "more")


def test_health_that_flaps_is_written_now_and_then_and_right_in_the_end(world: World) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"all.yaml": text(deployment("web", 1))})
    app = world.new_app(repository, namespace, syncPolicy={"automated": {}})
    app.wait("Synced", "Healthy")
    seen = set()
    for n in range(60):
        paused = {"spec": {"progressDeadlineSeconds": 600 + n, "paused": n % 2 == 0}}
        world.api.merge("Deployment", namespace, "web", paused)
        time.sleep(0.1)
        seen.add(app.manifest["metadata"]["resourceVersion"])

    assert len(seen) < 15
    app.wait("Synced", "Healthy")
