"""Namespaces: what they hold, how they end, and what that refuses.

Source: Kubernetes documentation, "Namespaces"; API conventions.
"""

from typing import Any

import pytest

from tests.contract.cluster import Cluster, at
from tests.e2e.api import eventually

HOLD = "example.com/hold"


@pytest.fixture
def terminating(cluster: Cluster, namespace: str) -> Any:
    """A namespace that an object with a finalizer keeps from ending."""
    held = {"metadata": {"name": "held", "finalizers": [HOLD]}}
    cluster.post(at("v1", "configmaps", namespace), held).ok()
    cluster.delete(f"/api/v1/namespaces/{namespace}").ok()
    yield namespace
    cluster.patch(at("v1", "configmaps", namespace, "held"), {"metadata": {"finalizers": None}})


def test_a_new_namespace_is_active_and_labelled(cluster: Cluster, namespace: str) -> None:
    found = cluster.get(f"/api/v1/namespaces/{namespace}").ok()
    assert found["status"] == {"phase": "Active"}
    assert found["metadata"]["labels"] == {"kubernetes.io/metadata.name": namespace}


def test_the_label_of_its_name_cannot_be_changed(cluster: Cluster, namespace: str) -> None:
    patch = {"metadata": {"labels": {"kubernetes.io/metadata.name": "other", "a": "b"}}}
    changed = cluster.patch(f"/api/v1/namespaces/{namespace}", patch).ok()
    assert changed["metadata"]["labels"] == {"kubernetes.io/metadata.name": namespace, "a": "b"}


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
def test_a_namespace_of_the_cluster_itself_is_kept(cluster: Cluster, name: str) -> None:
    answer = cluster.delete(f"/api/v1/namespaces/{name}", dryRun="All")
    status = answer.failure(403, "Forbidden")
    assert (
        status["message"] == f'namespaces "{name}" is forbidden: this namespace may not be deleted'
    )
    assert status["details"] == {"name": name, "kind": "namespaces"}


def test_a_namespace_and_all_in_it_go(cluster: Cluster) -> None:
    name = "contract-going"
    cluster.post("/api/v1/namespaces", {"metadata": {"name": name}}).ok()
    cluster.post(at("v1", "configmaps", name), {"metadata": {"name": "one"}}).ok()
    cluster.post(at("v1", "secrets", name), {"metadata": {"name": "two"}}).ok()
    answer = cluster.delete(f"/api/v1/namespaces/{name}").ok()
    assert answer["kind"] == "Namespace"
    assert answer["status"] == {"phase": "Terminating"}
    assert answer["metadata"]["deletionTimestamp"]
    gone = f"/api/v1/namespaces/{name}"
    eventually("the namespace is gone", lambda: cluster.get(gone).code == 404, 90)
    assert cluster.get(at("v1", "configmaps", name)).ok()["items"] == []


@pytest.mark.parametrize(
    ("path", "named", "details"),
    [
        pytest.param(
            ("v1", "configmaps"), "configmaps", {"name": "late", "kind": "configmaps"}, id="core"
        ),
        pytest.param(
            ("rbac.authorization.k8s.io/v1", "roles"), "roles.rbac.authorization.k8s.io",
            {"name": "late", "group": "rbac.authorization.k8s.io", "kind": "roles"}, id="a group",
        ),
    ],
)  # fmt: skip
def test_nothing_new_comes_into_a_namespace_that_ends(
    cluster: Cluster, terminating: str, path: tuple[str, str], named: str, details: dict[str, str]
) -> None:
    answer = cluster.post(at(*path, terminating), {"metadata": {"name": "late"}})
    status = answer.failure(403, "Forbidden")
    assert status["message"] == (
        f'{named} "late" is forbidden: unable to create new content in namespace {terminating} '
        "because it is being terminated"
    )
    cause = {
        "reason": "NamespaceTerminating",
        "message": f"namespace {terminating} is being terminated",
        "field": "metadata.namespace",
    }
    assert status["details"] == {**details, "causes": [cause]}


def test_what_is_there_can_be_changed_until_the_end(cluster: Cluster, terminating: str) -> None:
    held = at("v1", "configmaps", terminating, "held")
    assert cluster.patch(held, {"data": {"a": "1"}}).ok()["data"] == {"a": "1"}


