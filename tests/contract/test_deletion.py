"""Deletion: what holds an object, what goes with it, and what is answered.

Source: Kubernetes documentation, "Finalizers", "Garbage Collection", "Use Cascading Deletion".
"""

from typing import Any

import pytest

from tests.contract.cluster import JSON_PATCH, Cluster, at
from tests.e2e.api import eventually

HOLD = "example.com/hold"


def make(cluster: Cluster, namespace: str, name: str, *owners: Any, **metadata: Any) -> Any:
    """Create a ConfigMap that these objects own."""
    references = [reference(owner) for owner in owners]
    body = {"metadata": {"name": name, "ownerReferences": references, **metadata}}
    return cluster.post(at("v1", "configmaps", namespace), body).ok()


def reference(owner: dict[str, Any], *, blocks: bool = True) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "blockOwnerDeletion": blocks,
    }


def path(namespace: str, name: str = "") -> str:
    return at("v1", "configmaps", namespace, name)


def gone(cluster: Cluster, namespace: str, name: str) -> None:
    eventually(f"{name} is gone", lambda: cluster.get(path(namespace, name)).code == 404, 30)


def test_the_answer_to_a_deletion_is_a_status(cluster: Cluster, namespace: str) -> None:
    made = make(cluster, namespace, "one")
    answer = cluster.delete(path(namespace, "one"))
    assert answer.code == 200
    assert answer.json == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": "one", "kind": "configmaps", "uid": made["metadata"]["uid"]},
    }
    status = cluster.delete(path(namespace, "one")).failure(404, "NotFound")
    assert status["message"] == 'configmaps "one" not found'


def test_a_dry_run_deletes_nothing(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, "one")
    assert cluster.delete(path(namespace, "one"), dryRun="All").ok()["status"] == "Success"
    cluster.get(path(namespace, "one")).ok()


def test_a_finalizer_holds_an_object(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, "held", finalizers=[HOLD])
    held = cluster.delete(path(namespace, "held")).ok()
    assert held["kind"] == "ConfigMap"
    assert held["metadata"]["finalizers"] == [HOLD]
    assert held["metadata"]["deletionTimestamp"]
    assert held["metadata"]["deletionGracePeriodSeconds"] == 0
    again = cluster.delete(path(namespace, "held")).ok()
    assert again["metadata"]["resourceVersion"] == held["metadata"]["resourceVersion"]
    released = cluster.patch(path(namespace, "held"), {"metadata": {"finalizers": None}}).ok()
    assert "finalizers" not in released["metadata"]
    assert cluster.get(path(namespace, "held")).code == 404


def test_none_is_added_while_an_object_is_deleted(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, "held", finalizers=[HOLD])
    cluster.delete(path(namespace, "held")).ok()
    patch = {"metadata": {"finalizers": [HOLD, "example.com/more"]}}
    status = cluster.patch(path(namespace, "held"), patch).failure(422, "Invalid")
    assert status["message"] == (
        'ConfigMap "held" is invalid: metadata.finalizers: Forbidden: no new finalizers can be '
        "added if the object is being deleted, found new finalizers "
        '[]string{"example.com/more"}'
    )
    cluster.patch(path(namespace, "held"), {"metadata": {"finalizers": []}}).ok()


