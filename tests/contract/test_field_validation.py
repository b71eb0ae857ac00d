"""Field validation: unknown and repeated fields, refused, warned of or ignored.

Source: Kubernetes API concepts, "Validation for unrecognized or duplicate fields".
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.cluster import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, Answer, Cluster, at
from tests.contract.custom import Custom, defined, schema_of, version_of

Json = dict[str, Any]

JSON = b"""{"apiVersion": "apps/v1", "kind": "Deployment",
"metadata": {"name": "one", "odd": 1}, "extra": {"a": 1},
"spec": {"odd": 1, "odd": 2, "paused": true, "paused": false,
"selector": {"matchLabels": {"a": "b", "a": "b"}},
"template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [
{"name": "c", "image": "i", "odd": 1, "imagePullPolicy": "Always", "imagePullPolicy": "Never"}
]}}}}"""
IN_JSON = [
    'unknown field "metadata.odd"',
    'unknown field "extra"',
    'unknown field "spec.odd"',
    'duplicate field "spec.paused"',
    'duplicate field "spec.selector.matchLabels.a"',
    'unknown field "spec.template.spec.containers[0].odd"',
    'duplicate field "spec.template.spec.containers[0].imagePullPolicy"',
]
YAML = b"""apiVersion: v1
kind: ConfigMap
metadata:
  name: one
data:
  a: one
  a: two
