"""What a resource tree shows of an object."""

from typing import Any

import pytest

from tiphys.engine.nodes import node_of
from tiphys.engine.pod_text import pod_text
from tiphys.model.application import HealthStatus
from tiphys.model.keys import Manifest
from tiphys.model.words import HealthStatusCode

RUNNING = {"ready": True, "restartCount": 2, "state": {"running": {}}}


def pod(status: dict[str, Any], spec: dict[str, Any] | None = None, **metadata: Any) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a", "namespace": "shop", "uid": "u", **metadata},
        "spec": {"containers": [{"name": "web", "image": "web:1"}], **(spec or {})},
        "status": status,
    }


def waiting(reason: str) -> dict[str, Any]:
    return {"name": "web", "state": {"waiting": {"reason": reason}}}


def ended(**fields: Any) -> dict[str, Any]:
    return {"name": "web", "state": {"terminated": fields}}


INIT = {"initContainers": [{"name": "one"}, {"name": "two"}]}


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        pytest.param(pod({"phase": "Pending"}), "Pending", id="the phase"),
        pytest.param(pod({"phase": "Failed", "reason": "Evicted"}), "Evicted", id="its reason"),
        pytest.param(
            pod({"phase": "Running", "containerStatuses": [waiting("CrashLoopBackOff")]}),
            "CrashLoopBackOff",
            id="what a container waits for",
        ),
        pytest.param(
            pod({"phase": "Failed", "containerStatuses": [ended(reason="OOMKilled")]}),
            "OOMKilled",
            id="why a container ended",
        ),
        pytest.param(
            pod({"phase": "Failed", "containerStatuses": [ended(signal=9)]}),
            "Signal:9",
            id="the signal that ended it",
        ),
        pytest.param(
            pod({"phase": "Failed", "containerStatuses": [ended(exitCode=3)]}),
            "ExitCode:3",
            id="the code that it ended with",
        ),
        pytest.param(
            pod(
                {
                    "phase": "Running",
                    "conditions": [{"type": "Ready", "status": "True"}],
                    "containerStatuses": [RUNNING, ended(reason="Completed", exitCode=0)],
                }
            ),
            "Running",
            id="one container is done and another runs",
        ),
        pytest.param(
            pod(
                {
                    "phase": "Pending",
                    "initContainerStatuses": [
                        {"name": "one", "state": {"terminated": {"exitCode": 0}}},
                        {"name": "two", "state": {"waiting": {"reason": "PodInitializing"}}},
                    ],
                },
                INIT,
            ),
            "Init:1/2",
            id="the second init container",
        ),
        pytest.param(
            pod(
                {
                    "phase": "Pending",
                    "initContainerStatuses": [
                        {"name": "one", "state": {"terminated": {"reason": "Error", "exitCode": 1}}}
                    ],
                },
                INIT,
            ),
            "Init:Error",
            id="an init container that failed",
        ),
        pytest.param(
            pod({"phase": "Running"}, deletionTimestamp="2026-01-01T00:00:00Z"),
            "Terminating",
            id="being deleted",
        ),
        pytest.param(
            pod(
                {
                    "phase": "Pending",
                    "conditions": [{"type": "PodScheduled", "reason": "SchedulingGated"}],
                }
            ),
            "SchedulingGated",
            id="held back from scheduling",
        ),
    ],
)
def test_a_pod_says_what_it_is_at_as_kubectl_does(found: Manifest, reason: str) -> None:
    assert pod_text(found).reason == reason


def test_a_pods_node_shows_containers_restarts_and_machine() -> None:
    found = pod({"phase": "Running", "containerStatuses": [RUNNING]}, {"nodeName": "n1"})

    node = node_of(found, HealthStatus(status=HealthStatusCode.HEALTHY))

    assert {item.name: item.value for item in node.info} == {
        "Status Reason": "Running",
        "Node": "n1",
        "Containers": "1/1",
        "Restart Count": "2",
    }
    assert node.images == ("web:1",)


def test_a_node_names_its_owners() -> None:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "r"}

    node = node_of(pod({}, ownerReferences=[owner]), None)

    (parent,) = node.parent_refs
    assert (parent.group, parent.version, parent.kind) == ("apps", "v1", "ReplicaSet")
    assert (parent.namespace, parent.name, parent.uid) == ("shop", "web", "r")


def test_a_node_is_equal_as_long_as_it_shows_the_same() -> None:
    first = node_of(pod({"phase": "Running"}, resourceVersion="1"), None)
    second = node_of(pod({"phase": "Running"}, resourceVersion="2"), None)

    assert first == second


def test_an_ingress_leads_to_its_services() -> None:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web", "namespace": "shop", "uid": "i"},
        "spec": {"rules": [{"host": "shop.example", "http": {"paths": [{"backend": backend}]}}]},
    }

    node = node_of(ingress, None)

    assert node.networking_info is not None
    assert [target.name for target in node.networking_info.target_refs] == ["web"]
    assert node.networking_info.external_urls == ("http://shop.example",)
