"""What hangs and what is refused: the API server is behind a proxy that does it.

A module of its own: on a real cluster the tiphys of the other tests rests meanwhile.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.e2e.api import eventually
from tests.e2e.faults import Fault, FaultyProxy, Seen
from tests.e2e.manifests import config_map, text
from tests.e2e.world import App, Repository, World

FORBIDDEN = {
    "kind": "Status",
    "status": "Failure",
    "reason": "Forbidden",
    "code": 403,
    "message": 'secrets is forbidden: User "jane" cannot list resource "secrets" in API group "" '
    'in the namespace "argocd"',
}


def _applies_of(namespace: str) -> Fault:
    def matches(seen: Seen) -> bool:
        is_write = seen.method == "PATCH" and "dryRun" not in seen.query
        return is_write and f"/namespaces/{namespace}/configmaps/" in seen.path

    return Fault(matches, hangs=True)


def _operation(app: App) -> dict[str, Any]:
    return dict(app.status.get("operationState") or {})


class Hanging(NamedTuple):
    """An Application whose sync hangs."""

    app: App
    repository: Repository


@pytest.fixture
def hanging(faulty: tuple[World, FaultyProxy]) -> Iterator[Hanging]:
    """An Application whose sync waits for an API server that does not answer its apply."""
    world, proxy = faulty
    namespace = world.new_namespace()
    repository = world.new_repository({"all.yaml": text(config_map("one"), config_map("two"))})
    finalizers = ["resources-finalizer.argocd.argoproj.io"]
    app = world.new_app(repository, namespace, metadata={"finalizers": finalizers})
    app.wait("OutOfSync")
    with proxy.fault(_applies_of(namespace)):
        app.start_sync()
        eventually("it runs", lambda: _operation(app).get("phase") == "Running")
        eventually(
            "an apply hangs",
            lambda: any(_applies_of(namespace).matches(seen) for seen in proxy.requests),
        )
        yield Hanging(app, repository)


def test_a_refresh_is_answered_and_the_status_moves_while_a_sync_hangs(hanging: Hanging) -> None:
    app, repository = hanging
    began = time.monotonic()

    app.refresh("hard")

    assert time.monotonic() - began < 5
    assert _operation(app)["phase"] == "Running"
    newer = repository.push({"three.yaml": text(config_map("three"))})
    eventually("the push is seen", lambda: app.status["sync"]["revision"] == newer, 10)
    assert app.resource("ConfigMap", "three")["status"] == "OutOfSync"
    assert _operation(app)["phase"] == "Running"


def test_a_sync_that_hangs_is_terminated_within_five_seconds(hanging: Hanging) -> None:
    began = time.monotonic()
    hanging.app.patch({"status": {"operationState": {"phase": "Terminating"}}})

    state = hanging.app.wait_for_operation()

    assert time.monotonic() - began < 6
    assert state["phase"] == "Failed"
    assert state["message"].startswith("Operation terminated")


def test_the_deletion_of_the_application_ends_a_sync_that_hangs(
    hanging: Hanging, faulty: tuple[World, FaultyProxy]
) -> None:
    world, _ = faulty
    began, name = time.monotonic(), hanging.app.name

    hanging.app.delete()

    eventually("it is gone", lambda: world.api.find("Application", "argocd", name) is None, 20)
    assert time.monotonic() - began < 8


def test_without_the_right_to_list_secrets_everything_ends_in_a_sentence(
    faulty: tuple[World, FaultyProxy], tmp_path: Path
) -> None:
    world, proxy = faulty
    app = world.new_app(
        world.new_repository({"one.yaml": text(config_map("one"))}), world.new_namespace()
    )
    app.wait("OutOfSync")
    config = str(proxy.kubeconfig(tmp_path / "kubeconfig"))

    def lists_secrets(seen: Seen) -> bool:
        return seen.path == "/api/v1/namespaces/argocd/secrets" and seen.is_list

    run = ["run", "--kubeconfig", config, "--home", str(tmp_path), "--port", "0"]
    refused = Fault(lists_secrets, code=403, body=json.dumps(FORBIDDEN).encode())
    with proxy.fault(refused):
        for arguments in (run, ["app", "diff", app.name, "--kubeconfig", config]):
            done = subprocess.run(
                [sys.executable, "-m", "tiphys", *arguments],
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            )
            assert done.returncode not in {0, -signal.SIGKILL}
            assert "account jane may not list secrets in namespace argocd" in done.stderr
