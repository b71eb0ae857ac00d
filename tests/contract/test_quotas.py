"""What quotas refuse, and what they say is used."""

from typing import Any

import pytest

from tests.contract.cluster import Cluster, at
from tests.contract.recorded import check, recorded_cases, wait_counted
from tests.e2e.api import eventually

Json = dict[str, Any]


@pytest.mark.parametrize(("case", "expected"), recorded_cases("quotas"))
def test_a_quota_answers_as_on_a_real_server(
    cluster: Cluster, namespace: str, case: dict[str, Any], expected: Any
) -> None:
    check(cluster, namespace, case, expected)


def quota(hard: Json, **spec: Any) -> Json:
    return {"metadata": {"name": "q"}, "spec": {"hard": hard, **spec}}


def pod(name: str, **resources: Json) -> Json:
    container = {"name": "web", "image": "example.com/web:1", "resources": resources}
    return {"metadata": {"name": name}, "spec": {"containers": [container]}}


class Space:
    """A namespace with a quota."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self._namespace = namespace

    def path(self, plural: str, name: str = "", sub: str = "") -> str:
        version, _, plural = plural.rpartition("/")
        return at(version or "v1", plural, self._namespace, name, sub)

    def limit(self, hard: Json, **spec: Any) -> None:
        # The account of a namespace comes by itself, and pods need it.
        account = self.path("serviceaccounts", "default")
        eventually("the default account", lambda: self._cluster.get(account).code == 200, 30)
        self._cluster.post(self.path("resourcequotas"), quota(hard, **spec)).ok()
        wait_counted(self._cluster, self.path("resourcequotas", "q"))

    def used(self) -> Json:
        found: Json = self._cluster.get(self.path("resourcequotas", "q")).ok()["status"]
        return dict(found.get("used") or {})

    def eventually_used(self, expected: Json) -> None:
        eventually(f"{expected} is used", lambda: self.used() == expected, 30)


@pytest.fixture
def space(cluster: Cluster, namespace: str) -> Space:
    return Space(cluster, namespace)


def test_a_quota_says_at_once_what_a_new_object_uses(cluster: Cluster, space: Space) -> None:
    space.limit({"pods": "5", "requests.cpu": "2", "limits.memory": "2Gi", "count/secrets": "2"})
    resources = {"requests": {"cpu": "300m"}, "limits": {"memory": "0.5Gi"}}
    cluster.post(space.path("pods"), pod("a", **resources)).ok()
    cluster.post(space.path("pods"), pod("b", **resources)).ok()
    cluster.post(space.path("secrets"), {"metadata": {"name": "a"}}).ok()

    assert space.used() == {
        "pods": "2",
        "requests.cpu": "600m",
        "limits.memory": "1Gi",
        "count/secrets": "1",
    }


def test_a_dry_run_uses_nothing_and_is_refused_all_the_same(cluster: Cluster, space: Space) -> None:
    space.limit({"secrets": "1"})
    first = cluster.post(space.path("secrets"), {"metadata": {"name": "a"}}, dryRun="All")

    assert first.code == 201
    assert space.used() == {"secrets": "0"}
    cluster.post(space.path("secrets"), {"metadata": {"name": "a"}}).ok()
    second = cluster.post(space.path("secrets"), {"metadata": {"name": "b"}}, dryRun="All")
    second.failure(403, "Forbidden")


def test_what_is_deleted_or_has_ended_is_no_longer_used(cluster: Cluster, space: Space) -> None:
    space.limit({"pods": "2", "count/pods": "5", "requests.cpu": "1"})
    once = pod("a", requests={"cpu": "100m"})
    once["spec"]["restartPolicy"] = "Never"
    cluster.post(space.path("pods"), once).ok()
    cluster.post(space.path("pods"), pod("b", requests={"cpu": "100m"})).ok()
    done = {"status": {"phase": "Succeeded"}}
    cluster.patch(space.path("pods", "a", "status"), done).ok()
    space.eventually_used({"pods": "1", "count/pods": "2", "requests.cpu": "100m"})
    cluster.delete(space.path("pods", "b"), gracePeriodSeconds=0).ok()
    space.eventually_used({"pods": "0", "count/pods": "1", "requests.cpu": "0"})


def test_a_quota_that_changes_counts_anew(cluster: Cluster, space: Space) -> None:
    space.limit({"secrets": "1"})
    cluster.post(space.path("secrets"), {"metadata": {"name": "a"}}).ok()
    cluster.post(space.path("secrets"), {"metadata": {"name": "b"}}).failure(403, "Forbidden")
    change = {"spec": {"hard": {"secrets": None, "count/secrets": "2", "pods": "1"}}}
    cluster.patch(space.path("resourcequotas", "q"), change).ok()
    space.eventually_used({"count/secrets": "1", "pods": "0"})
    cluster.post(space.path("secrets"), {"metadata": {"name": "b"}}).ok()
    cluster.post(space.path("secrets"), {"metadata": {"name": "c"}}).failure(403, "Forbidden")


def test_only_pods_within_the_scopes_of_a_quota_are_counted(cluster: Cluster, space: Space) -> None:
    space.limit({"pods": "1"}, scopes=["NotBestEffort"])
    cluster.post(space.path("pods"), pod("idle")).ok()
    cluster.post(space.path("pods"), pod("busy", requests={"cpu": "1"})).ok()
    cluster.post(space.path("pods"), pod("idle2")).ok()

    cluster.post(space.path("pods"), pod("busy2", requests={"cpu": "1"})).failure(403, "Forbidden")
    assert space.used() == {"pods": "1"}


def test_names_that_nothing_uses_are_limited_and_not_counted(
    cluster: Cluster, space: Space
) -> None:
    hard = {
        "example.com/gpu": "1", "count/nothings.example.com": "1", "count/events": "1",
        "count/namespaces": "1", "requests.example.com/gpu": "1",
        "gold.storageclass.storage.k8s.io/requests.storage": "1Gi",
    }  # fmt: skip
    space.limit(hard)

    assert space.used() == {
        "requests.example.com/gpu": "0",
        "gold.storageclass.storage.k8s.io/requests.storage": "0",
    }


def test_a_service_that_needs_less_gives_it_back(cluster: Cluster, space: Space) -> None:
    space.limit({"services": "1", "services.nodeports": "2"})
    spec = {"type": "NodePort", "ports": [{"port": 80}]}
    cluster.post(space.path("services"), {"metadata": {"name": "a"}, "spec": spec}).ok()
    more = {"spec": {"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}]}}
    cluster.patch(space.path("services", "a"), more).ok()

    assert space.used() == {"services": "1", "services.nodeports": "2"}
    cluster.patch(space.path("services", "a"), {"spec": {"type": "ClusterIP"}}).ok()
    space.eventually_used({"services": "1", "services.nodeports": "0"})


def test_a_deployment_says_what_its_quota_refuses_and_goes_on_when_there_is_room(
    cluster: Cluster, space: Space
) -> None:
    space.limit({"count/pods": "1"})
    deployments = space.path("apps/v1/deployments")
    cluster.post(deployments, {"metadata": {"name": "web"}, "spec": _SPEC}).ok()
    path = space.path("apps/v1/deployments", "web")

    def failure() -> Json:
        status = cluster.get(path).ok().get("status") or {}
        conditions = {found["type"]: found for found in status.get("conditions") or ()}
        return dict(conditions.get("ReplicaFailure") or {})

    eventually("the deployment says so", failure, 30)
    said = failure()
    assert said["reason"] == "FailedCreate"
    assert said["status"] == "True"
    assert said["message"].endswith(
        "is forbidden: exceeded quota: q, requested: count/pods=1, used: count/pods=1, "
        "limited: count/pods=1"
    )
    more = {"spec": {"hard": {"count/pods": "2"}}}
    cluster.patch(space.path("resourcequotas", "q"), more).ok()
    eventually(
        "all pods are there", lambda: cluster.get(path).ok()["status"].get("replicas") == 2, 60
    )
    eventually("no failure is told", lambda: not failure(), 30)


_SPEC: Json = {
    "replicas": 2,
    "selector": {"matchLabels": {"app": "web"}},
    "template": {"metadata": {"labels": {"app": "web"}}, "spec": pod("web")["spec"]},
}
