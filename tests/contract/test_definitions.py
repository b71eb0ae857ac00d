"""CustomResourceDefinitions: their own life, and what is refused of them.

Source: Kubernetes documentation, "Extend the Kubernetes API with CustomResourceDefinitions",
"Versions in CustomResourceDefinitions".
"""

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.cluster import TABLE, Cluster, at
from tests.contract.custom import (
    DEFINITIONS,
    Custom,
    conditions,
    defined,
    definition_of,
    schema_of,
    version_of,
    wait_served,
)
from tests.e2e.api import eventually

Json = dict[str, Any]


@pytest.fixture
def spare(cluster: Cluster) -> Iterator[Json]:
    """A definition that a test may make; it is taken back afterwards."""
    definition = definition_of()
    yield definition
    cluster.delete(f"{DEFINITIONS}/{definition['metadata']['name']}")


def test_a_definition_gets_its_defaults(cluster: Cluster, spare: Json) -> None:
    del spare["spec"]["names"]["singular"]
    made = cluster.post(DEFINITIONS, spare).ok()
    assert made["spec"]["names"] == {
        "plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList",
    }  # fmt: skip
    assert made["spec"]["conversion"] == {"strategy": "None"}
    assert made["metadata"]["generation"] == 1


def test_a_definition_is_established(cluster: Cluster, spare: Json) -> None:
    cluster.post(DEFINITIONS, spare).ok()
    path = f"{DEFINITIONS}/{spare['metadata']['name']}"
    eventually("it is established", lambda: _is_established(cluster, path))
    found = conditions(cluster, path)
    assert found["NamesAccepted"]["status"] == "True"
    assert found["NamesAccepted"]["reason"] == "NoConflicts"
    assert found["Established"]["reason"] == "InitialNamesAccepted"
    status = cluster.get(path).ok()["status"]
    assert status["storedVersions"] == ["v1"]
    assert status["acceptedNames"]["plural"] == "things"


def _is_established(cluster: Cluster, path: str) -> bool:
    found = conditions(cluster, path).get("Established", {})
    return found.get("status") == "True" and found.get("reason") != "Installing"


def test_a_name_that_is_taken_is_not_accepted(cluster: Cluster) -> None:
    with defined(cluster) as custom:
        other = definition_of(group=custom.group, plural="others", singular="other")
        path = f"{DEFINITIONS}/{other['metadata']['name']}"
        cluster.post(DEFINITIONS, other).ok()
        try:
            eventually("it is judged", lambda: "NamesAccepted" in conditions(cluster, path))
            found = conditions(cluster, path)
            assert found["NamesAccepted"]["status"] == "False"
            assert found["NamesAccepted"]["reason"] == "ListKindConflict"
            assert found["NamesAccepted"]["message"] == '"ThingList" is already in use'
            assert found["Established"]["status"] == "False"
            assert found["Established"]["reason"] == "NotAccepted"
            assert cluster.get(at(f"{custom.group}/v1", "others")).code == 404
        finally:
            cluster.delete(path)


def test_a_name_is_accepted_when_it_becomes_free(cluster: Cluster) -> None:
    other: Json = {}
    with defined(cluster) as custom:
        other = definition_of(group=custom.group, plural="others", singular="other")
        path = f"{DEFINITIONS}/{other['metadata']['name']}"
        cluster.post(DEFINITIONS, other).ok()
        eventually("it is judged", lambda: "NamesAccepted" in conditions(cluster, path))
    try:
        eventually("it is established", lambda: _is_established(cluster, path))
    finally:
        cluster.delete(path)


def test_discovery_shows_a_definition_and_its_change(cluster: Cluster) -> None:
    version = version_of(schema_of(), subresources={"status": {}})
    with defined(cluster, version) as custom:
        path = f"/apis/{custom.group}/v1"

        def resources() -> dict[str, Json]:
            answer = cluster.get(path)
            found = answer.json["resources"] if answer.code == 200 else []
            return {resource["name"]: resource for resource in found}

        found = eventually("it is listed", lambda: len(resources()) == 2 and resources())
        assert found["things"]["kind"] == "Thing"
        assert found["things"]["singularName"] == "thing"
        assert found["things"]["namespaced"] is True
        assert sorted(found["things/status"]["verbs"]) == ["get", "patch", "update"]
        patch = {"spec": {"names": {"shortNames": ["th"], "categories": ["all"]}}}
        cluster.patch(custom.definition, patch).ok()
        eventually("the change shows", lambda: resources()["things"].get("shortNames") == ["th"])
        assert resources()["things"]["categories"] == ["all"]


