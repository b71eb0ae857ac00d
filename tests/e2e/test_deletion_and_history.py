"""Cascade deletion, orphaning, history and rollback, app of apps."""

from typing import Any

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, text
from tests.e2e.world import IN_CLUSTER, World

AUTOMATED = {"automated": {"prune": True, "selfHeal": True}}
CASCADE: dict[str, Any] = {"finalizers": ["resources-finalizer.argocd.argoproj.io"]}


def test_deletion_with_the_finalizer_takes_the_objects_along(world: World) -> None:
    namespace = world.new_namespace()
    kept = config_map("kept", sync_options="Delete=false")
    repository = world.new_repository({"all.yaml": text(config_map("one"), kept)})
    app = world.new_app(repository, namespace, syncPolicy=AUTOMATED, metadata=dict(CASCADE))
    app.wait("Synced")

    app.delete()

    eventually(
        "the Application is gone", lambda: world.api.find("Application", "argocd", app.name) is None
    )
    assert world.api.find("ConfigMap", namespace, "one") is None
    assert world.api.find("ConfigMap", namespace, "kept") is not None


def test_deletion_without_the_finalizer_leaves_the_objects(world: World) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    app = world.new_app(repository, namespace, syncPolicy=AUTOMATED)
    app.wait("Synced")

    app.delete()

    eventually(
        "the Application is gone", lambda: world.api.find("Application", "argocd", app.name) is None
    )
    assert world.api.find("ConfigMap", namespace, "one") is not None


def test_delete_confirm_waits_for_the_approval(world: World) -> None:
    namespace = world.new_namespace()
    careful = config_map("one", sync_options="Delete=confirm")
    repository = world.new_repository({"one.yaml": text(careful)})
    app = world.new_app(repository, namespace, syncPolicy=AUTOMATED)
    app.patch({"metadata": CASCADE})
    app.wait("Synced")
    assert app.resource("ConfigMap", "one")["requiresDeletionConfirmation"] is True

    app.delete()
    app.patch({"metadata": {"labels": {"wake": "up"}}})

    assert world.api.find("ConfigMap", namespace, "one") is not None
    approval = {"argocd.argoproj.io/deletion-approved": "2100-01-01T00:00:00Z"}
    app.patch({"metadata": {"annotations": approval}})
    eventually(
        "the Application is gone", lambda: world.api.find("Application", "argocd", app.name) is None
    )
    assert world.api.find("ConfigMap", namespace, "one") is None


def test_a_rollback_brings_back_what_the_history_says(world: World) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"one.yaml": text(config_map("one", {"key": "old"}))})
    app = world.new_app(repository, namespace)
    app.wait("OutOfSync")
    app.sync()
    repository.push({"one.yaml": text(config_map("one", {"key": "new"}))})
    app.refresh()
    app.sync()
    first, second = app.status["history"]
    assert (first["id"], second["id"]) == (0, 1)

    state = app.sync(revision=first["revision"], syncStrategy={"apply": {}})

    assert state["phase"] == "Succeeded"
    assert world.api.get("ConfigMap", namespace, "one")["data"] == {"key": "old"}
    app.wait("OutOfSync")


def test_an_application_of_applications_deploys_its_children(world: World) -> None:
    namespace = world.new_namespace()
    child: dict[str, Any] = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": f"child-{namespace}", "namespace": "argocd", **CASCADE},
        "spec": {
            "project": "default",
            "source": {"repoURL": "", "path": "child", "targetRevision": "HEAD"},
            "destination": {"server": IN_CLUSTER, "namespace": namespace},
            "syncPolicy": AUTOMATED,
        },
    }
    repository = world.new_repository({"child/one.yaml": text(config_map("one"))})
    child["spec"]["source"]["repoURL"] = repository.url
    repository.push({"apps/child.yaml": text(child)})
    parent = world.new_app(repository, "argocd", path="apps", syncPolicy=AUTOMATED)
    parent.patch({"metadata": CASCADE})

    parent.wait("Synced", "Healthy")
    eventually("the child's object is live", lambda: world.api.find("ConfigMap", namespace, "one"))
    eventually("the summary says so", lambda: parent.status.get("summary", {}).get("isAppOfApps"))

    parent.delete()
    eventually(
        "parent, child and object are gone",
        lambda: (
            world.api.find("Application", "argocd", parent.name) is None
            and world.api.find("Application", "argocd", f"child-{namespace}") is None
            and world.api.find("ConfigMap", namespace, "one") is None
        ),
    )
