"""Server-side apply of lists and maps: by key, as sets, as a whole; defaults, quantities, versions.

Source: Kubernetes documentation, "Server-Side Apply", "Merge strategy".
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.cluster import Cluster, at
from tests.contract.custom import Custom, defined, schema_of, version_of
from tests.contract.test_apply import owners

Json = dict[str, Any]
TEXT: Json = {"type": "string"}
SPEC: Json = {
    "type": "object",
    "properties": {
        "set": {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"},
        "atomic": {"type": "array", "items": TEXT},
        "whole": {
            "type": "object",
            "x-kubernetes-map-type": "atomic",
            "additionalProperties": TEXT,
        },
        "map": {"type": "object", "additionalProperties": TEXT},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "port": {"x-kubernetes-int-or-string": True},
        "nothing": {"type": "string", "nullable": True},
        "items": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["port", "protocol"],
            "items": {
                "type": "object",
                "required": ["port"],
                "properties": {
                    "port": {"type": "integer"},
                    "protocol": {"type": "string", "default": "TCP"},
                    "name": TEXT,
                },
            },
        },
    },
}


@pytest.fixture(scope="module")
def things(cluster: Cluster) -> Iterator[Custom]:
    with defined(cluster, version_of(schema_of(SPEC))) as custom:
        yield custom


class Applies:
    """Applies specs to one thing."""

    def __init__(self, cluster: Cluster, things: Custom, namespace: str) -> None:
        self._cluster, self._things = cluster, things
        self.path = things.at(namespace, "one")

    def __call__(self, by: str, *, force: bool = False, **spec: Any) -> Json:
        return self.answer(by, force=force, **spec).ok()  # type: ignore[no-any-return]

    def answer(self, by: str, *, force: bool = False, **spec: Any) -> Any:
        query = {"force": "true"} if force else {}
        return self._cluster.apply(self.path, self._things.thing(spec=spec), by=by, **query)


@pytest.fixture
def applies(cluster: Cluster, things: Custom, namespace: str) -> Applies:
    return Applies(cluster, things, namespace)


def test_items_are_found_by_all_their_keys(applies: Applies) -> None:
    applies("x", items=[{"port": 53, "protocol": "UDP", "name": "u"}])
    found = applies("y", items=[{"port": 53, "protocol": "TCP", "name": "t"}])
    assert [item["name"] for item in found["spec"]["items"]] == ["u", "t"]


def test_an_owned_item_has_its_keys_in_its_path(applies: Applies) -> None:
    found = applies("x", items=[{"port": 53, "protocol": "UDP", "name": "u"}])
    key = 'k:{"port":53,"protocol":"UDP"}'
    fields: Json = {".": {}, "f:name": {}, "f:port": {}, "f:protocol": {}}
    assert owners(found)[("x", "Apply")] == {"f:spec": {"f:items": {key: fields}}}


def test_a_key_that_is_left_out_has_its_default(applies: Applies) -> None:
    applies("x", items=[{"port": 80, "protocol": "TCP", "name": "a"}])
    found = applies("y", items=[{"port": 80, "name": "a"}])
    assert len(found["spec"]["items"]) == 1
    key = 'k:{"port":80,"protocol":"TCP"}'
    assert owners(found)[("y", "Apply")] == {
        "f:spec": {"f:items": {key: {".": {}, "f:name": {}, "f:port": {}}}}
    }


def test_an_item_goes_when_its_applier_leaves_it_out(applies: Applies) -> None:
    applies("x", items=[{"port": 1}, {"port": 2}])
    found = applies("x", items=[{"port": 2}])
    assert [item["port"] for item in found["spec"]["items"]] == [2]


def test_an_item_stays_while_another_owns_part_of_it(applies: Applies) -> None:
    applies("x", items=[{"port": 1, "name": "a"}])
    applies("y", items=[{"port": 1}])
    found = applies("x", items=[])
    assert found["spec"]["items"] == [{"port": 1, "protocol": "TCP"}]


def test_new_items_keep_the_order_of_the_applied_list(applies: Applies) -> None:
    applies("x", items=[{"port": 1}, {"port": 3}])
    found = applies("y", items=[{"port": 1}, {"port": 2}, {"port": 3}])
    assert [item["port"] for item in found["spec"]["items"]] == [1, 2, 3]


def test_an_applier_may_order_the_items(applies: Applies) -> None:
    applies("x", items=[{"port": 1}, {"port": 2}, {"port": 3}])
    found = applies("y", items=[{"port": 3}, {"port": 1}])
    assert [item["port"] for item in found["spec"]["items"]] == [2, 3, 1]


def test_the_field_of_an_item_is_a_conflict_by_its_keys(applies: Applies) -> None:
    applies("x", items=[{"port": 80, "name": "a"}])
    status = applies.answer("y", items=[{"port": 80, "name": "b"}]).failure(409, "Conflict")
    assert status["details"]["causes"][0]["field"] == '.spec.items[port=80,protocol="TCP"].name'


def test_an_item_that_is_there_twice_is_refused(applies: Applies) -> None:
    answer = applies.answer("x", items=[{"port": 80}, {"port": 80, "protocol": "TCP"}])
    status = answer.failure(500, "")
    assert status["message"].endswith(
        '.spec.items: duplicate entries for key [port=80,protocol="TCP"]'
    )


def test_an_item_without_a_required_key_is_refused(applies: Applies) -> None:
    answer = applies.answer("x", items=[{"name": "a"}])
    assert answer.code in {422, 500}, answer


def test_a_set_is_shared_item_by_item(applies: Applies) -> None:
    applies("x", set=["a", "b"])
    found = applies("y", set=["b", "c"])
    assert found["spec"]["set"] == ["a", "b", "c"]
    assert owners(found) == {
        ("x", "Apply"): {"f:spec": {"f:set": {'v:"a"': {}, 'v:"b"': {}}}},
        ("y", "Apply"): {"f:spec": {"f:set": {'v:"b"': {}, 'v:"c"': {}}}},
    }


def test_an_item_of_a_set_goes_with_its_last_owner(applies: Applies) -> None:
    applies("x", set=["a", "b"])
    applies("y", set=["b"])
    assert applies("x", set=[])["spec"]["set"] == ["b"]


def test_a_set_holds_nothing_twice(applies: Applies) -> None:
    status = applies.answer("x", set=["a", "a"]).failure(500, "")
    assert status["message"].endswith('.spec.set: duplicate entries for key [="a"]')


def test_an_atomic_list_is_owned_as_a_whole(applies: Applies) -> None:
    found = applies("x", atomic=["a", "b"])
    assert owners(found)[("x", "Apply")] == {"f:spec": {"f:atomic": {}}}
    applies.answer("y", atomic=["a", "b", "c"]).failure(409, "Conflict")
    assert applies("y", force=True, atomic=["c"])["spec"]["atomic"] == ["c"]


def test_an_atomic_map_is_owned_as_a_whole(applies: Applies) -> None:
    found = applies("x", whole={"a": "1"})
    assert owners(found)[("x", "Apply")] == {"f:spec": {"f:whole": {}}}
    applies.answer("y", whole={"b": "1"}).failure(409, "Conflict")
    assert applies("y", force=True, whole={"b": "1"})["spec"]["whole"] == {"b": "1"}


def test_a_granular_map_is_owned_key_by_key(applies: Applies) -> None:
    applies("x", map={"a": "1"})
    found = applies("y", map={"b": "1"})
    assert found["spec"]["map"] == {"a": "1", "b": "1"}


def test_an_empty_map_is_owned_itself(applies: Applies) -> None:
    found = applies("x", map={})
    assert found["spec"]["map"] == {}
    assert owners(found)[("x", "Apply")] == {"f:spec": {"f:map": {}}}


def test_unknown_fields_are_owned_by_their_shape(applies: Applies) -> None:
    found = applies("x", free={"a": {"b": 1}, "l": [1, 2]})
    fields: Json = {"f:spec": {"f:free": {"f:a": {".": {}, "f:b": {}}, "f:l": {}}}}
    assert owners(found)[("x", "Apply")] == fields


def test_an_int_or_string_may_become_the_other(applies: Applies) -> None:
    applies("x", port=80)
    assert applies("x", port="http")["spec"]["port"] == "http"
    applies.answer("y", port=80).failure(409, "Conflict")


def test_a_nullable_field_is_owned_as_null(applies: Applies) -> None:
    found = applies("x", nothing=None)
    assert found["spec"] == {"nothing": None}
    assert owners(found)[("x", "Apply")] == {"f:spec": {"f:nothing": {}}}


def test_a_wrong_type_is_named_with_its_path(applies: Applies) -> None:
    status = applies.answer("x", items="none").failure(500, "")
    assert status["message"].endswith("Kind=Thing): .spec.items: expected list, got &{none}")


def service(ports: list[Json]) -> Json:
    spec = {"selector": {"a": "b"}, "ports": ports}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "one"}, "spec": spec}


def test_ports_of_a_service_have_a_default_protocol(cluster: Cluster, namespace: str) -> None:
    path = at("v1", "services", namespace, "one")
    cluster.apply(path, service([{"port": 53, "name": "t"}]), by="x").ok()
    udp = {"port": 53, "protocol": "UDP", "name": "u"}
    found = cluster.apply(path, service([udp]), by="y").ok()
    assert [(p["name"], p["protocol"]) for p in found["spec"]["ports"]] == [
        ("t", "TCP"), ("u", "UDP"),
    ]  # fmt: skip


def autoscaler(version: str) -> Json:
    spec: Json = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "maxReplicas": 3,
    }
    if version == "v1":
        spec["targetCPUUtilizationPercentage"] = 50
    else:
        target = {"type": "Utilization", "averageUtilization": 50}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    return {
        "apiVersion": f"autoscaling/{version}",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "one"},
        "spec": spec,
    }


@pytest.mark.parametrize(("first", "second"), [("v1", "v2"), ("v2", "v1")])
def test_an_applier_moves_to_another_version_of_a_kind(
    cluster: Cluster, namespace: str, first: str, second: str
) -> None:
    plural = "horizontalpodautoscalers"
    cluster.apply(at(f"autoscaling/{first}", plural, namespace, "one"), autoscaler(first)).ok()
    path = at(f"autoscaling/{second}", plural, namespace, "one")
    found = cluster.apply(path, autoscaler(second)).ok()
    entries = found["metadata"]["managedFields"]
    assert [(e["manager"], e["apiVersion"]) for e in entries if e["operation"] == "Apply"] == [
        ("tester", f"autoscaling/{second}")
    ]
    assert found["apiVersion"] == f"autoscaling/{second}"
    for field, value in autoscaler(second)["spec"].items():
        assert found["spec"][field] == value


def test_conflicts_across_versions_name_the_version_of_the_entry(
    cluster: Cluster, namespace: str
) -> None:
    plural = "horizontalpodautoscalers"
    first = autoscaler("v1")
    cluster.post(at("autoscaling/v1", plural, namespace), first, fieldManager="x").ok()
    applied = {**autoscaler("v2"), "spec": {**autoscaler("v2")["spec"], "maxReplicas": 4}}
    path = at("autoscaling/v2", plural, namespace, "one")
    status = cluster.apply(path, applied).failure(409, "Conflict")
    assert 'conflict with "x" using autoscaling/v1' in status["message"]
    assert {cause["field"] for cause in status["details"]["causes"]} >= {".spec.maxReplicas"}


def test_a_metric_given_up_in_the_older_version_stays_once_somebody_writes_in_the_newer(
    cluster: Cluster, namespace: str
) -> None:
    plural = "horizontalpodautoscalers"
    older, newer = (at(f"autoscaling/{v}", plural, namespace, "one") for v in ("v1", "v2"))
    first = autoscaler("v1")
    cluster.apply(older, first).ok()
    label = {**first, "apiVersion": "autoscaling/v2", "metadata": {"labels": {"a": "b"}}}
    cluster.apply(newer, {k: v for k, v in label.items() if k != "spec"}, by="y").ok()
    spec = {k: v for k, v in first["spec"].items() if k != "targetCPUUtilizationPercentage"}
    found = cluster.apply(older, {**first, "spec": spec}).ok()
    assert found["spec"]["targetCPUUtilizationPercentage"] == 50
    (entry,) = (e for e in found["metadata"]["managedFields"] if e["manager"] == "tester")
    assert "f:targetCPUUtilizationPercentage" not in entry["fieldsV1"]["f:spec"]
