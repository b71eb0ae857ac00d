"""Create, read, update and delete: names, versions, generations, preconditions, failures.

Source: Kubernetes API conventions, "Metadata", "Concurrency Control and Consistency".
"""

import copy
import re
from typing import Any

import pytest

from tests.contract.cluster import Cluster, at
from tests.contract.custom import defined

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def config_map(name: str = "one", **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def test_a_new_object_has_what_the_server_gives_it(cluster: Cluster, namespace: str) -> None:
    answer = cluster.post(at("v1", "configmaps", namespace), config_map(a="1"))
    assert answer.code == 201
    metadata = answer.ok()["metadata"]
    assert UUID.fullmatch(metadata["uid"])
    assert int(metadata["resourceVersion"]) > 0
    assert metadata["namespace"] == namespace
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", metadata["creationTimestamp"])


def test_a_name_is_generated_from_its_prefix(cluster: Cluster, namespace: str) -> None:
    manifest = {"metadata": {"generateName": "made-"}}
    metadata = cluster.post(at("v1", "configmaps", namespace), manifest).ok()["metadata"]
    assert re.fullmatch(r"made-[bcdfghjklmnpqrstvwxz2456789]{5}", metadata["name"])


def test_a_second_object_of_a_name_is_refused(cluster: Cluster, namespace: str) -> None:
    path = at("v1", "configmaps", namespace)
    cluster.post(path, config_map()).ok()
    status = cluster.post(path, config_map()).failure(409, "AlreadyExists")
    assert status["message"] == 'configmaps "one" already exists'
    assert status["details"] == {"name": "one", "kind": "configmaps"}


def test_an_update_of_an_old_version_is_a_conflict(cluster: Cluster, namespace: str) -> None:
    made = cluster.post(at("v1", "configmaps", namespace), config_map(a="1")).ok()
    path = at("v1", "configmaps", namespace, "one")
    newer = copy.deepcopy(made) | {"data": {"a": "2"}}
    cluster.put(path, newer).ok()
    status = cluster.put(path, made).failure(409, "Conflict")
    assert status["message"] == (
        'Operation cannot be fulfilled on configmaps "one": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )


def test_an_update_that_changes_nothing_keeps_the_version(cluster: Cluster, namespace: str) -> None:
    made = cluster.post(at("v1", "configmaps", namespace), config_map(a="1")).ok()
    again = cluster.put(at("v1", "configmaps", namespace, "one"), made).ok()
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


def test_a_finalizer_of_a_built_in_kind_has_a_path(cluster: Cluster, namespace: str) -> None:
    manifest = config_map()
    manifest["metadata"]["finalizers"] = ["a.example.com"]
    answer = cluster.post(at("v1", "configmaps", namespace), manifest)
    assert answer.failure(422, "Invalid")["details"]["causes"] == [
        {
            "reason": "FieldValueInvalid",
            "message": 'Invalid value: "a.example.com": name is neither a standard finalizer name '
            "nor is it fully qualified",
            "field": "metadata.finalizers[0]",
        }
    ]


def test_a_finalizer_of_a_custom_kind_may_lack_a_path(cluster: Cluster, namespace: str) -> None:
    with defined(cluster) as custom:
        thing = custom.thing()
        thing["metadata"]["finalizers"] = ["a.example.com"]
        answer = cluster.post(custom.at(namespace), thing)
        assert answer.code == 201
        assert answer.warnings == (
            'metadata.finalizers: "a.example.com": prefer a domain-qualified finalizer name '
            "including a path (/) to avoid accidental conflicts with other finalizer writers",
        )
        changed = {"metadata": {"finalizers": None}}
        assert cluster.patch(custom.at(namespace, "one"), changed).warnings == ()


@pytest.mark.parametrize(
    ("preconditions", "message"),
    [
        pytest.param({"uid": "00000000-0000-0000-0000-000000000000"}, "UID", id="of another uid"),
        pytest.param({"resourceVersion": "1"}, "ResourceVersion", id="of another version"),
    ],
)
def test_a_delete_of_something_else_is_a_conflict(
    cluster: Cluster, namespace: str, preconditions: dict[str, str], message: str
) -> None:
    cluster.post(at("v1", "configmaps", namespace), config_map()).ok()
    path = at("v1", "configmaps", namespace, "one")
    status = cluster.delete(path, {"preconditions": preconditions}).failure(409, "Conflict")
    told = f'Operation cannot be fulfilled on ConfigMap "one": the {message} in the precondition ('
    assert status["message"].startswith(told)
    assert f") does not match the {message} in record (" in status["message"]
    assert status["details"] == {"name": "one", "kind": "ConfigMap"}
    cluster.get(path).ok()