def two_versions() -> tuple[Json, Json]:
    old = schema_of({"type": "object", "properties": {"a": {"type": "string"}}})
    new = schema_of({
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string", "default": "x"}},
    })  # fmt: skip
    return version_of(old, "v1"), version_of(new, "v2", storage=False)


def test_an_object_is_served_in_every_version(cluster: Cluster, namespace: str) -> None:
    with defined(cluster, *two_versions()) as custom:
        made = cluster.post(custom.at(namespace), custom.thing(spec={"a": "1"})).ok()
        assert made["apiVersion"] == f"{custom.group}/v1"
        other = cluster.get(custom.at(namespace, "one", version="v2")).ok()
        assert other["apiVersion"] == f"{custom.group}/v2"
        assert other["spec"] == {"a": "1"}  # defaults are those of the stored version
        assert other["metadata"]["uid"] == made["metadata"]["uid"]
        listed = cluster.get(custom.at(namespace, version="v2")).ok()
        assert listed["apiVersion"] == f"{custom.group}/v2"
        assert [item["apiVersion"] for item in listed["items"]] == [f"{custom.group}/v2"]


def test_fields_that_the_stored_version_lacks_are_lost(cluster: Cluster, namespace: str) -> None:
    with defined(cluster, *two_versions()) as custom:
        manifest = custom.thing(version="v2", spec={"a": "1", "b": "2"})
        cluster.post(custom.at(namespace, version="v2"), manifest).ok()
        assert cluster.get(custom.at(namespace, "one")).ok()["spec"] == {"a": "1"}


def test_another_version_shows_the_fields_that_it_has(cluster: Cluster, namespace: str) -> None:
    stored, other = two_versions()
    stored["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["c"] = {
        "type": "string"
    }
    with defined(cluster, stored, other) as custom:
        manifest = custom.thing(spec={"a": "1", "c": "3"})
        cluster.post(custom.at(namespace), manifest, fieldManager="x").ok()
        found = cluster.get(custom.at(namespace, "one", version="v2")).ok()
        listed = cluster.get(custom.at(namespace, version="v2")).ok()["items"]

        assert found["spec"] == {"a": "1"}
        assert [item["spec"] for item in listed] == [{"a": "1"}]
        assert cluster.get(custom.at(namespace, "one")).ok()["spec"] == {"a": "1", "c": "3"}


def test_a_write_in_another_version_loses_what_that_lacks(cluster: Cluster, namespace: str) -> None:
    stored, other = two_versions()
    stored["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["c"] = {
        "type": "string"
    }
    with defined(cluster, stored, other) as custom:
        made = cluster.post(custom.at(namespace), custom.thing(spec={"a": "1", "c": "3"})).ok()
        path = custom.at(namespace, "one", version="v2")
        found = cluster.patch(path, {"metadata": {"labels": {"x": "y"}}})

        assert found.warnings == ()
        assert found.ok()["metadata"]["resourceVersion"] != made["metadata"]["resourceVersion"]
        assert "c" not in cluster.get(custom.at(namespace, "one")).ok()["spec"]


def test_what_the_stored_version_lacks_cannot_be_applied_to_what_is_there(
    cluster: Cluster, namespace: str
) -> None:
    with defined(cluster, *two_versions()) as custom:
        cluster.post(custom.at(namespace), custom.thing(spec={"a": "1"})).ok()
        manifest = custom.thing(version="v2", spec={"b": "2"})
        status = cluster.apply(custom.at(namespace, "one", version="v2"), manifest).failure(500, "")
        assert status["message"] == (
            "failed to convert new object: .spec.b: field not declared in schema"
        )


def test_a_version_that_is_not_served_is_not_found(cluster: Cluster, namespace: str) -> None:
    first, second = two_versions()
    with defined(cluster, first, {**second, "served": False}) as custom:
        assert cluster.get(custom.at(namespace, version="v2")).code == 404
        cluster.get(custom.at(namespace)).ok()


def test_another_stored_version_is_remembered(cluster: Cluster) -> None:
    with defined(cluster, *two_versions()) as custom:
        patch = [
            {"op": "replace", "path": "/spec/versions/0/storage", "value": False},
            {"op": "replace", "path": "/spec/versions/1/storage", "value": True},
        ]
        cluster.patch(custom.definition, patch, "application/json-patch+json").ok()
        eventually(
            "both are stored versions",
            lambda: cluster.get(custom.definition).ok()["status"]["storedVersions"] == ["v1", "v2"],
        )
        gone = [{"op": "remove", "path": "/spec/versions/0"}]
        status = cluster.patch(custom.definition, gone, "application/json-patch+json").failure(
            422, "Invalid"
        )
        assert status["details"]["causes"][0]["field"] == "status.storedVersions[0]"


