"""Discovery and OpenAPI: what clients ask before they ask for objects.

Source: Kubernetes API concepts, "API Discovery"; KEP-3352 and KEP-2896.
"""

from typing import Any

import pytest

from tests.contract.cluster import Cluster

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
OPENAPI_2 = "proto-openapi.spec.v2"
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


@pytest.mark.parametrize(
    ("path", "name", "response", "verbs"),
    [
        pytest.param(
            "apps/v1", "deployments/scale", ("autoscaling", "v1", "Scale"),
            ["get", "patch", "update"], id="scale",
        ),
        pytest.param(
            "v1", "serviceaccounts/token", ("authentication.k8s.io", "v1", "TokenRequest"),
            ["create"], id="token",
        ),
        pytest.param(
            "v1", "pods/eviction", ("policy", "v1", "Eviction"), ["create"], id="eviction"
        ),
        pytest.param("v1", "pods/log", ("", "", "Pod"), ["get"], id="log"),
        pytest.param("v1", "pods/binding", ("", "", "Binding"), ["create"], id="binding"),
        pytest.param(
            "v1", "pods/exec", ("", "", "PodExecOptions"), ["create", "get"], id="exec"
        ),
        pytest.param("v1", "namespaces/finalize", ("", "", "Namespace"), ["update"],
                     id="finalize"),
        pytest.param(
            "batch/v1", "jobs/status", ("", "", "Job"), ["get", "patch", "update"], id="status"
        ),
    ],
)  # fmt: skip
def test_a_subresource_says_what_it_answers_with(
    cluster: Cluster, path: str, name: str, response: tuple[str, str, str], verbs: list[str]
) -> None:
    resource, _, subresource = name.partition("/")
    group, _, version = path.rpartition("/")
    items = cluster.get("/apis" if group else "/api", accept=AGGREGATED).ok()["items"]
    [item] = [i for i in items if i["metadata"].get("name", "") == group]
    resources = named(item["versions"], "version", version)["resources"]
    aggregated = named(named(resources, "resource", resource)["subresources"],
                       "subresource", subresource)  # fmt: skip
    assert aggregated == {
        "subresource": subresource,
        "responseKind": dict(zip(("group", "version", "kind"), response, strict=True)),
        "verbs": verbs,
    }
    listed = cluster.get(f"/apis/{path}" if group else f"/api/{path}").ok()["resources"]
    plain = named(listed, "name", name)
    named_elsewhere = {k: v for k, v in aggregated["responseKind"].items() if v}
    assert {k: plain[k] for k in ("group", "version", "kind") if k in plain} == named_elsewhere
    assert plain["verbs"] == verbs


def test_a_document_that_a_client_has_is_not_sent_again(cluster: Cluster) -> None:
    first = cluster.get("/api", accept=AGGREGATED)
    tag = first.headers["etag"]
    assert tag.startswith('"')
    asked = cluster.with_headers({**cluster._headers, "If-None-Match": tag})
    again = asked.get("/api", accept=AGGREGATED)
    assert (again.code, again.body, again.headers["etag"]) == (304, b"", tag)
    assert not again.headers.keys() & {"content-type", "content-length"}
    other = cluster.with_headers({**cluster._headers, "If-None-Match": '"0"'})
    assert other.get("/api", accept=AGGREGATED).body == first.body


def test_a_schema_is_kept_by_its_hash(cluster: Cluster) -> None:
    address = cluster.get("/openapi/v3").ok()["paths"]["apis/batch/v1"]["serverRelativeURL"]
    found = cluster.get(address)
    digest = address.partition("?hash=")[2]
    assert found.headers["etag"] == f'"{digest}"'
    assert found.headers["cache-control"] == "public, immutable"
    assert cluster.get("/openapi/v3/apis/batch/v1").headers["cache-control"] == "no-cache, private"
    asked = cluster.with_headers({**cluster._headers, "If-None-Match": f'"{digest}"'})
    assert asked.get(address).code == 304


def test_the_hash_of_an_older_schema_leads_to_todays(cluster: Cluster) -> None:
    address = cluster.get("/openapi/v3").ok()["paths"]["apis/batch/v1"]["serverRelativeURL"]
    answer = cluster.get("/openapi/v3/apis/batch/v1", hash="0123")
    assert (answer.code, answer.headers["location"]) == (301, address)


@pytest.mark.parametrize(
    ("path", "accept", "code"),
    [
        pytest.param("/openapi/v3/apis/none.test/v1", "*/*", 404, id="an unknown group"),
        pytest.param("/openapi/v3/apis/batch/v1", "text/csv", 406, id="an unknown form of v3"),
        pytest.param("/openapi/v2", "text/csv", 406, id="an unknown form of v2"),
        pytest.param("/openapi", "*/*", 404, id="no version at all"),
    ],
)
def test_schemas_that_are_not_to_be_had(
    cluster: Cluster, path: str, accept: str, code: int
) -> None:
    assert cluster.get(path, accept=accept).code == code


def test_the_older_document_has_the_same_types(cluster: Cluster) -> None:
    answer = cluster.get("/openapi/v2")
    document = answer.ok()
    assert (document["swagger"], document["info"]["title"]) == ("2.0", "Kubernetes")
    kind = {"group": "apps", "version": "v1", "kind": "Deployment"}
    [found] = [
        definition
        for definition in document["definitions"].values()
        if kind in definition.get("x-kubernetes-group-version-kind", ())
    ]
    for step in ("spec", "template", "spec"):
        name = found["properties"][step]["$ref"].removeprefix("#/definitions/")
        found = document["definitions"][name]
    containers = found["properties"]["containers"]
    assert (containers["type"], containers["x-kubernetes-patch-merge-key"]) == ("array", "name")
    path = document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]
    assert path["patch"]["x-kubernetes-action"] == "patch"
    assert path["patch"]["x-kubernetes-group-version-kind"] == kind


def test_the_older_document_is_had_as_protobuf_too(cluster: Cluster) -> None:
    answer = cluster.get("/openapi/v2", accept=f"application/com.github.{OPENAPI_2}@v1.0+protobuf")
    media = f"application/com.github.{OPENAPI_2}.v1.0+protobuf"
    assert (answer.code, answer.headers["content-type"]) == (200, media)
    assert b"io.k8s.api.apps.v1.Deployment" in answer.body
    assert answer.body.startswith(b"\n\x032.0")  # field 1, a text of three letters


@pytest.mark.parametrize("pretty", ["true", "1"])
def test_an_answer_may_be_written_for_people(cluster: Cluster, namespace: str, pretty: str) -> None:
    path = f"/api/v1/namespaces/{namespace}"
    plain, shown = cluster.get(path, pretty="false"), cluster.get(path, pretty=pretty)
    assert plain.body.strip().count(b"\n") == 0
    assert shown.body.startswith(b'{\n  "')
    assert b'\n  "metadata": {\n    "name": "' in shown.body
    assert shown.json == plain.json


def test_a_person_with_curl_gets_it_so(cluster: Cluster, namespace: str) -> None:
    curl = cluster.with_headers({**cluster._headers, "User-Agent": "curl/8.0"})
    path = f"/api/v1/namespaces/{namespace}"
    assert curl.get(path).body == cluster.get(path, pretty="true").body
