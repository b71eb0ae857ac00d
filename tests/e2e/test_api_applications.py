"""Applications over the REST API: made, looked at, synced, watched, changed, deleted.

Authentication is off here: who may do what is held in `test_login` and in the unit tests.
"""

import json
import signal
import socket
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.api import eventually
from tests.e2e.http import HttpClient
from tests.e2e.manifests import config_map, deployment, text
from tests.e2e.world import IN_CLUSTER, App, Repository, World, new_world

SECRET: dict[str, Any] = {
    "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token"},
    "stringData": {"key": "swordfish-canary"},
}  # fmt: skip


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with new_world(tmp_path_factory.mktemp("api")) as running:
        running.stop_tiphys(signal.SIGTERM)
        running.start_tiphys("--disable-auth")
        yield running


@pytest.fixture(scope="module")
def client(own: World) -> HttpClient:
    return HttpClient(own.port)


@pytest.fixture(scope="module")
def repository(own: World) -> Repository:
    return own.new_repository({"all.yaml": text(deployment("web", 1), config_map("cm"), SECRET)})


@pytest.fixture(scope="module")
def app(own: World, repository: Repository) -> App:
    made = own.new_app(repository, own.new_namespace())
    made.sync()
    made.wait("Synced", "Healthy")
    return made


def path(app: App | str, rest: str = "") -> str:
    name = app if isinstance(app, str) else app.name
    return f"/api/v1/applications/{name}{rest}"


def ok(answer: Any) -> Any:
    assert answer.status == 200, answer.body
    return answer.json()


def test_an_application_lives_from_its_creation_to_its_deletion(
    own: World, client: HttpClient, repository: Repository
) -> None:
    namespace = own.new_namespace()
    body = {
        "metadata": {"name": f"made-{namespace}"},
        "spec": {
            "source": {"repoURL": repository.url, "path": "."},
            "destination": {"server": IN_CLUSTER, "namespace": namespace},
        },
    }
    made = ok(client.post("/api/v1/applications", body))
    assert made["spec"]["project"] == "default"
    app = App(own, made["metadata"]["name"])

    app.wait("OutOfSync")
    asked = ok(client.post(path(app, "/sync"), {"prune": True}))
    assert asked["operation"]["sync"]["prune"] is True
    app.wait("Synced", "Healthy")

    assert ok(client.call("DELETE", path(app))) == {}
    eventually("it is gone", lambda: client.get(path(app)).status == 403)
    assert own.api.find("ConfigMap", namespace, "cm") is None


def test_what_cannot_be_deployed_is_not_stored(client: HttpClient, repository: Repository) -> None:
    spec = {
        "source": {"repoURL": repository.url, "path": "nowhere"},
        "destination": {"server": IN_CLUSTER, "namespace": "x"},
    }
    refused = client.post("/api/v1/applications", {"metadata": {"name": "bad"}, "spec": spec})

    assert refused.status == 400
    assert "application spec for bad is invalid: InvalidSpecError" in refused.json()["message"]
    assert client.get(path("bad")).json()["message"] == "permission denied"


def test_a_list_holds_the_fields_that_are_asked_for(client: HttpClient, app: App) -> None:
    fields = "items.metadata.name,items.status.sync.status"
    listed = ok(client.get(f"/api/v1/applications?name={app.name}&fields={fields}"))

    (item,) = listed["items"]
    assert item == {"metadata": {"name": app.name}, "status": {"sync": {"status": "Synced"}}}


def test_the_tree_leads_from_what_is_managed_to_its_pods(client: HttpClient, app: App) -> None:
    def grown() -> Any:
        nodes = {n["uid"]: n for n in ok(client.get(path(app, "/resource-tree")))["nodes"]}
        return nodes if any(node["kind"] == "Pod" for node in nodes.values()) else None

    nodes = eventually("the Pod is in the tree", grown)
    pod = next(node for node in nodes.values() if node["kind"] == "Pod")
    replica_set = nodes[pod["parentRefs"][0]["uid"]]
    assert replica_set["kind"] == "ReplicaSet"
    assert nodes[replica_set["parentRefs"][0]["uid"]]["kind"] == "Deployment"
    assert {item["name"] for item in pod["info"]} >= {"Status Reason", "Containers"}


