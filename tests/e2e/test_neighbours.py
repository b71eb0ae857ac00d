"""No neighbour holds the others up: a push is live in time, whatever lives beside it."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e import neighbours
from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, text
from tests.e2e.neighbours import Pulse
from tests.e2e.world import App, Repository, World, new_world

# What is asked for is 2 s on a machine of one's own; a shared one gets three times as long.
LIMIT_S = float(os.environ.get("TIPHYS_TEST_LIVE_WITHIN_S", "6"))
PUSHES = 4


@pytest.fixture
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world for one bad neighbour alone."""
    home: Path = tmp_path_factory.mktemp("street")
    with new_world(home) as world:
        yield world
        world.stop_tiphys(signal.SIGKILL)


def _innocent(world: World) -> tuple[Repository, App, str]:
    repository = world.new_repository({"one.yaml": text(config_map("one", {"key": "0"}))})
    namespace = world.new_namespace()
    policy = {"automated": {"prune": True, "selfHeal": True}}
    app = world.new_app(repository, namespace, syncPolicy=policy)
    app.wait("Synced")
    return repository, app, namespace


def _push_until_live(world: World, repository: Repository, namespace: str, value: str) -> float:
    def is_live() -> bool:
        found = world.api.find("ConfigMap", namespace, "one")
        return bool(found) and found["data"]["key"] == value

    repository.push({"one.yaml": text(config_map("one", {"key": value}))})
    began = time.monotonic()
    eventually("the push is live", is_live, 60)
    return time.monotonic() - began


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "neighbour",
    [
        pytest.param(contextlib.nullcontext, id="nobody"),
        pytest.param(neighbours.endless_jq, id="endless jq"),
        pytest.param(neighbours.endless_lua, id="endless Lua"),
        pytest.param(neighbours.template_bomb, id="template bomb"),
        pytest.param(neighbours.silent_cluster, id="silent cluster"),
        pytest.param(neighbours.flapping_cluster, id="flapping cluster"),
        pytest.param(neighbours.silent_git, id="silent Git server"),
        pytest.param(neighbours.large_cluster, id="large cluster"),
        pytest.param(neighbours.hanging_hook, id="hanging hook"),
    ],
)
def test_a_push_is_live_in_time_beside(
    street: World,
    neighbour: Callable[[World], contextlib.AbstractContextManager[None]],
    request: pytest.FixtureRequest,
) -> None:
    repository, _, namespace = _innocent(street)
    pulse, took = Pulse(street.answers), []
    with pulse.measured(), neighbour(street):
        for count in range(1, PUSHES + 1):
            time.sleep(0.5)
            took.append(_push_until_live(street, repository, namespace, str(count)))

    shown = " ".join(f"{seconds * 1000:.0f}" for seconds in took)
    who = request.node.callspec.id
    sys.stdout.write(f"\n{who}: live after {shown} ms; /healthz {pulse.worst_ms:.0f} ms\n")
    assert max(took) < LIMIT_S
    assert pulse.worst_ms < LIMIT_S * 1000
