"""Whatever an Application waits for: it says so, answers, and can be stopped."""

import json
import threading
import time
import uuid
from typing import Any

import pytest

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, pod, text
from tests.e2e.neighbours import cluster_secret, silent_server
from tests.e2e.world import App, World

AUTOMATED: dict[str, Any] = {"automated": {"prune": True, "selfHeal": True}}


def _operation(app: App) -> dict[str, Any]:
    return dict(app.status.get("operationState") or {})


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
