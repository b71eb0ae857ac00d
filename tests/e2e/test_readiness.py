"""When tiphys says that it is ready."""

import signal

from tests.e2e.manifests import config_map, text
from tests.e2e.world import World


def test_it_is_ready_once_each_application_had_its_first_look(world: World) -> None:
    repository = world.new_repository({"all.yaml": text(config_map("one"))})
    namespaces = [world.new_namespace() for _ in range(40)]
    apps = [world.new_app(repository, namespace) for namespace in namespaces]
    for app in apps:
        app.sync()
        app.wait("Synced")
    world.stop_tiphys(signal.SIGTERM)
    for namespace in namespaces:
        world.api.delete("ConfigMap", namespace, "one")

    world.start_tiphys()

    assert {app.status["sync"]["status"] for app in apps} == {"OutOfSync"}
