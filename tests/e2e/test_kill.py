"""kill -9 in the middle of a sync: the same end state, and no hook that succeeded runs twice.

The moments are spread over the time that an undisturbed sync takes, each a little further on.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, job, text
from tests.e2e.world import App, World, new_world

MOMENTS = 20


@pytest.fixture(scope="module")
def own_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world whose tiphys may be killed without harm to other tests."""
    home: Path = tmp_path_factory.mktemp("kill")
    with new_world(home) as running:
        if running.is_real:
            pytest.skip("the bare control plane has no kubelet that could run the Jobs")
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


def _runs(world: World, namespace: str) -> dict[str, set[str]]:
    """Return the uids under which each hook was ever seen, from the events of its pods."""
    seen: dict[str, set[str]] = {}
    for found in world.api.list("Job", namespace):
        seen.setdefault(found["metadata"]["name"], set()).add(found["metadata"]["uid"])
    return seen


def test_a_sync_killed_at_any_moment_ends_as_an_undisturbed_one(own_world: World) -> None:
    world = own_world
    app, _ = _start(world, 0)
    started = time.monotonic()
    assert app.sync()["phase"] == "Succeeded"
    undisturbed_s = time.monotonic() - started

    for moment in range(1, MOMENTS + 1):
        app, namespace = _start(world, moment)
        app.start_sync()
        seen: dict[str, set[str]] = {}
        deadline = time.monotonic() + undisturbed_s * moment / MOMENTS
        while time.monotonic() < deadline:
            for name, uids in _runs(world, namespace).items():
                seen.setdefault(name, set()).update(uids)
            time.sleep(0.02)
        world.stop_tiphys()
        world.start_tiphys()

        def look(
            namespace: str = namespace, app: App = app, seen: dict[str, set[str]] = seen
        ) -> bool:
            for name, uids in _runs(world, namespace).items():
                seen.setdefault(name, set()).update(uids)
            state = app.status.get("operationState") or {}
            return state.get("phase") == "Succeeded" and "operation" not in app.manifest

        eventually(f"the sync killed at moment {moment} ends well", look, 30)

        assert {name: len(uids) for name, uids in seen.items()} == {
            f"before-{moment}": 1,
            f"after-{moment}": 1,
        }, f"a hook ran twice when killed at moment {moment}"
        names = {found["metadata"]["name"] for found in world.api.list("ConfigMap", namespace)}
        assert {f"map-{n}" for n in range(4)} <= names
        assert world.api.find("Job", namespace, f"after-{moment}") is None
        app.wait("Synced", "Healthy")
