"""The metadata of the namespace that `CreateNamespace=true` makes."""

import time
from typing import Any

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, text
from tests.e2e.world import App, World

AUTOMATED: dict[str, Any] = {"automated": {}}


def _app(world: World, labels: dict[str, str], **policy: Any) -> tuple[App, str]:
    namespace = f"made-{time.time_ns()}"
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    app = world.new_app(
        repository,
        namespace,
        syncPolicy={
            "syncOptions": ["CreateNamespace=true"],
            "managedNamespaceMetadata": {"labels": labels, "annotations": {"note": "ours"}},
            **policy,
        },
    )
    return app, namespace


def _metadata(world: World, namespace: str, field: str) -> dict[str, str]:
    found: dict[str, str] = world.api.get("Namespace", "", namespace)["metadata"].get(field) or {}
    return {k: v for k, v in found.items() if k != "kubernetes.io/metadata.name"}


def _manage(app: App, labels: dict[str, Any]) -> None:
    app.patch({"spec": {"syncPolicy": {"managedNamespaceMetadata": {"labels": labels}}}})


def test_the_namespace_is_made_with_its_metadata_and_no_mark(world: World) -> None:
    app, namespace = _app(world, {"team": "blue"})
    app.wait("OutOfSync")

    state = app.sync()

    assert state["syncResult"]["resources"][0]["kind"] == "Namespace"
    assert state["syncResult"]["managedNamespaceMetadata"] == {
        "labels": {"team": "blue"},
        "annotations": {"note": "ours"},
    }
    assert _metadata(world, namespace, "labels") == {"team": "blue"}
    assert _metadata(world, namespace, "annotations") == {
        "note": "ours",
        "argocd.argoproj.io/sync-options": "ServerSideApply=true",
    }
    status = app.wait("Synced")
    assert [row["name"] for row in status["resources"]] == ["one"]


def test_changed_metadata_replace_ours_and_leave_those_of_others(world: World) -> None:
    app, namespace = _app(world, {"team": "blue", "tier": "1"})
    app.wait("OutOfSync")
    app.sync()
    app.wait("Synced")
    world.api.merge("Namespace", "", namespace, {"metadata": {"labels": {"foreign": "yes"}}})

    _manage(app, {"team": "red", "tier": None})

    app.wait("OutOfSync")
    app.sync()
    assert _metadata(world, namespace, "labels") == {"team": "red", "foreign": "yes"}
    app.wait("Synced")


def test_changed_metadata_start_an_automated_sync(world: World) -> None:
    app, namespace = _app(world, {"team": "blue"}, **AUTOMATED)
    app.wait("Synced")

    _manage(app, {"team": "red"})

    eventually(
        "the namespace is changed",
        lambda: _metadata(world, namespace, "labels") == {"team": "red"},
    )
    app.wait("Synced")


def test_a_namespace_that_was_there_before_gets_the_metadata_too(world: World) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    policy = {
        "syncOptions": ["CreateNamespace=true"],
        "managedNamespaceMetadata": {"labels": {"team": "blue"}},
    }
    app = world.new_app(repository, namespace, syncPolicy=policy)
    app.wait("OutOfSync")

    app.sync()

    assert _metadata(world, namespace, "labels") == {"team": "blue"}
    app.wait("Synced")