extra: 1
"""
IN_YAML = ['line 7: key "a" already set in map', 'unknown field "extra"']
DEPLOYMENT: dict[str, Any] = {
    "metadata": {"name": "one"},
    "spec": {
        "selector": {"matchLabels": {"a": "b"}},
        "template": {
            "metadata": {"labels": {"a": "b"}},
            "spec": {"containers": [{"name": "c", "image": "i"}]},
        },
    },
}


@pytest.fixture
def path(cluster: Cluster, namespace: str) -> str:
    return at("apps/v1", "deployments", namespace)


def test_strict_refuses_every_unknown_and_repeated_field(cluster: Cluster, path: str) -> None:
    answer = cluster.call("POST", path, JSON, fieldValidation="Strict")
    assert answer.failure(400, "BadRequest")["message"] == (
        'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: '
        + ", ".join(IN_JSON)
    )
    assert cluster.get(f"{path}/one").code == 404


@pytest.mark.parametrize("query", [{}, {"fieldValidation": "Warn"}, {"fieldValidation": ""}])
def test_warnings_are_the_default(cluster: Cluster, path: str, query: dict[str, Any]) -> None:
    answer = cluster.call("POST", path, JSON, **query)
    made = answer.ok()
    assert list(answer.warnings) == IN_JSON
    assert "odd" not in made["spec"]
    assert "extra" not in made
    assert made["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] == "Never"


def test_ignore_drops_fields_without_a_word(cluster: Cluster, path: str) -> None:
    answer = cluster.call("POST", path, JSON, fieldValidation="Ignore")
    assert "odd" not in answer.ok()["spec"]
    assert answer.warnings == ()


def test_yaml_is_read_as_strictly(cluster: Cluster, namespace: str) -> None:
    path = at("v1", "configmaps", namespace)
    answer = cluster.call("POST", path, YAML, media="application/yaml", fieldValidation="Strict")
    assert answer.failure(400, "BadRequest")["message"] == (
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: yaml: '
        'unmarshal errors:\n  line 7: key "a" already set in map, unknown field "extra"'
    )


def test_yaml_is_warned_of_line_by_line(cluster: Cluster, namespace: str) -> None:
    path = at("v1", "configmaps", namespace)
    answer = cluster.call("POST", path, YAML, media="application/yaml")
    assert answer.ok()["data"] == {"a": "two"}
    assert list(answer.warnings) == IN_YAML


def test_an_update_is_read_as_strictly(cluster: Cluster, path: str) -> None:
    cluster.post(path, DEPLOYMENT).ok()
    new = {**DEPLOYMENT, "spec": {**DEPLOYMENT["spec"], "odd": 1}}
    status = cluster.put(f"{path}/one", new, fieldValidation="Strict").failure(400, "BadRequest")
    assert status["message"].endswith('strict decoding error: unknown field "spec.odd"')
    assert cluster.put(f"{path}/one", new).warnings == ('unknown field "spec.odd"',)


PATCHES = [
    pytest.param(
        b'{"spec": {"odd": 1}}', MERGE_PATCH, 'unknown field "spec.odd"', id="a merge patch"
    ),
    pytest.param(
        b'{"spec": {"paused": true, "paused": false}}',
        MERGE_PATCH,
        'duplicate field "spec.paused"',
        id="a merge patch that says it twice",
    ),
    pytest.param(
        b'{"spec": {"template": {"spec": {"containers": [{"name": "c", "odd": 1}]}}}}',
        STRATEGIC_PATCH,
        'unknown field "spec.template.spec.containers[0].odd"',
        id="a strategic patch",
    ),
    pytest.param(
        b'[{"op": "add", "path": "/spec/odd", "value": 1}]',
        JSON_PATCH,
        'unknown field "spec.odd"',
        id="a JSON patch",
    ),
    pytest.param(
        b'[{"op": "add", "path": "/spec/paused", "value": false, "odd": 1}]',
        JSON_PATCH,
        'json patch unknown field "[0].odd"',
        id="a JSON patch with an odd operation",
    ),
]


def patched(cluster: Cluster, path: str, patch: tuple[bytes, str], validation: str) -> Answer:
    cluster.post(path, DEPLOYMENT).ok()
    body, media = patch
    return cluster.call("PATCH", f"{path}/one", body, media=media, fieldValidation=validation)


@pytest.mark.parametrize(("body", "media", "text"), PATCHES)
def test_a_strict_patch_is_refused(
    cluster: Cluster, path: str, body: bytes, media: str, text: str
) -> None:
    status = patched(cluster, path, (body, media), "Strict").failure(422, "Invalid")
    [cause] = status["details"]["causes"]
    assert (cause["field"], cause["reason"]) == ("patch", "FieldValueInvalid")
    assert cause["message"].endswith(f"strict decoding error: {text}")
    assert status["message"].startswith(' "" is invalid: patch: Invalid value: ')
    assert set(status["details"]) == {"causes"}


@pytest.mark.parametrize(("body", "media", "text"), PATCHES)
def test_a_patch_is_warned_of(
    cluster: Cluster, path: str, body: bytes, media: str, text: str
) -> None:
    answer = patched(cluster, path, (body, media), "Warn")
    answer.ok()
    assert answer.warnings == (text,)


@pytest.mark.parametrize(("body", "media", "text"), PATCHES)
def test_a_patch_may_say_what_it_likes(
    cluster: Cluster, path: str, body: bytes, media: str, text: str
) -> None:
    answer = patched(cluster, path, (body, media), "Ignore")
    answer.ok()
    assert text not in answer.warnings


def test_a_strict_apply_with_a_key_twice_is_refused(cluster: Cluster, namespace: str) -> None:
    path = at("v1", "configmaps", namespace, "one")
    body = YAML.replace(b"extra: 1\n", b"")
    status = cluster.apply(path, body, fieldValidation="Strict").failure(400, "BadRequest")
    assert status["message"] == (
        "error strict decoding patch: error converting YAML to JSON: yaml: unmarshal errors:\n"
        '  line 7: key "a" already set in map'
    )
    assert cluster.apply(path, body).warnings == ('line 7: key "a" already set in map',)


ODD: list[tuple[str, Json, list[str]]] = [
    ("in an item of a list", {"list": [{"a": "1"}, {"odd": 1}]}, ["spec.list[1].odd"]),
    ("in a value of a map", {"map": {"k": {"odd": 1}}}, ["spec.map.k.odd"]),
    ("at the root and below", {"odd": 1, "list": [{"odd": 1}]}, ["spec.list[0].odd", "spec.odd"]),
    ("where anything may be", {"free": {"odd": 1}}, []),
    ("in what is none of the schema", {"whole": {"deep": {"odd": 1}}}, ["spec.whole"]),
]


@pytest.fixture(scope="module")
def listed(cluster: Cluster) -> Iterator[Custom]:
    item = {"type": "object", "properties": {"a": {"type": "string"}}}
    properties = {
        "list": {"type": "array", "items": item},
        "map": {"type": "object", "additionalProperties": item},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    }
    schema = schema_of({"type": "object", "properties": properties})
    with defined(cluster, version_of(schema)) as custom:
        yield custom


@pytest.mark.parametrize(("spec", "fields"), [pytest.param(*row[1:], id=row[0]) for row in ODD])
def test_unknown_fields_of_a_custom_resource_are_named(
    cluster: Cluster, listed: Custom, namespace: str, spec: Json, fields: list[str]
) -> None:
    path, manifest = listed.at(namespace), listed.thing(spec=spec)
    told = tuple(f'unknown field "{field}"' for field in fields)
    strict = cluster.post(path, manifest, fieldValidation="Strict", dryRun="All")
    silent = cluster.post(path, manifest, fieldValidation="Ignore", dryRun="All")
    warned = cluster.post(path, manifest, fieldValidation="Warn")

    warned.ok()
    assert warned.warnings == told
    assert silent.warnings == ()
    assert silent.code == 201
    assert strict.code == (400 if told else 201)
    assert not told or strict.json["message"].endswith(", ".join(told))
    assert cluster.patch(f"{path}/one", {"spec": spec}).warnings == told
