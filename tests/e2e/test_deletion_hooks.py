"""Hooks that run before and after an Application's objects are deleted."""

from typing import Any

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, job, text
from tests.e2e.world import App, World

CASCADE = ["resources-finalizer.argocd.argoproj.io"]
PRE = "pre-delete-finalizer.argocd.argoproj.io"
POST = "post-delete-finalizer.argocd.argoproj.io"


def _app(world: World, *manifests: dict[str, Any]) -> tuple[App, str]:
    namespace = world.new_namespace()
    repository = world.new_repository({"all.yaml": text(*manifests)})
    app = world.new_app(repository, namespace, metadata={"finalizers": CASCADE})
    app.wait("OutOfSync")
    app.sync()
    app.wait("Synced")
    return app, namespace


def _finalizers(app: App) -> list[str]:
    return list(app.manifest["metadata"].get("finalizers") or [])


def _is_gone(world: World, app: App) -> bool:
    return world.api.find("Application", "argocd", app.name) is None


def test_deletion_hooks_take_no_part_in_a_sync(world: World) -> None:
    before = config_map("before", hook="PreDelete")
    app, namespace = _app(world, config_map("one"), before, config_map("after", hook="PostDelete"))

    assert _finalizers(app) == [*CASCADE, PRE, f"{PRE}/cleanup", POST, f"{POST}/cleanup"]
    names = [r["name"] for r in app.status["operationState"]["syncResult"]["resources"]]
    assert names == ["one"]
    assert [row["name"] for row in app.status["resources"]] == ["one"]
    assert world.api.find("ConfigMap", namespace, "before") is None


def test_the_finalizers_leave_with_the_hooks(world: World) -> None:
    repository = world.new_repository(
        {"one.yaml": text(config_map("one")), "h.yaml": text(config_map("h", hook="PostDelete"))}
    )
    app = world.new_app(repository, world.new_namespace())
    app.wait("OutOfSync")
    assert _finalizers(app) == [POST, f"{POST}/cleanup"]

    repository.push({"h.yaml": None})

    eventually("they are gone", lambda: not _finalizers(app))


def test_hooks_run_around_the_deletion_and_stay_unless_they_say_otherwise(world: World) -> None:
    app, namespace = _app(
        world,
        config_map("one"),
        config_map("before", hook="PreDelete"),
        config_map("after", hook="PostDelete"),
        config_map("brief", hook="PostDelete", hook_delete_policy="HookSucceeded"),
    )

    app.delete()

    eventually("the Application is gone", lambda: _is_gone(world, app))
    left = {found["metadata"]["name"] for found in world.api.list("ConfigMap", namespace)}
    assert left - {"kube-root-ca.crt"} == {"before", "after"}


def test_hooks_run_too_when_the_objects_stay(world: World) -> None:
    namespace = world.new_namespace()
    manifests = text(config_map("one"), config_map("after", hook="PostDelete"))
    repository = world.new_repository({"all.yaml": manifests})
    app = world.new_app(repository, namespace)
    app.wait("OutOfSync")
    app.sync()

    app.delete()

    eventually("the Application is gone", lambda: _is_gone(world, app))
    assert world.api.find("ConfigMap", namespace, "one") is not None
    assert world.api.find("ConfigMap", namespace, "after") is not None


def test_the_objects_stay_while_a_hook_runs(world: World) -> None:
    hook = job("before", hook="PreDelete")
    hook["spec"]["template"]["spec"]["containers"][0]["command"] = ["sleep", "1"]
    app, namespace = _app(world, config_map("one"), hook)

    app.delete()

    eventually("the hook runs", lambda: world.api.find("Job", namespace, "before"))
    assert world.api.find("ConfigMap", namespace, "one") is not None
    eventually("the Application is gone", lambda: _is_gone(world, app))
    assert world.api.find("ConfigMap", namespace, "one") is None


def test_a_hook_that_fails_holds_the_deletion_up_and_is_tried_again(world: World) -> None:
    hook = job("check", fails=True, hook="PreDelete")
    app, namespace = _app(world, config_map("one"), hook)

    app.delete()

    eventually("it says so", lambda: app.conditions("DeletionError"))
    assert app.conditions("DeletionError") == [
        f"error executing PreDelete hooks: PreDelete hook(s) failed: {namespace}/check"
    ]
    assert world.api.find("ConfigMap", namespace, "one") is not None
    left = [name for name in _finalizers(app) if name != PRE]
    app.patch({"metadata": {"finalizers": left}})
    eventually("the Application is gone", lambda: _is_gone(world, app))
