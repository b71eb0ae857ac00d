"""Whatever an Application waits for: it says so, answers, and can be stopped."""

import json
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.e2e.api import eventually
from tests.e2e.faults import Fault, FaultyProxy, Seen
from tests.e2e.manifests import config_map, pod, text
from tests.e2e.neighbours import cluster_secret, silent_server
from tests.e2e.world import App, Repository, World

AUTOMATED: dict[str, Any] = {"automated": {"prune": True, "selfHeal": True}}
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


def test_a_hook_that_never_ends_holds_up_neither_refreshes_nor_the_end(world: World) -> None:
    namespace = world.new_namespace()
    hook = pod("endless", "sleep", "100000", hook="PreSync")
    repository = world.new_repository({"all.yaml": text(hook, config_map("one"))})
    app = world.new_app(repository, namespace, syncPolicy=AUTOMATED)
    eventually("it waits", lambda: "endless" in str(_operation(app).get("message")), 20)

    newer = repository.push({"two.yaml": text(config_map("two"))})

    eventually("the status moves", lambda: app.status["sync"]["revision"] == newer, 10)
    app.refresh()
    began = time.monotonic()
    app.patch({"status": {"operationState": {"phase": "Terminating"}}})
    eventually("it has ended", lambda: _operation(app).get("phase") != "Terminating", 10)
    assert time.monotonic() - began < 6


def test_a_cluster_that_does_not_answer_is_told_with_the_time_since(world: World) -> None:
    name = f"silent-{uuid.uuid4().hex[:6]}"
    access = json.dumps({"tlsClientConfig": {"insecure": True}})
    with (
        silent_server() as url,
        cluster_secret(world, name, {"server": url, "config": access}),
    ):
        repository = world.new_repository({"one.yaml": text(config_map("one"))})
        app = world.new_app(repository, "shop", destination={"name": name, "namespace": "shop"})

        app.wait("Unknown", timeout_s=40)

        (said,) = app.conditions("ComparisonError")
        assert said.startswith(f"Failed to load live state: {url}: the cluster does not answer")
        assert "(since 20" in said


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        pytest.param("repeat(.)", "time limit of 1 s exceeded", id="one that never ends"),
        pytest.param(".data | (", "syntax error", id="one that is not jq"),
    ],
)
def test_an_expression_that_cannot_be_used_is_a_condition(
    world: World, expression: str, said: str
) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    rule = {"group": "", "kind": "ConfigMap", "jqPathExpressions": [expression]}
    app = world.new_app(repository, namespace, syncPolicy=AUTOMATED, ignoreDifferences=[rule])
    app.wait("Synced", timeout_s=30)

    (condition,) = eventually("it is told", lambda: app.conditions("ComparisonError"))

    assert condition.startswith(f"ignoreDifferences: jq expression `{expression}`: ")
    assert said in condition

    app.patch({"spec": {"ignoreDifferences": []}})
    eventually("it is gone", lambda: not app.conditions("ComparisonError"))


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


def test_a_field_that_somebody_changes_back_each_time_is_named_and_costs_nothing(
    world: World,
) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"one.yaml": text(config_map("one"), config_map("two"))})
    app = world.new_app(repository, namespace, syncPolicy=AUTOMATED)
    app.wait("Synced")
    stopped = threading.Event()

    def change_back() -> None:
        while not stopped.wait(0.02):
            if world.api.get("ConfigMap", namespace, "one")["data"] != {"key": "mine"}:
                data = {"data": {"key": "mine"}}
                world.api.merge("ConfigMap", namespace, "one", data, manager="stubborn")

    thread = threading.Thread(target=change_back)
    thread.start()
    try:
        (said,) = eventually("it is told", lambda: app.conditions("SelfHealWarning"), 40)
        assert "`.data.key` of ConfigMap" in said
        assert "is changed back by `stubborn`" in said
        assert world.tiphys is not None
        before = world.tiphys.cpu_s
        time.sleep(3)
        assert world.tiphys.cpu_s - before < 0.6
    finally:
        stopped.set()
        thread.join()
    app.sync()
    eventually("it is over", lambda: not app.conditions("SelfHealWarning"), 40)