def test_columns_are_those_of_the_definition(cluster: Cluster, namespace: str) -> None:
    columns = [
        {"name": "Text", "type": "string", "jsonPath": ".spec.a"},
        {"name": "Number", "type": "integer", "jsonPath": ".spec.n", "priority": 1},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]
    with defined(cluster, version_of(schema_of(), additionalPrinterColumns=columns)) as custom:
        cluster.post(custom.at(namespace), custom.thing(spec={"a": "x", "n": 3})).ok()
        cluster.post(custom.at(namespace), custom.thing(name="two")).ok()
        table = cluster.get(custom.at(namespace), accept=TABLE).ok()
        assert [(c["name"], c["type"], c["priority"]) for c in table["columnDefinitions"]] == [
            ("Name", "string", 0),
            ("Text", "string", 0),
            ("Number", "integer", 1),
            ("Age", "date", 0),
        ]
        assert [row["cells"][:3] for row in table["rows"]] == [
            ["one", "x", 3], ["two", None, None],
        ]  # fmt: skip


def test_objects_are_selected_by_fields_of_the_definition(cluster: Cluster, namespace: str) -> None:
    schema = schema_of({"type": "object", "properties": {"a": {"type": "string"}}})
    version = version_of(schema, selectableFields=[{"jsonPath": ".spec.a"}])
    with defined(cluster, version) as custom:
        cluster.post(custom.at(namespace), custom.thing(spec={"a": "x"})).ok()
        cluster.post(custom.at(namespace), custom.thing(name="two", spec={"a": "y"})).ok()
        listed = cluster.get(custom.at(namespace), fieldSelector="spec.a=y").ok()["items"]
        assert [item["metadata"]["name"] for item in listed] == ["two"]
        status = cluster.get(custom.at(namespace), fieldSelector="spec.b=y")
        assert "field label not supported: spec.b" in status.failure(400, "BadRequest")["message"]


def test_a_definition_goes_with_its_objects(cluster: Cluster, namespace: str) -> None:
    with defined(cluster) as custom:
        held = custom.thing()
        held["metadata"]["finalizers"] = ["example.com/hold"]
        cluster.post(custom.at(namespace), held).ok()
        cluster.post(custom.at(namespace), custom.thing(name="two")).ok()
        cluster.delete(custom.definition).ok()
        eventually("it ends", lambda: "Terminating" in conditions(cluster, custom.definition))
        eventually("an object goes", lambda: cluster.get(custom.at(namespace, "two")).code == 404)
        found = cluster.get(custom.at(namespace, "one")).ok()
        assert found["metadata"]["deletionTimestamp"]
        status = cluster.post(custom.at(namespace), custom.thing(name="new")).failure(
            403, "Forbidden"
        )
        assert status["message"] == (
            f'things.{custom.group} "new" is forbidden: create not allowed while custom resource '
            "definition is terminating"
        )
        cluster.patch(custom.at(namespace, "one"), {"metadata": {"finalizers": None}}).ok()
        eventually("it is gone", lambda: cluster.get(custom.definition).code == 404)
        eventually("the kind is gone", lambda: cluster.get(custom.at(namespace)).code == 404)


def test_a_definition_that_comes_back_has_no_objects(cluster: Cluster, namespace: str) -> None:
    with defined(cluster) as custom:
        cluster.post(custom.at(namespace), custom.thing()).ok()
        cluster.delete(custom.definition).ok()
        eventually("it is gone", lambda: cluster.get(custom.definition).code == 404)
        cluster.post(DEFINITIONS, definition_of(group=custom.group)).ok()
        wait_served(cluster, custom)
        assert cluster.get(custom.at(namespace)).ok()["items"] == []


def broken(change: str, value: Any) -> Json:
    """A definition with one part replaced, or taken away when the value is None."""
    definition = copy.deepcopy(definition_of(group="broken.example.com"))
    *steps, last = change.split(".")
    inner: Any = definition
    for step in steps:
        inner = inner[int(step)] if step.isdigit() else inner[step]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return definition


BROKEN = yaml.safe_load((Path(__file__).parent / "cases" / "definitions.yaml").read_text())[
    "refused"
]


