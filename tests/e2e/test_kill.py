"""kill -9 in the middle of a sync: the same end state, and no hook that succeeded runs twice.

The moments are spread over the time that an undisturbed sync takes, each a little further on.
"""

import contextlib
import functools
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.api import PLURALS, eventually
from tests.e2e.manifests import config_map, job, text
from tests.e2e.world import App, World, new_world

MOMENTS = 20


@pytest.fixture(scope="module")
def own_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world whose tiphys may be killed without harm to other tests."""
    home: Path = tmp_path_factory.mktemp("kill")
    with new_world(home) as running:
        yield running


def _start(world: World, round_number: int) -> tuple[App, str]:
    hooks = [
        job(f"before-{round_number}", hook="PreSync"),
        job(f"after-{round_number}", hook="PostSync", hook_delete_policy="HookSucceeded"),
    ]
    waves = [config_map(f"map-{n}", sync_wave=str(n)) for n in range(4)]
    repository = world.new_repository({"all.yaml": text(*hooks, *waves)})
    namespace = world.new_namespace()
    app = world.new_app(repository, namespace)
    app.wait("OutOfSync")
    return app, namespace


@contextlib.contextmanager
def _watching(world: World, namespace: str) -> Iterator[dict[str, set[str]]]:
    """Give the uids under which each Job is ever seen; a watch misses none, however short-lived."""
    seen: dict[str, set[str]] = {}
    ended = threading.Event()
    path = PLURALS["Job"].format(ns=namespace)
    version = world.api.request("GET", path)["metadata"]["resourceVersion"]

    def look() -> None:
        nonlocal version
        is_last = False
        while not is_last:
            is_last = ended.is_set()
            for event in world.api.watch(path, version, timeout_s=1):
                metadata = event["object"]["metadata"]
                version = metadata["resourceVersion"]
                seen.setdefault(metadata["name"], set()).add(metadata["uid"])

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def _has_succeeded(app: App) -> bool:
    manifest = app.manifest
    state = (manifest.get("status") or {}).get("operationState") or {}
    return state.get("phase") == "Succeeded" and "operation" not in manifest


@pytest.mark.timeout(900)
def test_a_sync_killed_at_any_moment_ends_as_an_undisturbed_one(own_world: World) -> None:
    world = own_world
    app, _ = _start(world, 0)
    started = time.monotonic()
    assert app.sync()["phase"] == "Succeeded"
    undisturbed_s = time.monotonic() - started

    for moment in range(1, MOMENTS + 1):
        app, namespace = _start(world, moment)
        with _watching(world, namespace) as seen:
            app.start_sync()
            time.sleep(undisturbed_s * moment / MOMENTS)
            world.stop_tiphys()
            world.start_tiphys()
            eventually("the sync ends well", functools.partial(_has_succeeded, app), 30)

        runs = {name: len(uids) for name, uids in seen.items()}
        assert runs == {f"before-{moment}": 1, f"after-{moment}": 1}, (
            f"killed at moment {moment}: {app.status['operationState']}"
        )
        names = {found["metadata"]["name"] for found in world.api.list("ConfigMap", namespace)}
        assert {f"map-{n}" for n in range(4)} <= names
        assert world.api.find("Job", namespace, f"after-{moment}") is None
        app.wait("Synced", "Healthy")
