"""The status and scale subresources: read, update, patch and apply.

Source: Kubernetes API conventions, "Spec and Status"; API reference, "Scale v1 autoscaling".
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.cluster import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, Cluster, at
from tests.contract.custom import Custom, defined, version_of
from tests.contract.test_apply import owners
from tests.e2e.api import eventually

Json = dict[str, Any]
SPEC: Json = {
    "type": "object",
    "properties": {
        "size": {"type": "object", "properties": {"wanted": {"type": "integer"}}},
        "text": {"type": "string"},
    },
}
STATUS: Json = {
    "type": "object",
    "properties": {
        "size": {"type": "integer"},
        "selector": {"type": "string"},
        "state": {"type": "string", "enum": ["on", "off"]},
    },
}
SCALE = {
    "specReplicasPath": ".spec.size.wanted",
    "statusReplicasPath": ".status.size",
    "labelSelectorPath": ".status.selector",
}


@pytest.fixture(scope="module")
def things(cluster: Cluster) -> Iterator[Custom]:
    schema = {"type": "object", "properties": {"spec": SPEC, "status": STATUS}}
    with defined(
        cluster, version_of(schema, subresources={"status": {}, "scale": SCALE})
    ) as custom:
        yield custom


@pytest.fixture
def thing(cluster: Cluster, things: Custom, namespace: str) -> str:
    spec = {"text": "a", "size": {"wanted": 2}}
    cluster.post(things.at(namespace), things.thing(spec=spec, status={"size": 9})).ok()
    return things.at(namespace, "one")


def workload(kind: str) -> Json:
    labels = {"app": "web"}
    spec: Json = {
        "replicas": 2,
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "c", "image": "nginx:1"}]},
        },
    }
    if kind == "StatefulSet":
        spec["serviceName"] = "web"
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "one"}, "spec": spec}


@pytest.fixture(params=["Deployment", "StatefulSet", "ReplicaSet"])
def scaled(request: pytest.FixtureRequest, cluster: Cluster, namespace: str) -> str:
    """The path of a workload of two replicas."""
    path = at("apps/v1", f"{request.param.lower()}s", namespace)
    cluster.post(path, workload(request.param)).ok()
    return f"{path}/one"


def test_a_scale_shows_replicas_and_selector(cluster: Cluster, scaled: str) -> None:
    whole = cluster.get(scaled).ok()["metadata"]
    scale = cluster.get(f"{scaled}/scale").ok()
    assert (scale["kind"], scale["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert scale["spec"] == {"replicas": 2}
    assert scale["status"]["selector"] == "app=web"
    for field in ("name", "namespace", "uid", "creationTimestamp"):
        assert scale["metadata"][field] == whole[field]


def test_a_scale_is_replaced(cluster: Cluster, scaled: str) -> None:
    scale = cluster.get(f"{scaled}/scale").ok()
    del scale["metadata"]["resourceVersion"]  # a controller may write meanwhile
    scale["spec"]["replicas"] = 5
    assert cluster.put(f"{scaled}/scale", scale).ok()["spec"] == {"replicas": 5}
    assert cluster.get(scaled).ok()["spec"]["replicas"] == 5


@pytest.mark.parametrize(
    ("media", "patch"),
    [
        pytest.param(MERGE_PATCH, {"spec": {"replicas": 5}}, id="merge"),
        pytest.param(STRATEGIC_PATCH, {"spec": {"replicas": 5}}, id="strategic"),
        pytest.param(
            JSON_PATCH, [{"op": "replace", "path": "/spec/replicas", "value": 5}], id="JSON"
        ),
    ],
)
def test_a_scale_is_patched(cluster: Cluster, scaled: str, media: str, patch: Any) -> None:
    assert cluster.patch(f"{scaled}/scale", patch, media).ok()["spec"] == {"replicas": 5}
    assert cluster.get(scaled).ok()["spec"]["replicas"] == 5


def test_a_scale_is_applied(cluster: Cluster, scaled: str) -> None:
    applied = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "one"}}
    applied["spec"] = {"replicas": 5}
    cluster.apply(f"{scaled}/scale", applied, by="scaler").failure(409, "Conflict")
    scale = cluster.apply(f"{scaled}/scale", applied, by="scaler", force="true").ok()
    assert scale["spec"] == {"replicas": 5}
    entries = cluster.get(scaled).ok()["metadata"]["managedFields"]
    mine = [entry for entry in entries if entry["manager"] == "scaler"]
    assert [(e["operation"], e["subresource"], e["apiVersion"]) for e in mine] == [
        ("Apply", "scale", "apps/v1")
    ]
    assert mine[0]["fieldsV1"] == {"f:spec": {"f:replicas": {}}}


def test_a_scale_of_an_old_version_is_a_conflict(cluster: Cluster, scaled: str) -> None:
    scale = cluster.get(f"{scaled}/scale").ok()
    scale["metadata"]["resourceVersion"] = "1"
    status = cluster.put(f"{scaled}/scale", scale).failure(409, "Conflict")
    assert "the object has been modified" in status["message"]


def test_replicas_are_not_negative(cluster: Cluster, scaled: str) -> None:
    status = cluster.patch(f"{scaled}/scale", {"spec": {"replicas": -1}}).failure(422, "Invalid")
    assert status["message"] == (
        'Scale.autoscaling "one" is invalid: spec.replicas: Invalid value: -1: must be greater '
        "than or equal to 0"
    )


def test_a_scale_of_nothing_is_not_found(cluster: Cluster, namespace: str) -> None:
    path = at("apps/v1", "deployments", namespace, "none", "scale")
    status = cluster.get(path).failure(404, "NotFound")
    assert status["message"] == 'deployments.apps "none" not found'


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_scale_is_neither_made_nor_deleted(cluster: Cluster, scaled: str, method: str) -> None:
    cluster.call(method, f"{scaled}/scale", {}).failure(405, "MethodNotAllowed")


def test_a_kind_without_a_scale_has_none(cluster: Cluster, namespace: str) -> None:
    cluster.post(at("v1", "configmaps", namespace), {"metadata": {"name": "one"}}).ok()
    cluster.get(at("v1", "configmaps", namespace, "one", "scale")).failure(404, "NotFound")


def test_a_status_is_read_as_the_whole_object(cluster: Cluster, thing: str) -> None:
    assert cluster.get(f"{thing}/status").ok() == cluster.get(thing).ok()


def test_a_status_that_is_created_is_dropped(cluster: Cluster, thing: str) -> None:
    assert "status" not in cluster.get(thing).ok()


def test_a_status_is_replaced_alone(cluster: Cluster, thing: str) -> None:
    found = cluster.get(thing).ok()
    found["status"] = {"state": "on"}
    found["spec"]["text"] = "b"
    found["metadata"]["labels"] = {"a": "b"}
    found = cluster.put(f"{thing}/status", found).ok()
    assert found["status"] == {"state": "on"}
    assert found["spec"]["text"] == "a"
    assert "labels" not in found["metadata"]


def test_a_generation_counts_changes_of_the_spec_alone(cluster: Cluster, thing: str) -> None:
    assert cluster.get(thing).ok()["metadata"]["generation"] == 1
    found = cluster.patch(f"{thing}/status", {"status": {"state": "on"}}).ok()
    assert found["metadata"]["generation"] == 1
    found = cluster.patch(thing, {"metadata": {"labels": {"a": "b"}}}).ok()
    assert found["metadata"]["generation"] == 1
    assert cluster.patch(thing, {"spec": {"text": "b"}}).ok()["metadata"]["generation"] == 2


def test_a_status_is_validated(cluster: Cluster, thing: str) -> None:
    status = cluster.patch(f"{thing}/status", {"status": {"state": "x"}}).failure(422, "Invalid")
    assert status["details"]["causes"][0] == {
        "reason": "FieldValueNotSupported",
        "message": 'Unsupported value: "x": supported values: "on", "off"',
        "field": "status.state",
    }


def test_a_status_is_applied_by_managers_of_its_own(
    cluster: Cluster, things: Custom, thing: str
) -> None:
    applied = things.thing(spec={"text": "b"}, status={"state": "on"})
    found = cluster.apply(f"{thing}/status", applied, by="x").ok()
    assert found["spec"]["text"] == "a"
    mine = [e for e in found["metadata"]["managedFields"] if e["manager"] == "x"]
    assert [(e["subresource"], e["fieldsV1"]) for e in mine] == [
        ("status", {"f:status": {"f:state": {}}})
    ]
    status = cluster.apply(
        f"{thing}/status", things.thing(status={"state": "off"}), by="y"
    ).failure(409, "Conflict")
    assert status["message"] == (
        'Apply failed with 1 conflict: conflict with "x" with subresource "status": .status.state'
    )


def test_an_applied_object_does_not_own_its_status(
    cluster: Cluster, things: Custom, thing: str
) -> None:
    applied = things.thing(spec={"text": "a"}, status={"state": "on"})
    found = cluster.apply(thing, applied, by="x").ok()
    assert "status" not in found
    assert owners(found)[("x", "Apply")] == {"f:spec": {"f:text": {}}}


def test_a_custom_scale_reads_its_paths(cluster: Cluster, thing: str) -> None:
    cluster.patch(f"{thing}/status", {"status": {"size": 1, "selector": "a=b"}}).ok()
    scale = cluster.get(f"{thing}/scale").ok()
    assert scale["spec"] == {"replicas": 2}
    assert scale["status"] == {"replicas": 1, "selector": "a=b"}


def test_a_custom_scale_writes_its_path(cluster: Cluster, thing: str) -> None:
    scale = cluster.patch(f"{thing}/scale", {"spec": {"replicas": 7}}, fieldManager="x").ok()
    assert scale["spec"] == {"replicas": 7}
    found = cluster.get(thing).ok()
    assert found["spec"] == {"text": "a", "size": {"wanted": 7}}
    assert found["metadata"]["generation"] == 2
    mine = [e for e in found["metadata"]["managedFields"] if e["manager"] == "x"]
    assert [(e["operation"], e["subresource"], e["fieldsV1"]) for e in mine] == [
        ("Update", "scale", {"f:spec": {"f:size": {"f:wanted": {}}}})
    ]


def test_a_custom_scale_without_replicas_fails(
    cluster: Cluster, things: Custom, namespace: str
) -> None:
    cluster.post(things.at(namespace), things.thing(name="bare")).ok()
    answer = cluster.get(things.at(namespace, "bare", "scale")).failure(500, "InternalError")
    assert answer["message"] == (
        'Internal error occurred: the spec replicas field ".spec.size.wanted" does not exist'
    )


def test_the_status_of_a_built_in_kind_is_written_alone(cluster: Cluster, namespace: str) -> None:
    path = at("apps/v1", "deployments", namespace)
    manifest = workload("Deployment")
    manifest["spec"] |= {"paused": True, "replicas": 0}
    cluster.post(path, manifest).ok()
    patch = {"spec": {"replicas": 3}, "status": {"observedGeneration": 7}}
    found = cluster.patch(f"{path}/one/status", patch, STRATEGIC_PATCH, fieldManager="x").ok()
    assert found["spec"]["replicas"] == 0
    mine = [e for e in found["metadata"]["managedFields"] if e["manager"] == "x"]
    assert [e["subresource"] for e in mine] == ["status"]


LOG_OPTIONS = [
    ("another container", "one", {"container": "z"}, 400,
     "container z is not valid for pod one"),
    ("one of two containers", "two", {}, 400,
     "a container name must be specified for pod two, choose one of: [a b]"),
    ("no number", "one", {"tailLines": "x"}, 400,
     'strconv.ParseInt: parsing "x": invalid syntax'),
    ("less than nothing", "one", {"tailLines": "-1"}, 422,
     'PodLogOptions "one" is invalid: tailLines: Invalid value: -1: must be greater than or equal '
     "to 0"),
    ("no bytes", "one", {"limitBytes": "0"}, 422,
     'PodLogOptions "one" is invalid: limitBytes: Invalid value: 0: must be greater than 0'),
    ("no time", "one", {"sinceSeconds": "0"}, 422,
     'PodLogOptions "one" is invalid: sinceSeconds: Invalid value: 0: must be greater than 0'),
    ("two times", "one", {"sinceSeconds": "1", "sinceTime": "2026-01-01T00:00:00Z"}, 422,
     'PodLogOptions "one" is invalid: []: Forbidden: at most one of `sinceTime` or `sinceSeconds` '
     "may be specified"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("pod", "query", "expected"),
    [pytest.param(*row[1:3], row[3:], id=row[0]) for row in LOG_OPTIONS],
)
def test_options_of_a_log_are_checked(
    cluster: Cluster, namespace: str, pod: str, query: Json, expected: tuple[int, str]
) -> None:
    code, message = expected
    pods, account = at("v1", "pods", namespace), at("v1", "serviceaccounts", namespace, "default")
    eventually("the default account", lambda: cluster.get(account).code == 200, 30)
    names = {"one": ["a"], "two": ["a", "b"]}[pod]
    spec = {"containers": [{"name": name, "image": "nginx:1"} for name in names]}
    cluster.post(pods, {"metadata": {"name": pod}, "spec": spec}).ok()
    reason = {400: "BadRequest", 422: "Invalid"}[code]
    assert cluster.get(f"{pods}/{pod}/log", **query).failure(code, reason)["message"] == message


def test_a_custom_scale_that_says_no_number_is_refused(
    cluster: Cluster, things: Custom, namespace: str
) -> None:
    cluster.post(things.at(namespace), things.thing(name="bare")).ok()
    path = things.at(namespace, "bare", "scale")
    status = cluster.patch(path, {"spec": {}}).failure(400, "BadRequest")
    assert status["message"] == 'the spec replicas field ".spec.size.wanted" cannot be empty'
    cluster.patch(path, {"spec": {"replicas": 2}}, fieldManager="x").ok()
    found = cluster.get(things.at(namespace, "bare")).ok()
    assert found["spec"]["size"] == {"wanted": 2}
    # What nobody owned before is not tracked.
    assert "x" not in {entry["manager"] for entry in found["metadata"].get("managedFields", [])}


def test_a_conflict_over_a_scale_names_its_version(cluster: Cluster, namespace: str) -> None:
    path = at("apps/v1", "deployments", namespace)
    manifest = workload("Deployment")
    manifest["spec"] |= {"paused": True, "replicas": 0}
    cluster.post(path, manifest, fieldManager="x").ok()
    scale = {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": "one"},
        "spec": {"replicas": 3},
    }
    status = cluster.apply(f"{path}/one/scale", scale, by="y").failure(409, "Conflict")
    assert status["message"] == (
        'Apply failed with 1 conflict: conflict with "x" using autoscaling/v1: .spec.replicas'
    )