@pytest.mark.parametrize("rest", ["/managed-resources", "/manifests", "/resource-tree", "/drift"])
def test_no_answer_holds_a_secrets_value(client: HttpClient, app: App, rest: str) -> None:
    """Fails when a face of an object leaves without being masked."""
    answer = client.get(path(app, rest))

    assert answer.status == 200
    assert b"swordfish" not in answer.body
    assert b"c3dvcmRmaXNo" not in answer.body  # its base64


def test_one_live_object_is_shown_masked(client: HttpClient, app: App) -> None:
    namespace = app.manifest["spec"]["destination"]["namespace"]
    query = f"namespace={namespace}&resourceName=token&version=v1&kind=Secret"
    found = json.loads(ok(client.get(path(app, f"/resource?{query}")))["manifest"])

    assert set(found["data"]["key"]) == {"+"}


def test_a_drift_is_told_by_field_and_undone_by_the_plan(
    own: World, client: HttpClient, repository: Repository
) -> None:
    drifted = own.new_app(repository, own.new_namespace())
    drifted.sync()
    drifted.wait("Synced")
    namespace = drifted.manifest["spec"]["destination"]["namespace"]
    own.api.merge("Deployment", namespace, "web", {"spec": {"replicas": 3}})
    drifted.wait("OutOfSync")

    (item,) = ok(client.get(path(drifted, "/drift")))["items"]
    (field,) = item["fields"]
    assert (field["field"], field["desired"], field["live"]) == (".spec.replicas", 1, 3)
    plan = ok(client.get(path(drifted, "/plan")))
    assert plan["counts"] == {"create": 0, "update": 1, "delete": 0, "same": 2}
    managed = ok(client.get(path(drifted, "/managed-resources?kind=Deployment")))["items"][0]
    assert json.loads(managed["predictedLiveState"])["spec"]["replicas"] == 1
    assert managed["modified"] is True


def test_another_revision_is_previewed_against_what_is_live(own: World, client: HttpClient) -> None:
    repository = own.new_repository({"cm.yaml": text(config_map("cm"))})
    app = own.new_app(repository, own.new_namespace())
    app.sync()
    app.wait("Synced")
    repository.git("checkout", "-q", "-b", "feature")
    repository.push({"cm.yaml": text(config_map("cm", {"key": "other"}), config_map("new"))})

    plan = ok(client.get(path(app, "/preview?revision=feature")))

    actions = {change["name"]: change["action"] for change in plan["changes"]}
    assert actions == {"cm": "update", "new": "create"}


def _events(own: World, query: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", own.port), timeout=20)
    request = f"GET /api/v1/stream/applications?{query} HTTP/1.1\r\nHost: localhost\r\n"
    connection.sendall(f"{request}Accept: text/event-stream\r\n\r\n".encode())
    return connection


def test_a_stream_tells_what_changes(own: World, client: HttpClient, app: App) -> None:
    fields = "result.type,result.application.metadata.labels"
    with _events(own, f"name={app.name}&fields={fields}") as stream:
        text_of = ""
        while '"type":"ADDED"' not in text_of:
            text_of += stream.recv(65536).decode()
        patch = json.dumps({"metadata": {"labels": {"seen": "yes"}}})
        ok(client.call("PATCH", path(app), {"patch": patch, "patchType": "merge"}))
        while '"seen":"yes"' not in text_of:
            received = stream.recv(65536).decode()
            assert received, text_of
            text_of += received
    assert '"type":"MODIFIED"' in text_of


def test_the_lines_of_a_pods_log_end_with_the_last(client: HttpClient, app: App) -> None:
    if app.world.is_real:
        pytest.skip("the kubelet that plays here keeps no logs")
    answer = client.get(path(app, "/logs?kind=Deployment&group=apps&resourceName=web&tailLines=5"))

    lines = [json.loads(line)["result"] for line in answer.body.splitlines()]
    assert lines[-1]["last"] is True


def test_an_action_restarts_a_deployment(own: World, client: HttpClient, app: App) -> None:
    namespace = app.manifest["spec"]["destination"]["namespace"]
    named = {"namespace": namespace, "resourceName": "web", "group": "apps", "kind": "Deployment"}
    query = urllib.parse.urlencode({**named, "version": "v1"})
    offered = ok(client.get(path(app, f"/resource/actions?{query}")))["actions"]
    assert "restart" in {action["name"] for action in offered}

    ok(client.post(path(app, "/resource/actions/v2"), {**named, "action": "restart"}))

    template = own.api.get("Deployment", namespace, "web")["spec"]["template"]
    assert "kubectl.kubernetes.io/restartedAt" in template["metadata"]["annotations"]


def test_an_object_that_is_deleted_is_missing(own: World, client: HttpClient) -> None:
    repository = own.new_repository({"cm.yaml": text(config_map("cm"))})
    app = own.new_app(repository, own.new_namespace())
    app.sync()
    app.wait("Synced")
    namespace = app.manifest["spec"]["destination"]["namespace"]
    query = f"namespace={namespace}&resourceName=cm&version=v1&kind=ConfigMap"

    ok(client.call("DELETE", path(app, f"/resource?{query}")))

    app.wait("OutOfSync", "Missing")


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        pytest.param({"id": 999}, 404, "does not have deployment with id", id="no such entry"),
        pytest.param({"id": 0}, 404, "there is nothing to go back to", id="nothing to go back to"),
    ],
)
def test_a_rollback_that_cannot_be_is_refused(
    own: World, client: HttpClient, change: dict[str, int], status: int, message: str
) -> None:
    repository = own.new_repository({"cm.yaml": text(config_map("cm"))})
    app = own.new_app(repository, own.new_namespace())
    app.sync()

    refused = client.post(path(app, "/rollback"), change)

    assert refused.status == status
    assert message in refused.json()["message"]


