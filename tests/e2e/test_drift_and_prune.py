"""Drift, self heal, prune, ignored differences, shared and repeated resources."""

import pytest

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, deployment, text
from tests.e2e.world import World

AUTOMATED = {"automated": {"prune": True}}
HEALING = {"automated": {"prune": True, "selfHeal": True}}


def test_an_edit_of_a_live_object_is_shown_and_left_without_self_heal(world: World) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    app = world.new_app(repository, namespace, syncPolicy=AUTOMATED)
    app.wait("Synced")

    world.api.merge("ConfigMap", namespace, "one", {"data": {"key": "edited"}})

    app.wait("OutOfSync")
    assert app.resource("ConfigMap", "one")["status"] == "OutOfSync"
    assert world.api.get("ConfigMap", namespace, "one")["data"] == {"key": "edited"}


def test_an_edit_of_a_live_object_is_healed_with_self_heal(world: World) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    app = world.new_app(repository, namespace, syncPolicy=HEALING)
    app.wait("Synced", "Healthy")

    world.api.merge("ConfigMap", namespace, "one", {"data": {"key": "edited"}})

    eventually(
        "it is healed",
        lambda: world.api.get("ConfigMap", namespace, "one")["data"] == {"key": "value"},
        5,
    )
    app.wait("Synced", "Healthy")


def test_a_deleted_object_comes_back_with_self_heal(world: World) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"one.yaml": text(config_map("one"), config_map("two"))})
    app = world.new_app(repository, namespace, syncPolicy=HEALING)
    app.wait("Synced", "Healthy")

    world.api.delete("ConfigMap", namespace, "one")

    eventually("it is back", lambda: world.api.find("ConfigMap", namespace, "one"), 5)


def test_a_field_that_somebody_else_added_is_no_drift(world: World) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"web.yaml": text(deployment("web"))})
    app = world.new_app(repository, namespace, syncPolicy=AUTOMATED)
    app.wait("Synced")

    world.api.merge("Deployment", namespace, "web", {"metadata": {"labels": {"team": "blue"}}})
    app.refresh()

    assert app.status["sync"]["status"] == "Synced"


def test_what_leaves_git_is_pruned_when_prune_is_on(world: World) -> None:
    namespace = world.new_namespace()
    files = {"one.yaml": text(config_map("one")), "two.yaml": text(config_map("two"))}
    repository = world.new_repository(files)
    app = world.new_app(repository, namespace, syncPolicy=AUTOMATED)
    app.wait("Synced", "Healthy")

    repository.push({"two.yaml": None})

    eventually("it is pruned", lambda: world.api.find("ConfigMap", namespace, "two") is None)
    app.wait("Synced")


def test_what_leaves_git_stays_and_is_shown_when_prune_is_off(world: World) -> None:
    namespace = world.new_namespace()
    files = {"one.yaml": text(config_map("one")), "two.yaml": text(config_map("two"))}
    repository = world.new_repository(files)
    app = world.new_app(repository, namespace, syncPolicy={"automated": {}})
    app.wait("Synced")

    repository.push({"two.yaml": None})

    app.wait("OutOfSync")
    assert app.resource("ConfigMap", "two")["requiresPruning"] is True
    assert world.api.find("ConfigMap", namespace, "two") is not None


@pytest.mark.parametrize("place", ["resource", "application"])
def test_prune_false_keeps_the_object_and_the_application_out_of_sync(
    world: World, place: str
) -> None:
    namespace = world.new_namespace()
    annotations = {"sync_options": "Prune=false"} if place == "resource" else {}
    options = {"syncOptions": ["Prune=false"]} if place == "application" else {}
    kept = config_map("kept", **annotations)
    repository = world.new_repository(
        {"one.yaml": text(config_map("one")), "kept.yaml": text(kept)}
    )
    app = world.new_app(repository, namespace, syncPolicy=options)
    app.wait("OutOfSync")
    app.sync()
    app.wait("Synced")
    repository.push({"kept.yaml": None})

    state = app.sync(prune=True)

    assert state["phase"] == "Succeeded"
    skipped = [r for r in state["syncResult"]["resources"] if r["name"] == "kept"]
    assert [(r["status"], r["message"]) for r in skipped] == [
        ("PruneSkipped", "ignored (no prune)")
    ]
    assert world.api.find("ConfigMap", namespace, "kept") is not None
    app.wait("OutOfSync")


def test_an_empty_render_does_not_wipe_out_the_application(world: World) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    app = world.new_app(repository, namespace, syncPolicy=AUTOMATED)
    app.wait("Synced")

    repository.push({"one.yaml": None, "readme.md": "nothing here"})

    app.wait("OutOfSync")
    eventually("it says why", lambda: app.conditions("SyncError"))
    assert "auto-sync will wipe out all resources" in app.conditions("SyncError")[0]
    assert world.api.find("ConfigMap", namespace, "one") is not None


def test_ignored_fields_are_not_compared(world: World) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"web.yaml": text(deployment("web", replicas=1))})
    app = world.new_app(
        repository,
        namespace,
        syncPolicy=AUTOMATED,
        ignoreDifferences=[
            {"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]}
        ],
    )
    app.wait("Synced")

    world.api.merge("Deployment", namespace, "web", {"spec": {"replicas": 0}})
    app.refresh()

    assert app.status["sync"]["status"] == "Synced"


def test_an_object_of_two_applications_is_warned_of(world: World) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    first = world.new_app(repository, namespace, syncPolicy=AUTOMATED)
    first.wait("Synced")

    second = world.new_app(repository, namespace)
    second.wait("OutOfSync")

    assert second.conditions("SharedResourceWarning") == [
        f"ConfigMap/one is part of applications argocd/{second.name} and {first.name}"
    ]


def test_a_repeated_resource_is_warned_of_and_the_last_one_counts(world: World) -> None:
    namespace = world.new_namespace()
    manifests = [config_map("one", {"key": "first"}), config_map("one", {"key": "last"})]
    repository = world.new_repository({"one.yaml": text(*manifests)})
    app = world.new_app(repository, namespace, syncPolicy=AUTOMATED)
    app.wait("Synced")

    assert app.conditions("RepeatedResourceWarning") == [
        f"Resource /ConfigMap/{namespace}/one appeared 2 times among application resources."
    ]
    assert world.api.get("ConfigMap", namespace, "one")["data"] == {"key": "last"}


def test_a_copied_tracking_annotation_makes_nobody_prune_the_copy(world: World) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    app = world.new_app(repository, namespace, syncPolicy=HEALING)
    app.wait("Synced")
    annotations = world.api.get("ConfigMap", namespace, "one")["metadata"]["annotations"]

    copy = config_map("copy", **annotations)
    copy["metadata"]["namespace"] = namespace
    world.api.create(copy)
    app.refresh()

    assert app.status["sync"]["status"] == "Synced"
    assert world.api.find("ConfigMap", namespace, "copy") is not None