def test_it_can_still_be_changed(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, "held", finalizers=[HOLD])
    cluster.delete(path(namespace, "held")).ok()
    changed = cluster.patch(path(namespace, "held"), {"data": {"a": "1"}}).ok()
    assert changed["data"] == {"a": "1"}
    deleted = changed["metadata"]["deletionTimestamp"]
    attempt = [{"op": "remove", "path": "/metadata/deletionTimestamp"}]
    kept = cluster.patch(path(namespace, "held"), attempt, JSON_PATCH).ok()
    assert kept["metadata"]["deletionTimestamp"] == deleted
    cluster.patch(path(namespace, "held"), {"metadata": {"finalizers": None}}).ok()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(
            {"propagationPolicy": "Sideways"},
            'propagationPolicy: Unsupported value: "Sideways": supported values: "Foreground", '
            '"Background", "Orphan", "nil"', id="an unknown policy",
        ),
        pytest.param(
            {"propagationPolicy": "Orphan", "orphanDependents": True},
            'propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation '
            "cannot be both set", id="the policy in the old way too",
        ),
    ],
)  # fmt: skip
def test_options_that_mean_nothing_are_refused(
    cluster: Cluster, namespace: str, options: dict[str, Any], message: str
) -> None:
    make(cluster, namespace, "one")
    status = cluster.delete(path(namespace, "one"), options).failure(422, "Invalid")
    assert status["message"] == f'DeleteOptions.meta.k8s.io "" is invalid: {message}'
    cluster.get(path(namespace, "one")).ok()


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="by default"),
        pytest.param({"propagationPolicy": "Background"}, id="in the background"),
        pytest.param({"propagationPolicy": "Foreground"}, id="in the foreground"),
        pytest.param({"orphanDependents": False}, id="in the old way"),
    ],
)
def test_what_an_object_owns_goes_with_it(
    cluster: Cluster, namespace: str, options: dict[str, Any]
) -> None:
    owner = make(cluster, namespace, "owner")
    child = make(cluster, namespace, "child", owner)
    make(cluster, namespace, "grandchild", child)
    make(cluster, namespace, "stranger")
    cluster.delete(path(namespace, "owner"), options)
    for name in ("owner", "child", "grandchild"):
        gone(cluster, namespace, name)
    cluster.get(path(namespace, "stranger")).ok()


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"propagationPolicy": "Orphan"}, id="by policy"),
        pytest.param({"orphanDependents": True}, id="in the old way"),
    ],
)
def test_orphans_stay_and_forget_their_owner(
    cluster: Cluster, namespace: str, options: dict[str, Any]
) -> None:
    owner = make(cluster, namespace, "owner")
    make(cluster, namespace, "child", owner)
    answer = cluster.delete(path(namespace, "owner"), options).ok()
    assert answer["metadata"]["finalizers"] == ["orphan"]
    gone(cluster, namespace, "owner")
    child = cluster.get(path(namespace, "child")).ok()
    assert "ownerReferences" not in child["metadata"]


def test_in_the_foreground_an_owner_waits_for_who_blocks_it(
    cluster: Cluster, namespace: str
) -> None:
    owner = make(cluster, namespace, "owner")
    make(cluster, namespace, "child", owner, finalizers=[HOLD])
    answer = cluster.delete(path(namespace, "owner"), {"propagationPolicy": "Foreground"}).ok()
    assert answer["metadata"]["finalizers"] == ["foregroundDeletion"]

    def child() -> Any:
        return cluster.get(path(namespace, "child")).ok()["metadata"]

    eventually("the child is deleted", lambda: child().get("deletionTimestamp"), 30)
    assert cluster.get(path(namespace, "owner")).code == 200
    cluster.patch(path(namespace, "child"), {"metadata": {"finalizers": None}})
    gone(cluster, namespace, "owner")


def test_in_the_foreground_an_owner_does_not_wait_for_others(
    cluster: Cluster, namespace: str
) -> None:
    owner = make(cluster, namespace, "owner")
    references = [reference(owner, blocks=False)]
    make(cluster, namespace, "child", ownerReferences=references, finalizers=[HOLD])
    cluster.delete(path(namespace, "owner"), {"propagationPolicy": "Foreground"}).ok()
    gone(cluster, namespace, "owner")
    cluster.patch(path(namespace, "child"), {"metadata": {"finalizers": None}})
    gone(cluster, namespace, "child")


def test_an_object_whose_owner_never_was_goes(cluster: Cluster, namespace: str) -> None:
    nobody = {"metadata": {"name": "nobody", "uid": "00000000-0000-0000-0000-000000000001"}}
    make(cluster, namespace, "child", nobody)
    gone(cluster, namespace, "child")


def test_an_object_whose_owner_has_another_uid_now_goes(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, "owner")
    other = {"metadata": {"name": "owner", "uid": "00000000-0000-0000-0000-000000000001"}}
    make(cluster, namespace, "child", other)
    gone(cluster, namespace, "child")


