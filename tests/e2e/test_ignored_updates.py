"""Changes of live objects that are not worth a look."""

import time

from tests.e2e.manifests import config_map, deployment, text
from tests.e2e.world import World

RULE = "resource.customizations.ignoreResourceUpdates."
AUTOMATED = {"automated": {"prune": True}}


def test_an_ignored_update_causes_no_look_and_the_next_look_sees_it(world: World) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"all.yaml": text(config_map("one"), config_map("two"))})
    with world.settings("argocd-cm", {f"{RULE}ConfigMap": "jsonPointers: [/data/key]"}):
        app = world.new_app(repository, namespace, syncPolicy=AUTOMATED)
        app.wait("Synced", "Healthy")
        app.wait_for_operation()
        time.sleep(1)  # the look at what the operation left is over

        world.api.merge("ConfigMap", namespace, "one", {"data": {"key": "edited"}})
        time.sleep(0.7)

        assert app.status["sync"]["status"] == "Synced"
        app.refresh()
        app.wait("OutOfSync")


def test_an_update_of_another_field_is_seen_at_once(world: World) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    with world.settings("argocd-cm", {f"{RULE}ConfigMap": "jsonPointers: [/data/other]"}):
        app = world.new_app(repository, namespace, syncPolicy=AUTOMATED)
        app.wait("Synced")

        world.api.merge("ConfigMap", namespace, "one", {"data": {"key": "edited"}})

        app.wait("OutOfSync", timeout_s=5)


def test_nothing_is_ignored_when_that_is_switched_off(world: World) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    off = {"resource.ignoreResourceUpdatesEnabled": "false"}
    with world.settings("argocd-cm", {f"{RULE}ConfigMap": "jsonPointers: [/data/key]", **off}):
        app = world.new_app(repository, namespace, syncPolicy=AUTOMATED)
        app.wait("Synced")

        world.api.merge("ConfigMap", namespace, "one", {"data": {"key": "edited"}})

        app.wait("OutOfSync", timeout_s=5)


def test_an_ignored_status_that_changes_the_health_is_seen(world: World) -> None:
    repository = world.new_repository({"web.yaml": text(deployment("web", replicas=1))})
    with world.settings("argocd-cm", {f"{RULE}all": "jsonPointers: [/status]"}):
        app = world.new_app(repository, world.new_namespace(), syncPolicy=AUTOMATED)

        app.wait("Synced", "Healthy")


def test_an_update_that_only_a_program_can_tell_to_be_ignored_causes_no_look(
    world: World,
) -> None:
    """The expression is no plain path: it runs beside the event loop."""
    namespace = world.new_namespace()
    repository = world.new_repository({"all.yaml": text(config_map("one"), config_map("two"))})
    rule = 'jqPathExpressions: [\'.data | select(.key == "edited" or .key == "value") | .key\']'
    with world.settings("argocd-cm", {f"{RULE}ConfigMap": rule}):
        app = world.new_app(repository, namespace, syncPolicy=AUTOMATED)
        app.wait("Synced", "Healthy")
        app.wait_for_operation()
        time.sleep(1)  # the look at what the operation left is over

        world.api.merge("ConfigMap", namespace, "one", {"data": {"key": "edited"}})
        time.sleep(1)

        assert app.status["sync"]["status"] == "Synced"

        world.api.merge("ConfigMap", namespace, "two", {"data": {"key": "more"}})

        app.wait("OutOfSync", timeout_s=5)
