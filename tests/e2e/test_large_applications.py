"""Applications of thousands of objects: their status fits, and no sync is repeated for it."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.api import eventually
from tests.e2e.faults import Fault, FaultyProxy, Seen
from tests.e2e.manifests import config_map, text
from tests.e2e.world import App, World, new_world

HEALING: dict[str, Any] = {"automated": {"prune": True, "selfHeal": True}}
ETCD_BYTES = 1_500_000
TOO_LARGE = b'{"kind":"Status","status":"Failure","message":"etcdserver: request is too large"}'


def _is_application_write(seen: Seen) -> bool:
    return seen.method == "PATCH" and "/applications/" in seen.path


def _writes_more_than(limit: int) -> Fault:
    def matches(seen: Seen) -> bool:
        return _is_application_write(seen) and int(seen.headers.get("Content-Length", 0)) > limit

    return Fault(matches, code=500, body=TOO_LARGE)


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, FaultyProxy]]:
    """A world whose tiphys sees the API server through a proxy."""
    home: Path = tmp_path_factory.mktemp("limited")
    with new_world(home) as world:
        world.stop_tiphys(signal.SIGTERM)
        proxy = FaultyProxy(world.api)
        with proxy.running():
            world.tiphys_kubeconfig = proxy.kubeconfig(home / "proxy.kubeconfig")
            world.start_tiphys()
            yield world, proxy
            world.stop_tiphys(signal.SIGTERM)


def _names(count: int) -> list[str]:
    return [f"object-{n:05}-{'x' * 47}" for n in range(count)]


def _large(world: World, count: int) -> tuple[App, str]:
    namespace = world.new_namespace()
    files = {"all.yaml": text(*(config_map(name) for name in _names(count)))}
    return world.new_app(world.new_repository(files), namespace, syncPolicy=HEALING), namespace


def _applies(proxy: FaultyProxy, namespace: str) -> int:
    return sum(
        seen.method == "PATCH"
        and f"/namespaces/{namespace}/configmaps/" in seen.path
        and "dryRun" not in seen.query
        for seen in proxy.requests
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "limit",
    [
        pytest.param(ETCD_BYTES, id="at the limit of etcd"),
        pytest.param(300_000, id="at a lower limit"),
    ],
)
def test_a_sync_of_thousands_of_objects_ends_and_says_what_its_status_leaves_out(
    limited: tuple[World, FaultyProxy], limit: int
) -> None:
    world, proxy = limited
    with proxy.fault(_writes_more_than(limit)):
        app, namespace = _large(world, 4000)
        status = app.wait("Synced", "Healthy", timeout_s=180)
        eventually("nothing is under way", lambda: "operation" not in app.manifest)

        status = app.status
        state = status["operationState"]
        assert state["phase"] == "Succeeded"
        assert "all tasks run" in state["message"]
        assert _applies(proxy, namespace) == 4000
        cut = app.conditions("StatusCutWarning")
        assert any(f"{len(state['syncResult']['resources'])} of 4000" in said for said in cut)
        assert len(status["resources"]) > 500


def test_a_status_that_cannot_be_written_for_a_while_repeats_no_sync(
    limited: tuple[World, FaultyProxy],
) -> None:
    world, proxy = limited
    namespace = world.new_namespace()
    files = {"all.yaml": text(*(config_map(f"c-{n}") for n in range(20)))}

    def once_all_is_applied(seen: Seen) -> bool:
        return _is_application_write(seen) and _applies(proxy, namespace) >= 20

    with proxy.fault(Fault(once_all_is_applied, code=500)):
        app = world.new_app(world.new_repository(files), namespace, syncPolicy=HEALING)
        eventually("all is applied", lambda: _applies(proxy, namespace) >= 20)
        time.sleep(4)  # some attempts to write it down have failed
        assert not _events(world, app, "OperationCompleted")

    assert app.wait_for_operation(timeout_s=60)["phase"] == "Succeeded"
    assert _applies(proxy, namespace) == 20
    app.wait("Synced", "Healthy")
    eventually("it is told once", lambda: len(_events(world, app, "OperationCompleted")) == 1)


def _events(world: World, app: App, reason: str) -> list[dict[str, Any]]:
    return [
        event
        for event in world.api.list("Event", "argocd")
        if event["involvedObject"]["name"] == app.name and event["reason"] == reason
    ]


def test_one_object_added_to_many_is_one_apply(limited: tuple[World, FaultyProxy]) -> None:
    world, proxy = limited
    namespace = world.new_namespace()
    many = [config_map(name) for name in _names(300)]
    repository = world.new_repository({"all.yaml": text(*many)})
    app = world.new_app(repository, namespace, syncPolicy=HEALING)
    app.wait("Synced", "Healthy")
    before = _applies(proxy, namespace)
    repository.push({"all.yaml": text(*many, config_map("one-more"))})

    eventually("it is live", lambda: world.api.find("ConfigMap", namespace, "one-more"))
    app.wait("Synced", "Healthy")

    state = app.wait_for_operation()
    messages = {row["name"]: row["message"] for row in state["syncResult"]["resources"]}
    assert _applies(proxy, namespace) == before + 1
    assert messages.pop("one-more") == "configmap/one-more created"
    assert all(message.endswith("unchanged") for message in messages.values())
    assert len(messages) == 300


def test_an_object_that_nobody_marked_as_ours_is_applied_once_more(
    limited: tuple[World, FaultyProxy],
) -> None:
    world, proxy = limited
    namespace = world.new_namespace()
    repository = world.new_repository({"all.yaml": text(config_map("one"), config_map("two"))})
    app = world.new_app(repository, namespace, syncPolicy=HEALING)
    app.wait("Synced", "Healthy")
    seen = world.api.get("ConfigMap", namespace, "one")
    gone = {"metadata": {"managedFields": [{}], "resourceVersion": _version(seen)}}
    world.api.merge("ConfigMap", namespace, "one", gone)
    before = _applies(proxy, namespace)
    more = text(config_map("one"), config_map("two"), config_map("three"))
    repository.push({"all.yaml": more})
    eventually("it is live", lambda: world.api.find("ConfigMap", namespace, "three"))
    app.wait("Synced", "Healthy")

    owners = {
        entry["manager"]
        for entry in world.api.get("ConfigMap", namespace, "one")["metadata"]["managedFields"]
    }
    assert "argocd-controller" in owners
    assert _applies(proxy, namespace) == before + 2


def _version(manifest: dict[str, Any]) -> str:
    return str(manifest["metadata"]["resourceVersion"])