@pytest.mark.parametrize(
    ("change", "value", "field", "message"), [pytest.param(*row[1:], id=row[0]) for row in BROKEN]
)
def test_a_definition_is_refused_for(
    cluster: Cluster, change: str, value: Any, field: str, message: str
) -> None:
    status = cluster.post(DEFINITIONS, broken(change, value)).failure(422, "Invalid")
    causes = {cause["field"]: cause["message"] for cause in status["details"]["causes"]}
    assert field in causes
    assert not message or causes[field] == message


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("scope", "Cluster", id="scope"),
        pytest.param("group", "x.example.com", id="group"),
    ],
)
def test_a_definition_cannot_change_its(cluster: Cluster, field: str, value: str) -> None:
    with defined(cluster) as custom:
        patch = {"spec": {field: value}}
        status = cluster.patch(custom.definition, patch).failure(422, "Invalid")
        causes = {cause["field"]: cause["message"] for cause in status["details"]["causes"]}
        assert causes[f"spec.{field}"] == f'Invalid value: "{value}": field is immutable'


def test_the_status_of_a_definition_is_the_servers(cluster: Cluster, spare: Json) -> None:
    spare["status"] = {
        "acceptedNames": {"plural": "x", "kind": "X"}, "conditions": [], "storedVersions": ["v9"],
    }  # fmt: skip
    made = cluster.post(DEFINITIONS, spare).ok()
    assert made["status"]["storedVersions"] == ["v1"]


def test_cluster_scoped_objects_have_no_namespace(cluster: Cluster) -> None:
    definition = definition_of()
    definition["spec"]["scope"] = "Cluster"
    custom = Custom(definition["spec"]["group"])
    cluster.post(DEFINITIONS, definition).ok()
    try:
        path = at(f"{custom.group}/v1", "things")
        eventually("it is served", lambda: cluster.post(path, {}, dryRun="All").code in {400, 422})
        made = cluster.post(path, custom.thing()).ok()
        assert "namespace" not in made["metadata"]
        assert cluster.get(custom.at("default")).code == 404
    finally:
        cluster.delete(custom.definition)


COLUMNS: list[tuple[str, str, str, Any]] = [
    ("a text", "string", ".spec.text", "a"),
    ("a text that is missing", "string", ".spec.gone", None),
    ("a whole number", "integer", ".spec.whole", 3),
    ("a number with a share, as a whole one", "integer", ".spec.share", 1),
    ("a number with a share", "number", ".spec.share", 1.5),
    ("a truth", "boolean", ".spec.truth", True),
    ("a text as a whole number", "integer", ".spec.text", None),
    ("a whole number as a text", "string", ".spec.whole", "3"),
    ("a truth as a text", "string", ".spec.truth", "true"),
    ("a date long ago", "date", ".spec.long", "<years>"),
    ("a date that is none", "date", ".spec.text", "<invalid>"),
    ("a list", "string", ".spec.list", '["x","y"]'),
    ("an item of a list", "string", ".spec.list[1]", "y"),
    ("each item of a list", "string", ".spec.list[*]", "x"),
    ("a map", "string", ".spec.map", '{"k":"v"}'),
    ("a filtered item", "string", '.spec.items[?(@.name=="b")].value', "2"),
    ("a label with dots", "string", r".metadata.labels.example\.com/a", "b"),
]


def _column(number: int, kind: str, path: str) -> Json:
    return {"name": f"C{number}", "type": kind, "jsonPath": path, "priority": number % 2}


@pytest.fixture(scope="module")
def columned(cluster: Cluster) -> Iterator[tuple[list[Json], list[Any]]]:
    """Columns of a table as defined, and the cells that one object has in them."""
    columns = [_column(place, kind, path) for place, (_, kind, path, _) in enumerate(COLUMNS)]
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    with defined(cluster, version_of(schema_of(free), additionalPrinterColumns=columns)) as custom:
        spec = {
            "text": "a", "whole": 3, "share": 1.5, "truth": True, "long": "2000-01-01T00:00:00Z",
            "list": ["x", "y"], "map": {"k": "v"},
            "items": [{"name": "a", "value": 1}, {"name": "b", "value": 2}],
        }  # fmt: skip
        manifest = custom.thing(spec=spec)
        manifest["metadata"]["labels"] = {"example.com/a": "b"}
        cluster.post(custom.at("default"), manifest).ok()
        found = cluster.get(custom.at("default", "one"), accept=TABLE).ok()
        yield found["columnDefinitions"], found["rows"][0]["cells"]


@pytest.mark.parametrize("number", range(len(COLUMNS)), ids=[row[0] for row in COLUMNS])
def test_a_printer_column_shows(columned: tuple[list[Json], list[Any]], number: int) -> None:
    definitions, cells = columned
    _, kind, _, expected = COLUMNS[number]
    definition, cell = definitions[number + 1], cells[number + 1]
    if expected == "<years>":
        assert re.fullmatch(r"\d+y(\d+d)?", cell)
        cell = expected

    assert (definition["name"], definition["type"]) == (f"C{number}", kind)
    assert definition["priority"] == number % 2
    assert cell == expected
