"""A living Argo CD application controller in the same namespace: we only look on, and say so."""

import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, text
from tests.e2e.world import App, World, new_world

AUTOMATED: dict[str, Any] = {"automated": {}}


@pytest.fixture(scope="module")
def own_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world of its own: whatever runs in it stops writing."""
    home: Path = tmp_path_factory.mktemp("rivals")
    with new_world(home) as running:
        yield running


@contextlib.contextmanager
def _argo_cd(world: World, program: str = "argocd-application-controller") -> Iterator[None]:
    container = {
        "name": "controller",
        "image": "registry.example/argocd:3",
        "args": [f"/usr/local/bin/{program}", "--status-processors", "20"],
    }
    world.api.create(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "argocd-application-controller-0", "namespace": "argocd"},
            "spec": {"containers": [container]},
        }
    )

    def phase() -> Any:
        found = world.api.get("Pod", "argocd", "argocd-application-controller-0")
        return (found.get("status") or {}).get("phase")

    eventually("it runs", lambda: phase() == "Running")
    try:
        yield
    finally:
        world.api.delete("Pod", "argocd", "argocd-application-controller-0")


def _new_app(world: World) -> tuple[App, str]:
    namespace = world.new_namespace()
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    return world.new_app(repository, namespace, syncPolicy=AUTOMATED), namespace


def _times_said(world: World, words: str) -> int:
    assert world.tiphys is not None
    return world.tiphys.log.read_text().count(words)


def test_nothing_is_written_while_argo_cd_is_alive_and_all_is_done_once_it_is_gone(
    own_world: World,
) -> None:
    world, words = own_world, "read-only: an Argo CD application"
    before = _times_said(world, words)
    with _argo_cd(world):
        eventually("it is said", lambda: _times_said(world, words) > before)
        app, namespace = _new_app(world)
        time.sleep(2)  # nothing happens, for as long as it would take otherwise
        assert "status" not in app.manifest
        assert world.api.find("ConfigMap", namespace, "one") is None

    app.wait("Synced", "Healthy")


def test_another_program_in_such_a_pod_is_no_rival(own_world: World) -> None:
    world = own_world
    with _argo_cd(world, "argocd-notifications"):
        app, _ = _new_app(world)

        app.wait("Synced", "Healthy")


def test_who_is_told_to_take_over_writes_all_the_same(own_world: World) -> None:
    world = own_world
    with _argo_cd(world), _taking_over(world):
        app, _ = _new_app(world)

        app.wait("Synced", "Healthy")


@contextlib.contextmanager
def _taking_over(world: World) -> Iterator[None]:
    world.stop_tiphys(signal.SIGTERM)
    world.start_tiphys("--take-over")
    try:
        yield
    finally:
        world.stop_tiphys(signal.SIGTERM)
        world.start_tiphys()
