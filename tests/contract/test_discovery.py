"""Discovery and OpenAPI: what clients ask before they ask for objects.

Source: Kubernetes API concepts, "API Discovery"; KEP-3352 and KEP-2896.
"""

from typing import Any

import pytest

from tests.contract.cluster import Cluster

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
GROUPS = ["apps", "batch", "autoscaling", "networking.k8s.io", "rbac.authorization.k8s.io"]


def named(entries: list[dict[str, Any]], key: str, name: str) -> dict[str, Any]:
    [found] = [entry for entry in entries if entry[key] == name]
    return found


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz"])
def test_health_is_a_word(cluster: Cluster, path: str) -> None:
    answer = cluster.get(path)
    assert (answer.code, answer.body) == (200, b"ok")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("path", ["/healthz", "/version"])
def test_anybody_may_ask_whether_it_lives(cluster: Cluster, path: str) -> None:
    assert cluster.with_headers({}).get(path).code == 200


def test_a_wrong_token_is_unauthorized(cluster: Cluster) -> None:
    answer = cluster.with_headers({"Authorization": "Bearer nonsense"}).get("/api")
    assert answer.failure(401, "Unauthorized")["message"] == "Unauthorized"


def test_the_version_is_that_of_kubernetes(cluster: Cluster) -> None:
    version = cluster.get("/version").ok()
    assert (version["major"], version["minor"].isdigit()) == ("1", True)
    assert version["gitVersion"].startswith(f"v1.{version['minor']}.")


def test_the_core_group_has_one_version(cluster: Cluster) -> None:
    found = cluster.get("/api").ok()
    assert (found["kind"], found["versions"]) == ("APIVersions", ["v1"])


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_is_the_same_alone_and_in_the_list(cluster: Cluster, group: str) -> None:
    listed = named(cluster.get("/apis").ok()["groups"], "name", group)
    alone = cluster.get(f"/apis/{group}").ok()
    assert alone.pop("kind") == "APIGroup"
    assert alone.pop("apiVersion") == "v1"
    assert alone == listed
    assert listed["preferredVersion"] == listed["versions"][0]


def test_the_resources_of_a_version(cluster: Cluster) -> None:
    found = cluster.get("/apis/apps/v1").ok()
    assert (found["kind"], found["groupVersion"]) == ("APIResourceList", "apps/v1")
    deployments = named(found["resources"], "name", "deployments")
    deployments.pop("storageVersionHash", None)
    assert deployments == {
        "name": "deployments",
        "singularName": "deployment",
        "namespaced": True,
        "kind": "Deployment",
        "verbs": [
            "create", "delete", "deletecollection", "get", "list", "patch", "update", "watch",
        ],
        "shortNames": ["deploy"],
        "categories": ["all"],
    }  # fmt: skip


def test_the_status_is_a_subresource(cluster: Cluster) -> None:
    found = cluster.get("/apis/apps/v1").ok()
    status = named(found["resources"], "name", "deployments/status")
    assert status == {
        "name": "deployments/status",
        "singularName": "",
        "namespaced": True,
        "kind": "Deployment",
        "verbs": ["get", "patch", "update"],
    }


def test_cluster_scoped_kinds_say_so(cluster: Cluster) -> None:
    resources = cluster.get("/api/v1").ok()["resources"]
    assert named(resources, "name", "namespaces")["namespaced"] is False


@pytest.mark.parametrize("group", GROUPS)
def test_the_aggregated_document_tells_the_same(cluster: Cluster, group: str) -> None:
    answer = cluster.get("/apis", accept=f"{AGGREGATED},application/json")
    assert answer.headers["content-type"] == AGGREGATED
    assert answer.ok()["kind"] == "APIGroupDiscoveryList"
    [item] = [i for i in answer.json["items"] if i["metadata"].get("name") == group]
    alone = cluster.get(f"/apis/{group}").ok()
    versions = [version["version"] for version in item["versions"]]
    assert versions == [version["version"] for version in alone["versions"]]
    for version in item["versions"]:
        plain = cluster.get(f"/apis/{group}/{version['version']}").ok()["resources"]
        plain_names = {entry["name"] for entry in plain if "/" not in entry["name"]}
        assert {entry["resource"] for entry in version["resources"]} == plain_names


def test_an_aggregated_resource(cluster: Cluster) -> None:
    items = cluster.get("/api", accept=AGGREGATED).ok()["items"]
    resource = named(items[0]["versions"][0]["resources"], "resource", "configmaps")
    assert resource["scope"] == "Namespaced"
    assert resource["responseKind"]["kind"] == "ConfigMap"
    assert resource["singularResource"] == "configmap"
    assert resource["shortNames"] == ["cm"]


@pytest.mark.parametrize(
    ("document", "kind", "path", "expected"),
    [
        pytest.param(
            "apis/apps/v1", "Deployment", "spec.replicas", "integer", id="a count of a Deployment"
        ),
        pytest.param(
            "apis/apps/v1", "Deployment", "spec.template.spec.containers", "array",
            id="the containers of a Deployment",
        ),
        pytest.param(
            "api/v1", "ConfigMap", "metadata.labels", "object", id="the labels of a ConfigMap"
        ),
        pytest.param("api/v1", "Service", "spec.clusterIP", "string", id="an address"),
        pytest.param(
            "apis/batch/v1", "Job", "spec.template.spec.hostNetwork", "boolean", id="a flag"
        ),
    ],
)  # fmt: skip
def test_a_schema_leads_to_the_type_of_a_field(
    cluster: Cluster, document: str, kind: str, path: str, expected: str
) -> None:
    index = cluster.get("/openapi/v3").ok()["paths"]
    schemas = cluster.get(index[document]["serverRelativeURL"]).ok()["components"]["schemas"]
    [found] = [
        schema
        for schema in schemas.values()
        if kind in {k["kind"] for k in schema.get("x-kubernetes-group-version-kind", ())}
        and "spec" in schema["properties"] | {"spec": ()}
        and "metadata" in schema.get("properties", {})
    ]
    for step in path.split("."):
        found = found["properties"][step]
        refs = [found["$ref"]] if "$ref" in found else [r["$ref"] for r in found.get("allOf", ())]
        if refs:
            found = schemas[refs[0].rpartition("/")[2]]
    assert found["type"] == expected
