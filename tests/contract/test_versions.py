"""Kinds that have several versions: an object of one, read in another."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.custom import Custom, defined, schema_of, version_of
from tests.contract.recorded import check, recorded_cases
from tests.e2e.api import eventually

Json = dict[str, Any]


@pytest.mark.parametrize(("case", "expected"), recorded_cases("versions"))
def test_an_object_reads_in_another_version_as_on_a_real_server(
    cluster: Cluster, namespace: str, case: dict[str, Any], expected: Any
) -> None:
    check(cluster, namespace, case, expected)


def spec_of(**fields: str) -> Json:
    return {"type": "object", "properties": {k: {"type": v} for k, v in fields.items()}}


@pytest.fixture
def custom(cluster: Cluster) -> Iterator[Custom]:
    first = version_of(schema_of(spec_of(a="string", b="integer")))
    second = version_of(schema_of(spec_of(a="string", z="string")), "v2", storage=False)
    with defined(cluster, first, second) as found:
        yield found


def owners(manifest: Json) -> dict[str, tuple[str, Json]]:
    return {
        entry["manager"]: (entry["apiVersion"].rpartition("/")[2], entry["fieldsV1"])
        for entry in manifest["metadata"].get("managedFields", ())
    }


def test_the_highest_stable_version_of_a_kind_is_the_preferred_one(cluster: Cluster) -> None:
    names = ["v1", "v2beta1", "other", "v10", "v2", "v11alpha1", "v2beta12", "a"]
    versions = [version_of(schema_of(), name, storage=name == "v1") for name in names]
    with defined(cluster, *versions) as found:
        group = eventually(
            "all are listed", lambda: _with_all(cluster, found.group, len(names)), 30
        )

    assert [version["version"] for version in group["versions"]] == [
        "v10", "v2", "v1", "v2beta12", "v2beta1", "v11alpha1", "a", "other",
    ]  # fmt: skip
    assert group["preferredVersion"]["version"] == "v10"


def _with_all(cluster: Cluster, group: str, count: int) -> Json | None:
    found = next((g for g in cluster.get("/apis").ok()["groups"] if g["name"] == group), None)
    return found if found and len(found["versions"]) == count else None


def test_an_apply_fails_beside_an_owner_whose_version_lacks_a_field(
    cluster: Cluster, namespace: str, custom: Custom
) -> None:
    label = {"labels": {"a": "b"}, "name": "one"}
    cluster.apply(custom.at(namespace, "one"), custom.thing(spec={"a": "1"}), by="x").ok()
    of_second = custom.thing(version="v2", metadata=label) | {"metadata": label}
    cluster.apply(custom.at(namespace, "one", version="v2"), of_second, by="y").ok()

    status = cluster.apply(
        custom.at(namespace, "one"), custom.thing(spec={"a": "1", "b": 2}), by="x"
    ).failure(500, "")

    assert status["message"] == (
        "failed to prune fields: failed add back owned items: failed to convert merged object at "
        f"version {custom.group}/v2: .spec.b: field not declared in schema"
    )


def test_an_update_beside_such_an_owner_counts_and_has_no_owner(
    cluster: Cluster, namespace: str, custom: Custom
) -> None:
    of_second = custom.thing(version="v2", spec={"a": "1"})
    cluster.apply(custom.at(namespace, "one", version="v2"), of_second, by="x").ok()

    found = cluster.patch(custom.at(namespace, "one"), {"spec": {"b": 2}}, fieldManager="y").ok()

    assert found["spec"] == {"a": "1", "b": 2}
    assert owners(found) == {"x": ("v2", {"f:spec": {"f:a": {}}})}


def test_a_field_that_is_not_stored_has_an_owner_all_the_same(
    cluster: Cluster, namespace: str, custom: Custom
) -> None:
    of_second = custom.thing(version="v2", spec={"a": "1", "z": "2"})
    cluster.apply(custom.at(namespace, "one", version="v2"), of_second, by="x").ok()

    found = cluster.get(custom.at(namespace, "one", version="v2")).ok()

    assert found["spec"] == {"a": "1"}
    assert owners(found) == {"x": ("v2", {"f:spec": {"f:a": {}, "f:z": {}}})}


def test_owners_in_a_version_that_is_gone_stay_and_let_applies_fail(
    cluster: Cluster, namespace: str, custom: Custom
) -> None:
    path, thing = custom.at(namespace, "one"), custom.thing(spec={"a": "1"})
    cluster.apply(path, thing, by="x").ok()
    second = custom.at(namespace, "one", version="v2")
    cluster.apply(second, custom.thing(version="v2", spec={"a": "1"}), by="y").ok()
    definition = cluster.get(custom.definition).ok()
    definition["spec"]["versions"][1]["served"] = False
    definition = cluster.put(custom.definition, definition).ok()
    eventually("the version is not served", lambda: cluster.get(second).code == 404, 30)
    assert owners(cluster.apply(path, thing, by="x").ok())["y"][0] == "v2"
    del definition["spec"]["versions"][1]
    cluster.put(custom.definition, definition).ok()

    eventually("the version is gone", lambda: cluster.apply(path, thing, by="x").code == 500, 30)
    status = cluster.apply(path, thing, by="x").failure(500, "")
    found = cluster.patch(path, {"spec": {"a": "2"}}, fieldManager="z").ok()

    what = "request to convert CR to an invalid group/version"
    assert status["message"] == f"{what}: {custom.group}/v2"
    assert set(owners(found)) == {"x", "y"}
