"""Names: what each kind takes, names that are generated, and writes that make or keep an object.

Source: Kubernetes documentation, "Object Names and IDs"; API conventions, "Metadata".
"""

from typing import Any

import pytest

from tests.contract.cluster import Cluster, at

SUBDOMAIN = "a lowercase RFC 1123 subdomain must consist of"
LABEL = "a lowercase RFC 1123 label must consist of"
RBAC = "rbac.authorization.k8s.io/v1"
SERVICE = {"spec": {"ports": [{"port": 80}]}}
POD = {
    "spec": {
        "restartPolicy": "Never",
        "containers": [{"name": "c", "image": "example/none:1"}],
    }
}
CRON_JOB = {
    "spec": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": POD}}},
}
JOB: dict[str, Any] = {"spec": {"template": POD}}
REST: dict[str, dict[str, Any]] = {"services": SERVICE, "cronjobs": CRON_JOB, "jobs": JOB}


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        pytest.param(("v1", "configmaps"), "A", SUBDOMAIN, id="capitals of a ConfigMap"),
        pytest.param(("v1", "configmaps"), "a_b", SUBDOMAIN, id="a line under a ConfigMap"),
        pytest.param(("v1", "secrets"), "a--", SUBDOMAIN, id="a dash at the end of a Secret"),
        pytest.param(
            ("v1", "configmaps"), "a" * 254, "must be no more than 253", id="a long name"
        ),
        pytest.param(("v1", "services"), "a.b", "must not contain dots", id="a dot"),
        pytest.param(("v1", "services"), "A", LABEL, id="capitals of a Service"),
        pytest.param(
            ("v1", "services"), "a" * 64, "must be no more than 63", id="a long Service"
        ),
        pytest.param((RBAC, "roles"), "a/b", "may not contain '/'", id="a slash of a Role"),
        pytest.param((RBAC, "roles"), "a%b", "may not contain '%'", id="a percent of a Role"),
        pytest.param((RBAC, "roles"), "..", "may not be '..'", id="dots as a Role"),
        pytest.param(
            ("batch/v1", "cronjobs"), "a" * 53, "must be no more than 52 characters",
            id="a CronJob too long for its Jobs",
        ),
    ],
)  # fmt: skip
def test_a_name_that_its_kind_does_not_take(
    cluster: Cluster, namespace: str, kind: tuple[str, str], name: str, text: str
) -> None:
    answer = cluster.post(
        at(*kind, namespace), {"metadata": {"name": name}, **REST.get(kind[1], {})}
    )
    [cause] = answer.failure(422, "Invalid")["details"]["causes"]
    assert cause["field"] == "metadata.name"
    assert cause["reason"] == "FieldValueInvalid"
    assert f'Invalid value: "{name}": {text}' in cause["message"]


def test_a_job_has_a_name_that_the_labels_of_its_pods_take(
    cluster: Cluster, namespace: str
) -> None:
    name = "a" * 64

    answer = cluster.post(
        at("batch/v1", "jobs", namespace), {"metadata": {"name": name}, **REST["jobs"]}
    )

    assert answer.failure(422, "Invalid")["details"]["causes"] == [
        {
            "reason": "FieldValueInvalid",
            "message": f'Invalid value: "{name}": must be no more than 63 bytes',
            "field": "spec.template.labels",
        }
    ]


@pytest.mark.parametrize(
    ("kind", "rest", "name"),
    [
        pytest.param(("v1", "configmaps"), {}, "a.b-c.1", id="dots of a ConfigMap"),
        pytest.param(("v1", "services"), SERVICE, "1abc", id="a digit first of a Service"),
        pytest.param((RBAC, "roles"), {}, "System:Reader", id="a colon and capitals of a Role"),
    ],
)
def test_a_name_that_its_kind_takes(
    cluster: Cluster, namespace: str, kind: tuple[str, str], rest: dict[str, Any], name: str
) -> None:
    made = cluster.post(at(*kind, namespace), {"metadata": {"name": name}, **rest}).ok()
    assert made["metadata"]["name"] == name


@pytest.mark.parametrize("name", ["a.b", "A", "a" * 64])
def test_a_namespace_has_the_name_of_a_label(cluster: Cluster, name: str) -> None:
    answer = cluster.post("/api/v1/namespaces", {"metadata": {"name": name}})
    causes = answer.failure(422, "Invalid")["details"]["causes"]
    assert "metadata.name" in {cause["field"] for cause in causes}


def test_a_long_prefix_of_a_generated_name_is_cut(cluster: Cluster, namespace: str) -> None:
    path = at("v1", "configmaps", namespace)
    metadata = cluster.post(path, {"metadata": {"generateName": "a" * 70}}).ok()["metadata"]
    assert len(metadata["name"]) == 63
    assert metadata["generateName"] == "a" * 70


