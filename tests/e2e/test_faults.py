"""An API server that misbehaves: tiphys says so, deletes nothing, and recovers by itself."""

import resource
import secrets
import time
from typing import Any

import pytest

from tests.e2e.api import eventually
from tests.e2e.faults import Fault, FaultyProxy, Seen
from tests.e2e.manifests import config_map, job, text
from tests.e2e.world import App, World

HEALING: dict[str, Any] = {"automated": {"prune": True, "selfHeal": True}}


def _healing(world: World, *manifests: dict[str, Any]) -> tuple[App, str]:
    namespace = world.new_namespace()
    repository = world.new_repository({"all.yaml": text(*manifests)})
    app = world.new_app(repository, namespace, syncPolicy=HEALING)
    app.wait("Synced")
    return app, namespace


def _everything(seen: Seen) -> bool:
    del seen
    return True


def _config_map_lists(seen: Seen) -> bool:
    return seen.path == "/api/v1/configmaps" and seen.is_list


def _watches(seen: Seen) -> bool:
    return seen.is_watch


def _edit(world: World, namespace: str, value: str) -> None:
    world.api.merge("ConfigMap", namespace, "one", {"data": {"key": value}})


def _is_healed(world: World, namespace: str, name: str = "one") -> bool:
    found = world.api.find("ConfigMap", namespace, name)
    return bool(found) and found["data"] == {"key": "value"}


def test_what_happens_while_watches_are_down_is_seen_afterwards(
    faulty: tuple[World, FaultyProxy],
) -> None:
    world, proxy = faulty
    _, namespace = _healing(world, config_map("one"), config_map("two"))
    deleted = len(proxy.deletes())
    with proxy.fault(Fault(_watches, code=503), drops_watches=True):
        time.sleep(0.3)  # the watches have ended and are being asked for again
        _edit(world, namespace, "edited")
        world.api.delete("ConfigMap", namespace, "two")

    eventually("the edit is healed", lambda: _is_healed(world, namespace))
    eventually("the object is back", lambda: _is_healed(world, namespace, "two"))
    assert len(proxy.deletes()) == deleted


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(_watches, code=410), id="as an answer"),
        pytest.param(
            Fault(
                _watches,
                code=200,
                body=b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n',
            ),
            id="as an event",
        ),
    ],
)
def test_a_version_that_is_gone_makes_a_new_list(
    faulty: tuple[World, FaultyProxy], fault: Fault
) -> None:
    world, proxy = faulty
    app, namespace = _healing(world, config_map("one"))
    deleted, before = len(proxy.deletes()), len(proxy.requests)
    with proxy.fault(fault, drops_watches=True):
        eventually(
            "ConfigMaps are listed anew",
            lambda: any(_config_map_lists(seen) for seen in proxy.requests[before:]),
        )
        _edit(world, namespace, "edited")

    eventually("the edit is healed", lambda: _is_healed(world, namespace))
    app.wait("Synced", "Healthy")
    assert len(proxy.deletes()) == deleted
    asked = [seen for seen in proxy.requests[before:] if _config_map_lists(seen)]
    assert len(asked) < 40, "a server that has forgotten everything must not be asked in a circle"


def test_a_sync_goes_through_a_server_that_is_busy(faulty: tuple[World, FaultyProxy]) -> None:
    world, proxy = faulty
    namespace = world.new_namespace()
    files = {"all.yaml": text(config_map("one"), config_map("two", sync_wave="1"))}
    app = world.new_app(world.new_repository(files), namespace)
    app.wait("OutOfSync")
    busy = Fault(lambda seen: not seen.is_watch, code=429, headers={"Retry-After": "1"})
    with proxy.fault(busy):
        app.start_sync()
        time.sleep(0.7)  # some requests have been turned away

    state = app.wait_for_operation()

    assert state["phase"] == "Succeeded", state["message"]
    assert len(state["syncResult"]["resources"]) == 2
    app.wait("Synced", "Healthy")


