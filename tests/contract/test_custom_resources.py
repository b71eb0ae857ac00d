"""Custom resources under their schema: pruning, defaults, validation, rules.

Source: Kubernetes documentation, "Extend the Kubernetes API with CustomResourceDefinitions".
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.cluster import Cluster
from tests.contract.custom import Custom, defined, schema_of, version_of, wait_served
from tests.e2e.api import eventually

Json = dict[str, Any]
CASES = yaml.safe_load((Path(__file__).parent / "cases" / "custom_resources.yaml").read_text())
LEAST: Json = {"name": "abc"}
DEFAULTS = {"level": "low", "nothing": "d", "notnull": "d", "deep": {"v": "w"}}


@pytest.fixture(scope="module")
def things(cluster: Cluster) -> Iterator[Custom]:
    schema = {"type": "object", "required": ["spec"], "properties": {"spec": CASES["spec"]}}
    with defined(cluster, version_of(schema)) as custom:
        yield custom


@pytest.mark.parametrize(
    ("spec", "kept"), [pytest.param(*row[1:], id=row[0]) for row in CASES["kept"]]
)
def test_what_is_kept_of(
    cluster: Cluster, things: Custom, namespace: str, spec: Json, kept: Json
) -> None:
    made = cluster.post(things.at(namespace), things.thing(spec={**LEAST, **spec})).ok()
    assert made["spec"] == {**LEAST, **DEFAULTS, **kept}


@pytest.mark.parametrize(
    ("spec", "expected"), [pytest.param(*row[1:], id=row[0]) for row in CASES["refused"]]
)
def test_refused_is(
    cluster: Cluster, things: Custom, namespace: str, spec: Json, expected: list[str]
) -> None:
    answer = cluster.post(things.at(namespace), things.thing(spec={**LEAST, **spec}))
    status = answer.failure(422, "Invalid")
    field, reason, message = expected
    found = status["details"]["causes"]
    assert {"field": field, "reason": reason, "message": message} in found
    assert status["message"].startswith(f'Thing.{things.group} "one" is invalid: ')


def test_a_missing_part_is_required(cluster: Cluster, things: Custom, namespace: str) -> None:
    status = cluster.post(things.at(namespace), things.thing()).failure(422, "Invalid")
    assert status["message"] == (
        f'Thing.{things.group} "one" is invalid: [spec: Required value, <nil>: Invalid value: '
        "null: some validation rules were not checked because the object was invalid; correct the "
        "existing errors to complete validation]"
    )


def test_all_that_is_wrong_is_named(cluster: Cluster, things: Custom, namespace: str) -> None:
    spec = {"name": "ABC", "count": 0}
    status = cluster.post(things.at(namespace), things.thing(spec=spec)).failure(422, "Invalid")
    assert {cause["field"] for cause in status["details"]["causes"]} == {"spec.name", "spec.count"}
    assert status["message"].startswith(f'Thing.{things.group} "one" is invalid: [spec.')


TRANSITIONS: list[tuple[str, Json, Json, str]] = [
    ("a fixed field changes", {"fixed": "a"}, {"fixed": "b"}, "fixed cannot change"),
    ("a number shrinks", {"never-less": 2}, {"never-less": 1}, "must not shrink"),
    ("a fixed field stays", {"fixed": "a"}, {"fixed": "a", "kind": "a"}, ""),
    ("a number grows", {"never-less": 1}, {"never-less": 2}, ""),
    ("a fixed field goes", {"fixed": "a"}, {"fixed": None}, ""),
]


@pytest.mark.parametrize(
    ("change", "message"),
    [pytest.param(row[1:3], row[3], id=row[0]) for row in TRANSITIONS],
)
def test_a_rule_compares_old_and_new_when(
    cluster: Cluster, things: Custom, namespace: str, change: tuple[Json, Json], message: str
) -> None:
    old, new = change
    cluster.post(things.at(namespace), things.thing(spec={**LEAST, **old})).ok()
    answer = cluster.patch(things.at(namespace, "one"), {"spec": new})
    if not message:
        answer.ok()
        return
    assert message in answer.failure(422, "Invalid")["message"]


def test_what_was_invalid_before_may_stay(cluster: Cluster, namespace: str) -> None:
    lenient = schema_of(
        {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    )
    with defined(cluster, version_of(lenient)) as custom:
        cluster.post(custom.at(namespace), custom.thing(spec={"a": "long"})).ok()
        strict = schema_of({
            "type": "object",
            "properties": {"a": {"type": "string", "maxLength": 2}, "b": {"type": "string"}},
        })  # fmt: skip
        _redefine(cluster, custom, strict)
        probe = custom.thing(name="probe", spec={"a": "long"})
        eventually(
            "the new schema is in force",
            lambda: cluster.post(custom.at(namespace), probe, dryRun="All").code == 422,
        )
        path = custom.at(namespace, "one")
        assert cluster.patch(path, {"spec": {"b": "x"}}).ok()["spec"] == {"a": "long", "b": "x"}
        cluster.patch(path, {"spec": {"a": "longer"}}).failure(422, "Invalid")


def test_a_new_default_shows_on_what_is_stored(cluster: Cluster, namespace: str) -> None:
    before = schema_of({"type": "object", "properties": {"a": {"type": "string"}}})
    with defined(cluster, version_of(before)) as custom:
        made = cluster.post(custom.at(namespace), custom.thing(spec={"a": "x"})).ok()
        after = schema_of({
            "type": "object",
            "properties": {"a": {"type": "string"}, "b": {"type": "string", "default": "y"}},
        })  # fmt: skip
        _redefine(cluster, custom, after)
        path = custom.at(namespace, "one")
        eventually(
            "the default shows", lambda: cluster.get(path).ok()["spec"] == {"a": "x", "b": "y"}
        )
        found = cluster.get(path).ok()
        assert found["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
        listed = cluster.get(custom.at(namespace)).ok()["items"]
        assert [item["spec"] for item in listed] == [{"a": "x", "b": "y"}]


def test_a_field_that_the_schema_forgets_is_pruned_when_read(
    cluster: Cluster, namespace: str
) -> None:
    with defined(cluster) as custom:
        cluster.post(custom.at(namespace), custom.thing(spec={"a": "x", "b": "y"})).ok()
        _redefine(
            cluster, custom, schema_of({"type": "object", "properties": {"a": {"type": "string"}}})
        )
        path = custom.at(namespace, "one")
        eventually("the field is gone", lambda: cluster.get(path).ok()["spec"] == {"a": "x"})


def _redefine(cluster: Cluster, custom: Custom, schema: Json) -> None:
    patch = [{"op": "replace", "path": "/spec/versions/0/schema/openAPIV3Schema", "value": schema}]
    cluster.patch(custom.definition, patch, "application/json-patch+json").ok()
    wait_served(cluster, custom)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("One", id="upper case"),
        pytest.param("a_b", id="an underscore"),
        pytest.param("-a", id="a leading dash"),
        pytest.param("a" * 254, id="too many letters"),
    ],
)
def test_a_name_is_refused_for(cluster: Cluster, things: Custom, namespace: str, name: str) -> None:
    manifest = things.thing(name=name, spec=LEAST)
    status = cluster.post(things.at(namespace), manifest).failure(422, "Invalid")
    assert status["details"]["causes"][0]["field"] == "metadata.name"


def test_a_name_may_be_a_subdomain(cluster: Cluster, things: Custom, namespace: str) -> None:
    made = cluster.post(things.at(namespace), things.thing(name="a.b-c", spec=LEAST)).ok()
    assert made["metadata"]["name"] == "a.b-c"


def test_an_object_of_another_kind_is_refused(
    cluster: Cluster, things: Custom, namespace: str
) -> None:
    manifest = {**things.thing(spec=LEAST), "kind": "Other"}
    status = cluster.post(things.at(namespace), manifest).failure(422, "Invalid")
    cause = status["details"]["causes"][0]
    assert (cause["field"], cause["message"]) == ("kind", 'Invalid value: "Other": must be Thing')


@pytest.mark.parametrize("field", ["apiVersion", "kind"])
def test_a_custom_resource_has_to_say_its(
    cluster: Cluster, things: Custom, namespace: str, field: str
) -> None:
    manifest = things.thing(spec=LEAST)
    del manifest[field]
    cluster.post(things.at(namespace), manifest).failure(400, "BadRequest")


def test_unknown_fields_are_warned_of(cluster: Cluster, things: Custom, namespace: str) -> None:
    manifest = things.thing(spec={**LEAST, "other": 1})
    answer = cluster.post(things.at(namespace), manifest, fieldValidation="Warn")
    answer.ok()
    assert [text.startswith('unknown field "spec.other') for text in answer.warnings] == [True]


def test_unknown_fields_may_be_refused(cluster: Cluster, things: Custom, namespace: str) -> None:
    manifest = things.thing(spec={**LEAST, "other": 1})
    answer = cluster.post(things.at(namespace), manifest, fieldValidation="Strict")
    status = answer.failure(400, "BadRequest")
    assert status["message"] == (
        'Thing in version "v1" cannot be handled as a Thing: strict decoding error: '
        'unknown field "spec.other"'
    )