def test_a_second_operation_is_refused_while_one_runs(own: World, client: HttpClient) -> None:
    hook = config_map("cm")
    waits = deployment("never", 1, "registry.example/never:broken", sync_wave="-1")
    repository = own.new_repository({"all.yaml": text(waits, hook)})
    app = own.new_app(repository, own.new_namespace())
    own.api.merge("Application", "argocd", app.name, {"operation": {"sync": {}}})

    refused = client.post(path(app, "/sync"), {})

    assert refused.status == 400
    assert refused.json()["message"] == "another operation is already in progress"


def test_repositories_are_kept_without_their_secrets(
    own: World, client: HttpClient, repository: Repository
) -> None:
    escaped = urllib.parse.quote(repository.url, safe="")
    stored = {"repo": repository.url, "username": "me", "password": "swordfish-canary"}
    ok(client.post("/api/v1/repositories?upsert=true", stored))

    listed = client.get("/api/v1/repositories")
    assert b"swordfish" not in listed.body
    assert repository.url in {item["repo"] for item in ok(listed)["items"]}
    refs = ok(client.get(f"/api/v1/repositories/{escaped}/refs"))
    assert refs["branches"]

    ok(client.call("DELETE", f"/api/v1/repositories/{escaped}"))
    eventually(
        "it is forgotten",
        lambda: (
            repository.url
            not in {item["repo"] for item in ok(client.get("/api/v1/repositories"))["items"]}
        ),
    )


def test_a_project_keeps_what_its_applications_need(
    own: World, client: HttpClient, repository: Repository
) -> None:
    name = own.new_project()
    own.new_app(repository, own.new_namespace(), project=name)
    project = eventually("it is known", lambda: client.get(f"/api/v1/projects/{name}")).json()
    eventually(
        "its application is known",
        lambda: client.call("DELETE", f"/api/v1/projects/{name}").status == 400,
    )

    narrowed = {**project, "spec": {**project["spec"], "sourceRepos": ["https://other.example/*"]}}
    refused = client.call("PUT", f"/api/v1/projects/{name}", {"project": narrowed})

    assert refused.status == 400
    assert "1 applications source became invalid" in refused.json()["message"]


def test_clusters_are_shown_without_credentials(client: HttpClient) -> None:
    (found,) = [c for c in ok(client.get("/api/v1/clusters"))["items"] if c["server"] == IN_CLUSTER]

    assert found["connectionState"]["status"] == "Successful"
    assert set(found.get("config", {})) <= {"tlsClientConfig", "awsAuthConfig", "proxyUrl"}
    escaped = urllib.parse.quote(IN_CLUSTER, safe="")
    assert ok(client.get(f"/api/v1/clusters/{escaped}"))["name"] == found["name"]


def test_the_document_describes_every_route(client: HttpClient) -> None:
    document = ok(client.get("/openapi.json"))

    assert document["openapi"].startswith("3.1")
    assert "/api/v1/applications/{name}/sync" in document["paths"]