def test_a_name_wins_over_a_prefix(cluster: Cluster, namespace: str) -> None:
    metadata = {"name": "named", "generateName": "made-"}
    made = cluster.post(at("v1", "configmaps", namespace), {"metadata": metadata}).ok()
    assert made["metadata"]["name"] == "named"


@pytest.mark.parametrize("manifest", [{}, {"metadata": {}}, {"metadata": {"name": ""}}])
def test_an_object_without_a_name_is_refused(
    cluster: Cluster, namespace: str, manifest: dict[str, Any]
) -> None:
    status = cluster.post(at("v1", "configmaps", namespace), manifest).failure(422, "Invalid")
    text = "Required value: name or generateName is required"
    assert status["message"] == f'ConfigMap "" is invalid: metadata.name: {text}'
    assert "name" not in status["details"]


@pytest.mark.parametrize(
    ("kind", "rest", "code"),
    [
        pytest.param((RBAC, "roles"), {}, 201, id="of a Role makes one"),
        pytest.param(("coordination.k8s.io/v1", "leases"), {"spec": {}}, 201, id="of a Lease too"),
        pytest.param(("v1", "services"), SERVICE, 201, id="of a Service too"),
        pytest.param(("v1", "configmaps"), {}, 404, id="of a ConfigMap does not"),
        pytest.param(("v1", "secrets"), {}, 404, id="of a Secret does not"),
    ],
)
def test_an_update_of_a_missing_object(
    cluster: Cluster, namespace: str, kind: tuple[str, str], rest: dict[str, Any], code: int
) -> None:
    path = at(*kind, namespace, "made")
    assert cluster.put(path, {"metadata": {"name": "made"}, **rest}).code == code
    assert cluster.get(path).code == (200 if code == 201 else 404)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        pytest.param(
            {"name": "other"},
            "the name of the object (other) does not match the name on the URL (one)",
            id="another name",
        ),
        pytest.param(
            {},
            "the name of the object (one based on URL) was undeterminable: name must be provided",
            id="no name",
        ),
        pytest.param(
            {"name": "one", "namespace": "other"},
            "the namespace of the provided object does not match the namespace sent on the request",
            id="another namespace",
        ),
    ],
)
def test_an_update_belongs_to_its_path(
    cluster: Cluster, namespace: str, metadata: dict[str, Any], message: str
) -> None:
    path = at("v1", "configmaps", namespace)
    cluster.post(path, {"metadata": {"name": "one"}}).ok()
    status = cluster.put(f"{path}/one", {"metadata": metadata}).failure(400, "BadRequest")
    assert status["message"] == message


def test_an_update_need_not_name_the_namespace_or_version(cluster: Cluster, namespace: str) -> None:
    path = at("v1", "configmaps", namespace)
    cluster.post(path, {"metadata": {"name": "one"}}).ok()
    new = cluster.put(f"{path}/one", {"metadata": {"name": "one"}, "data": {"a": "1"}}).ok()
    assert new["metadata"]["namespace"] == namespace
    assert new["data"] == {"a": "1"}


@pytest.mark.parametrize(
    ("kind", "rest", "generation"),
    [
        pytest.param(("v1", "configmaps"), {}, None, id="not of a ConfigMap"),
        pytest.param(("v1", "services"), SERVICE, None, id="not of a Service"),
        pytest.param(("v1", "serviceaccounts"), {}, None, id="not of a ServiceAccount"),
        pytest.param(("batch/v1", "cronjobs"), CRON_JOB, 1, id="of a CronJob"),
    ],
)
def test_the_generation_is_counted(
    cluster: Cluster,
    namespace: str,
    kind: tuple[str, str],
    rest: dict[str, Any],
    generation: int | None,
) -> None:
    made = cluster.post(at(*kind, namespace), {"metadata": {"name": "one"}, **rest}).ok()
    assert made["metadata"].get("generation") == generation


@pytest.mark.parametrize("verb", ["create", "update", "patch", "apply", "delete"])
def test_a_dry_run_changes_nothing(cluster: Cluster, namespace: str, verb: str) -> None:
    path = at("v1", "configmaps", namespace)
    cluster.post(path, {"metadata": {"name": "one"}}).ok()
    before = cluster.get(f"{path}/one").ok()
    new = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}, "data": {"a": "1"}}
    dry = {"dryRun": "All"}
    answer = {
        "create": lambda: cluster.post(path, {"metadata": {"name": "two"}}, **dry),
        "update": lambda: cluster.put(f"{path}/one", new, **dry),
        "patch": lambda: cluster.patch(f"{path}/one", {"data": {"a": "1"}}, **dry),
        "apply": lambda: cluster.apply(f"{path}/one", new, **dry),
        "delete": lambda: cluster.delete(f"{path}/one", **dry),
    }[verb]().ok()
    assert verb in {"create", "delete"} or answer["data"] == {"a": "1"}
    assert cluster.get(f"{path}/one").ok() == before
    assert cluster.get(f"{path}/two").code == 404