def test_a_cluster_that_is_away_is_told_and_nothing_is_deleted(
    faulty: tuple[World, FaultyProxy],
) -> None:
    world, proxy = faulty
    app, namespace = _healing(world, config_map("one"), config_map("two"))
    deleted = len(proxy.deletes())

    def about_objects(seen: Seen) -> bool:
        return "configmaps" in seen.path and "/namespaces/argocd/" not in seen.path

    with proxy.fault(Fault(about_objects, code=503), drops_watches=True):
        status = app.wait("Unknown", timeout_s=40)
        (said,) = app.conditions("ComparisonError")
        assert said.startswith("Failed to load live state: ")
        assert "ConfigMap cannot be listed" in said
        assert {row["status"] for row in status["resources"]} == {"Unknown"}
        assert status["health"]["status"] == "Healthy"
        _edit(world, namespace, "edited")

    eventually("the edit is healed", lambda: _is_healed(world, namespace), 30)
    app.wait("Synced", timeout_s=30)
    assert "conditions" not in app.status
    assert len(proxy.deletes()) == deleted


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(_config_map_lists, cuts_answer=True), id="cut in the middle"),
        pytest.param(Fault(_config_map_lists, code=200, body=b'{"items": ['), id="no JSON"),
        pytest.param(Fault(_config_map_lists, code=500), id="refused"),
    ],
)
def test_a_list_that_is_not_whole_is_no_list(
    faulty: tuple[World, FaultyProxy], fault: Fault
) -> None:
    world, proxy = faulty
    app, namespace = _healing(world, config_map("one"), config_map("two"))
    deleted = len(proxy.deletes())
    with proxy.fault(fault):
        world.stop_tiphys()
        world.start_tiphys()
        app.wait("Unknown")
        assert "ConfigMap cannot be listed" in app.conditions("ComparisonError")[0]

    app.wait("Synced", "Healthy", timeout_s=30)
    assert len(proxy.deletes()) == deleted
    assert len([o for o in world.api.list("ConfigMap", namespace) if _is_ours(o)]) == 2


def _is_ours(found: dict[str, Any]) -> bool:
    return found["metadata"]["name"] in {"one", "two"}


def test_an_empty_list_that_is_a_lie_makes_nobody_delete(
    faulty: tuple[World, FaultyProxy],
) -> None:
    world, proxy = faulty
    app, namespace = _healing(world, config_map("one"), config_map("two"))
    deleted = len(proxy.deletes())
    uids = {o["metadata"]["uid"] for o in world.api.list("ConfigMap", namespace)}
    empty = Fault(
        _config_map_lists,
        code=200,
        body=b'{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"9"},"items":[]}',
    )
    with proxy.fault(empty):
        world.stop_tiphys()
        world.start_tiphys()
        app.refresh()

    app.refresh("hard")
    app.wait("Synced", "Healthy", timeout_s=30)
    assert len(proxy.deletes()) == deleted
    assert {o["metadata"]["uid"] for o in world.api.list("ConfigMap", namespace)} == uids


def test_answers_that_get_lost_do_not_stop_a_sync(faulty: tuple[World, FaultyProxy]) -> None:
    """The writes are carried out, but tiphys does not learn so."""
    world, proxy = faulty
    namespace = world.new_namespace()
    hook = job("before", hook="PreSync")
    files = {"all.yaml": text(hook, config_map("one"), config_map("two", sync_wave="1"))}
    app = world.new_app(world.new_repository(files), namespace)
    app.wait("OutOfSync")
    lost = iter(range(1_000_000))

    def every_third_write(seen: Seen) -> bool:
        is_write = seen.method in {"PATCH", "POST", "PUT"} and "events" not in seen.path
        return is_write and next(lost) % 3 == 0

    with proxy.fault(Fault(every_third_write, cuts_answer=True)):
        app.start_sync()
        state = app.wait_for_operation(timeout_s=60)

    assert state["phase"] == "Succeeded", state["message"]
    jobs = [o for o in world.api.list("Job", namespace) if o["metadata"]["name"] == "before"]
    assert len(jobs) == 1
    app.wait("Synced", "Healthy")


def test_a_full_disk_costs_what_needs_it_and_is_told(faulty: tuple[World, FaultyProxy]) -> None:
    world, _ = faulty
    app, namespace = _healing(world, config_map("one"))
    assert world.tiphys is not None
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    (repository.folder / "large").write_text(secrets.token_hex(2_000_000))
    repository.push({})
    _, hard = resource.prlimit(world.tiphys.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(world.tiphys.pid, resource.RLIMIT_FSIZE, (400_000, hard))
    try:
        starved = world.new_app(repository, world.new_namespace())
        starved.wait("Unknown")
        assert starved.conditions("ComparisonError")
        _edit(world, namespace, "edited")
        eventually("others go on", lambda: _is_healed(world, namespace))
    finally:
        resource.prlimit(world.tiphys.pid, resource.RLIMIT_FSIZE, (hard, hard))

    starved.refresh()
    starved.wait("OutOfSync")
    assert "conditions" not in starved.status
    app.wait("Synced")