def test_an_owner_is_looked_for_in_the_namespace_of_the_object(
    cluster: Cluster, namespace: str
) -> None:
    elsewhere = f"{namespace}-b"
    cluster.post("/api/v1/namespaces", {"metadata": {"name": elsewhere}}).ok()
    owner = make(cluster, elsewhere, "owner")
    make(cluster, namespace, "child", owner)
    gone(cluster, namespace, "child")
    cluster.get(path(elsewhere, "owner")).ok()
    cluster.delete(f"/api/v1/namespaces/{elsewhere}").ok()


def test_a_collection_is_deleted_by_its_selector(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, "a", labels={"tier": "front"})
    make(cluster, namespace, "b", labels={"tier": "front"})
    make(cluster, namespace, "c", labels={"tier": "back"})
    answer = cluster.delete(path(namespace), labelSelector="tier=front").ok()
    assert answer["kind"] == "ConfigMapList"
    assert [item["metadata"]["name"] for item in answer["items"]] == ["a", "b"]
    left = cluster.get(path(namespace), labelSelector="tier").ok()["items"]
    assert [item["metadata"]["name"] for item in left] == ["c"]


def test_a_workload_takes_its_children_along(cluster: Cluster, namespace: str) -> None:
    labels = {"app": "web"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "a", "image": "nginx:1"}]},
    }
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    deployments = at("apps/v1", "deployments", namespace)
    cluster.post(deployments, {"metadata": {"name": "web"}, "spec": spec}).ok()
    sets, pods = at("apps/v1", "replicasets", namespace), at("v1", "pods", namespace)
    eventually("a pod is there", lambda: cluster.get(pods).ok()["items"], 30)
    answer = cluster.delete(f"{deployments}/web").ok()
    assert answer["kind"] == "Status"
    assert answer["details"]["group"] == "apps"
    eventually("the set is gone", lambda: not cluster.get(sets).ok()["items"], 30)
    eventually("the pod is gone", lambda: not cluster.get(pods).ok()["items"], 30)


def test_a_pod_is_answered_as_an_object(cluster: Cluster, namespace: str) -> None:
    spec = {"containers": [{"name": "a", "image": "nginx:1"}]}
    pods = at("v1", "pods", namespace)
    cluster.post(pods, {"metadata": {"name": "one"}, "spec": spec}).ok()
    answer = cluster.delete(f"{pods}/one", {"gracePeriodSeconds": 0}).ok()
    assert answer["kind"] == "Pod"
    eventually("the pod is gone", lambda: cluster.get(f"{pods}/one").code == 404)


def test_an_eviction_deletes_a_pod_unless_a_budget_forbids(
    cluster: Cluster, namespace: str
) -> None:
    spec = {"containers": [{"name": "a", "image": "nginx:1"}]}
    pods = at("v1", "pods", namespace)
    for name in ("free", "kept"):
        metadata = {"name": name, "labels": {"app": name}}
        cluster.post(pods, {"metadata": metadata, "spec": spec}).ok()
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "free"}}
    answer = cluster.post(f"{pods}/free/eviction", eviction)
    assert answer.code == 201
    assert answer.json["status"] == "Success"
    eventually("the pod is gone", lambda: cluster.get(f"{pods}/free").code == 404)


def test_a_claim_goes_once_no_pod_uses_it(cluster: Cluster, namespace: str) -> None:
    claims, pods = at("v1", "persistentvolumeclaims", namespace), at("v1", "pods", namespace)
    size = {"requests": {"storage": "1Gi"}}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": size}
    cluster.post(claims, {"metadata": {"name": "data"}, "spec": spec}).ok()
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    container = {"name": "a", "image": "nginx:1"}
    user = {"metadata": {"name": "user"}, "spec": {"containers": [container], "volumes": [volume]}}
    cluster.post(pods, user).ok()

    claim = cluster.delete(f"{claims}/data").ok()
    assert claim["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    cluster.get(f"{claims}/data").ok()
    cluster.delete(f"{pods}/user", {"gracePeriodSeconds": 0}).ok()
    eventually("the claim is gone", lambda: cluster.get(f"{claims}/data").code == 404, 30)


def test_a_volume_that_nobody_claims_goes(cluster: Cluster) -> None:
    volumes = at("v1", "persistentvolumes")
    source = {"hostPath": {"path": "/data"}}
    spec = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, **source}
    volume = cluster.post(volumes, {"metadata": {"generateName": "free-"}, "spec": spec}).ok()
    where = f"{volumes}/{volume['metadata']['name']}"
    cluster.delete(where).ok()
    eventually("the volume is gone", lambda: cluster.get(where).code == 404, 30)


