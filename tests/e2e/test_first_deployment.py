"""From an Application to objects to status, and what manual sync does."""

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, deployment, text
from tests.e2e.world import IN_CLUSTER, World

AUTOMATED = {"automated": {"prune": True, "selfHeal": True}}


def test_an_application_that_is_not_synced_lists_what_is_missing(world: World) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"all.yaml": text(config_map("one"), deployment("web"))})

    app = world.new_app(repository, namespace)
    status = app.wait("OutOfSync", "Missing")

    assert {(row["kind"], row["status"]) for row in status["resources"]} == {
        ("ConfigMap", "OutOfSync"),
        ("Deployment", "OutOfSync"),
    }
    assert status["sync"]["revision"] == repository.git("rev-parse", "HEAD")
    assert world.api.find("ConfigMap", namespace, "one") is None


def test_a_manual_sync_makes_it_synced(world: World) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"all.yaml": text(config_map("one"))})
    app = world.new_app(repository, namespace)
    app.wait("OutOfSync")

    state = app.sync()

    assert (state["phase"], state["message"]) == (
        "Succeeded",
        "successfully synced (all tasks run)",
    )
    (result,) = state["syncResult"]["resources"]
    assert (result["status"], result["message"]) == ("Synced", "configmap/one created")
    status = app.wait("Synced", "Healthy")
    assert [entry["revision"] for entry in status["history"]] == [
        repository.git("rev-parse", "HEAD")
    ]
    tracking = world.api.get("ConfigMap", namespace, "one")["metadata"]["annotations"]
    assert tracking["argocd.argoproj.io/tracking-id"] == f"{app.name}:/ConfigMap:{namespace}/one"


def test_an_automated_application_follows_each_push(world: World) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    app = world.new_app(repository, namespace, syncPolicy=AUTOMATED)
    app.wait("Synced", "Healthy")

    commit = repository.push({"one.yaml": text(config_map("one", {"key": "changed"}))})

    eventually(
        "the change is live",
        lambda: world.api.get("ConfigMap", namespace, "one")["data"] == {"key": "changed"},
    )
    eventually("the status says so", lambda: app.status["sync"]["revision"] == commit)


def test_a_sync_ends_in_the_write_that_says_synced(world: World) -> None:
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    app = world.new_app(repository, world.new_namespace())
    app.wait("OutOfSync")
    version = app.manifest["metadata"]["resourceVersion"]

    app.sync()
    app.wait("Synced")

    path = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"
    ended = [
        status["sync"]["status"]
        for event in world.api.watch(path, version, timeout_s=2)
        if event["object"]["metadata"].get("name") == app.name
        and (status := event["object"]["status"]).get("operationState", {}).get("phase")
        == "Succeeded"
    ]
    assert ended
    assert set(ended) == {"Synced"}


def test_a_field_that_leaves_git_leaves_the_cluster(world: World) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"one.yaml": text(config_map("one", {"a": "1", "b": "2"}))})
    app = world.new_app(repository, namespace, syncPolicy=AUTOMATED)
    app.wait("Synced")

    repository.push({"one.yaml": text(config_map("one", {"a": "1"}))})

    eventually(
        "the field is gone",
        lambda: world.api.get("ConfigMap", namespace, "one")["data"] == {"a": "1"},
    )


def test_the_tutorial_application_works_by_changing_the_repository_only(world: World) -> None:
    chart = {
        "helm-guestbook/Chart.yaml": "apiVersion: v2\nname: guestbook\nversion: 0.1.0\n",
        "helm-guestbook/values.yaml": "greeting: hello\n",
        "helm-guestbook/templates/map.yaml": (
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-greeting\n"
            "data:\n  greeting: {{ .Values.greeting }}\n"
        ),
    }
    namespace = world.new_namespace()
    repository = world.new_repository(chart)
    app = world.new_app(repository, namespace, path="helm-guestbook")

    assert app.wait("OutOfSync", "Missing")["sourceType"] == "Helm"
    app.sync()

    app.wait("Synced", "Healthy")
    live = world.api.get("ConfigMap", namespace, f"{app.name}-greeting")
    assert live["data"] == {"greeting": "hello"}


def test_a_status_that_changes_nothing_is_not_written(world: World) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    app = world.new_app(repository, namespace, syncPolicy=AUTOMATED)
    app.wait("Synced", "Healthy")
    app.refresh()
    before = app.manifest

    repository.push({"elsewhere/readme.txt": "unrelated"})
    eventually(
        "the push arrives",
        lambda: app.status["sync"]["revision"] != before["status"]["sync"]["revision"],
    )
    settled = app.manifest["metadata"]["resourceVersion"]
    world.api.merge("ConfigMap", namespace, "one", {"metadata": {"labels": {"foreign": "yes"}}})
    other = world.new_app(repository, world.new_namespace(), syncPolicy=AUTOMATED)
    other.wait("Synced", "Healthy")

    assert app.manifest["metadata"]["resourceVersion"] == settled


def test_events_tell_what_happened(world: World) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    app = world.new_app(repository, namespace, syncPolicy=AUTOMATED)
    app.wait("Synced", "Healthy")

    def reasons() -> set[str]:
        events = world.api.list("Event", "argocd")
        return {e["reason"] for e in events if e["involvedObject"]["name"] == app.name}

    eventually(
        "events are recorded",
        lambda: reasons() >= {"OperationStarted", "OperationCompleted", "ResourceUpdated"},
    )


def test_a_cluster_scoped_object_is_tracked_by_the_destination_namespace(world: World) -> None:
    namespace = world.new_namespace()
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": f"role-{namespace}"},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
    }
    repository = world.new_repository({"role.yaml": text(role)})
    app = world.new_app(repository, namespace, syncPolicy=AUTOMATED)
    app.wait("Synced")

    live = world.api.get("ClusterRole", "", f"role-{namespace}")
    group = "rbac.authorization.k8s.io"
    assert live["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"] == (
        f"{app.name}:{group}/ClusterRole:{namespace}/role-{namespace}"
    )
    assert app.manifest["spec"]["destination"]["server"] == IN_CLUSTER