def test_it_ends_with_the_last_object(cluster: Cluster, terminating: str) -> None:
    held = at("v1", "configmaps", terminating, "held")
    cluster.patch(held, {"metadata": {"finalizers": None}}).ok()
    gone = f"/api/v1/namespaces/{terminating}"
    eventually("the namespace is gone", lambda: cluster.get(gone).code == 404, 90)


def test_an_object_needs_a_namespace_that_is_there(cluster: Cluster) -> None:
    path = at("v1", "configmaps", "contract-nowhere")
    status = cluster.post(path, {"metadata": {"name": "one"}}).failure(404, "NotFound")
    assert status["message"] == 'namespaces "contract-nowhere" not found'
    assert cluster.get(path).ok()["items"] == []


@pytest.fixture
def held_twice(cluster: Cluster, namespace: str) -> Any:
    """The name of a namespace with a finalizer of somebody in its spec, and a held object."""
    name = f"{namespace}-held"
    spec = {"finalizers": ["kubernetes", "example.com/mine"]}
    cluster.post("/api/v1/namespaces", {"metadata": {"name": name}, "spec": spec}).ok()
    held = {"metadata": {"name": "held", "finalizers": [HOLD]}}
    cluster.post(at("v1", "configmaps", name), held).ok()
    yield name
    cluster.patch(at("v1", "configmaps", name, "held"), {"metadata": {"finalizers": None}})
    body = cluster.get(f"/api/v1/namespaces/{name}")
    if body.code == 200:
        cluster.put(f"/api/v1/namespaces/{name}/finalize", {**body.json, "spec": {}})


def test_finalizers_of_a_namespace_are_not_changed_with_it(
    cluster: Cluster, held_twice: str
) -> None:
    where = f"/api/v1/namespaces/{held_twice}"
    patched = cluster.patch(where, {"spec": {"finalizers": []}}).ok()
    assert patched["spec"] == {"finalizers": ["kubernetes", "example.com/mine"]}


def conditions_of(cluster: Cluster, name: str) -> dict[str, tuple[str, str, str]]:
    found = cluster.get(f"/api/v1/namespaces/{name}").ok()["status"].get("conditions") or ()
    return {c["type"]: (c["status"], c["reason"], c["message"]) for c in found}


def test_a_namespace_that_ends_says_what_holds_it(cluster: Cluster, held_twice: str) -> None:
    cluster.delete(f"/api/v1/namespaces/{held_twice}").ok()
    eventually("it says something", lambda: conditions_of(cluster, held_twice), 60)

    assert conditions_of(cluster, held_twice) == {
        "NamespaceDeletionDiscoveryFailure": (
            "False", "ResourcesDiscovered", "All resources successfully discovered"
        ),
        "NamespaceDeletionGroupVersionParsingFailure": (
            "False", "ParsedGroupVersions", "All legacy kube types successfully parsed"
        ),
        "NamespaceDeletionContentFailure": (
            "False", "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        "NamespaceContentRemaining": (
            "True", "SomeResourcesRemain",
            "Some resources are remaining: configmaps. has 1 resource instances",
        ),
        "NamespaceFinalizersRemaining": (
            "True", "SomeFinalizersRemain",
            "Some content in the namespace has finalizers remaining: "
            "example.com/hold in 1 resource instances",
        ),
    }  # fmt: skip


def test_an_empty_namespace_waits_for_the_finalizer_of_somebody(
    cluster: Cluster, held_twice: str
) -> None:
    where = f"/api/v1/namespaces/{held_twice}"
    held = at("v1", "configmaps", held_twice, "held")
    cluster.delete(where).ok()
    cluster.patch(held, {"metadata": {"finalizers": None}}).ok()
    mine = {"finalizers": ["example.com/mine"]}
    eventually("it is empty", lambda: cluster.get(where).ok()["spec"] == mine, 60)

    body = cluster.get(where).ok()
    done = cluster.put(f"{where}/finalize", {**body, "spec": {"finalizers": []}}).ok()
    assert done["status"]["phase"] == "Terminating"
    eventually("the namespace is gone", lambda: cluster.get(where).code == 404, 30)