@pytest.mark.parametrize(
    ("spec", "options", "grace_s"),
    [
        pytest.param({"nodeName": "sandbox"}, None, 30, id="as long as usual"),
        pytest.param(
            {"nodeName": "sandbox", "terminationGracePeriodSeconds": 7}, None, 7, id="as it wants"
        ),
        pytest.param({"nodeName": "sandbox"}, {"gracePeriodSeconds": 5}, 5, id="as is asked for"),
        pytest.param({"nodeName": "sandbox"}, {"gracePeriodSeconds": 0}, 0, id="not at all"),
    ],
)
def test_a_pod_on_a_node_has_time_to_end(
    cluster: Cluster, namespace: str, spec: Any, options: Any, grace_s: int
) -> None:
    pods = at("v1", "pods", namespace)
    account = at("v1", "serviceaccounts", namespace, "default")
    eventually("the default account", lambda: cluster.get(account).code == 200, 30)
    spec = {**spec, "containers": [{"name": "a", "image": "nginx:1"}]}
    cluster.post(pods, {"metadata": {"name": "one"}, "spec": spec}).ok()
    found = cluster.delete(f"{pods}/one", options).ok()["metadata"]
    assert found["deletionGracePeriodSeconds"] == grace_s
    assert found["deletionTimestamp"]
    cluster.delete(f"{pods}/one", {"gracePeriodSeconds": 0})


def test_who_has_another_owner_left_stays(cluster: Cluster, namespace: str) -> None:
    first, second = (make(cluster, namespace, name) for name in ("first", "second"))
    make(cluster, namespace, "shared", first, second)
    make(cluster, namespace, "alone", first)
    cluster.delete(path(namespace, "first"), {"propagationPolicy": "Background"}).ok()
    gone(cluster, namespace, "alone")

    def owners() -> list[str]:
        references = cluster.get(path(namespace, "shared")).ok()["metadata"]["ownerReferences"]
        return [reference["name"] for reference in references]

    eventually("the owner that is gone is no longer named", lambda: owners() == ["second"], 30)
    cluster.delete(path(namespace, "second"), {"propagationPolicy": "Background"}).ok()
    gone(cluster, namespace, "shared")


def test_an_eviction_that_a_budget_forbids_is_told_so(cluster: Cluster, namespace: str) -> None:
    account = at("v1", "serviceaccounts", namespace, "default")
    eventually("the default account", lambda: cluster.get(account).code == 200, 30)
    pods, labels = at("v1", "pods", namespace), {"app": "kept"}
    spec = {"nodeName": "sandbox", "containers": [{"name": "a", "image": "nginx:1"}]}
    cluster.post(pods, {"metadata": {"name": "kept", "labels": labels}, "spec": spec}).ok()
    ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    cluster.patch(f"{pods}/kept/status", {"status": ready}).ok()
    budgets = at("policy/v1", "poddisruptionbudgets", namespace)
    budget = {"minAvailable": 1, "selector": {"matchLabels": labels}}
    cluster.post(budgets, {"metadata": {"name": "all"}, "spec": budget}).ok()
    eventually(
        "the budget counts",
        lambda: cluster.get(f"{budgets}/all").ok()["status"].get("currentHealthy") == 1, 30,
    )  # fmt: skip
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "kept"}}
    status = cluster.post(f"{pods}/kept/eviction", eviction).failure(429, "TooManyRequests")
    assert status["message"] == (
        "Cannot evict pod as it would violate the pod's disruption budget."
    )
    assert status["details"]["causes"] == [
        {
            "reason": "DisruptionBudget",
            "message": "The disruption budget all needs 1 healthy pods and has 1 currently",
        }
    ]
    cluster.delete(f"{pods}/kept", {"gracePeriodSeconds": 0})
