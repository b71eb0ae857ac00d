"""JSON patch and merge patch, and what holds for patches of every kind.

Source: RFC 6902, RFC 7386; Kubernetes API reference, "Patch and update".
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.cluster import (
    APPLY_PATCH,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    Cluster,
    at,
)
from tests.contract.custom import Custom, defined, schema_of, version_of

Json = dict[str, Any]
GENERIC = "the server rejected our request due to an error in our request"


@pytest.fixture(scope="module")
def things(cluster: Cluster) -> Iterator[Custom]:
    with defined(cluster, version_of(schema_of(), subresources={"status": {}})) as custom:
        yield custom


@pytest.fixture
def thing(cluster: Cluster, things: Custom, namespace: str) -> str:
    """The path of an object with something of every kind in its spec."""
    spec = {"text": "a", "number": 1, "list": ["x", "y"], "map": {"k": "v", "a/b~c": 1}}
    cluster.post(things.at(namespace), things.thing(spec=spec)).ok()
    return things.at(namespace, "one")


def op(kind: str, path: str, **more: Any) -> Json:
    return {"op": kind, "path": path, **more}


JSON_PATCHES: list[tuple[str, list[Json], Json]] = [
    ("add sets a field", [op("add", "/spec/new", value=1)], {"new": 1}),
    ("add replaces a field", [op("add", "/spec/text", value="b")], {"text": "b"}),
    ("add inserts into a list", [op("add", "/spec/list/1", value="m")], {"list": ["x", "m", "y"]}),
    ("add appends to a list", [op("add", "/spec/list/-", value="z")], {"list": ["x", "y", "z"]}),
    ("remove takes an item", [op("remove", "/spec/list/0")], {"list": ["y"]}),
    ("remove counts from the end", [op("remove", "/spec/list/-1")], {"list": ["x"]}),
    ("replace sets an item", [op("replace", "/spec/list/1", value="z")], {"list": ["x", "z"]}),
    (
        "a path escapes its slashes and tildes",
        [op("replace", "/spec/map/a~1b~0c", value=2)],
        {"map": {"k": "v", "a/b~c": 2}},
    ),
    ("move renames", [op("move", "/spec/word", **{"from": "/spec/text"})], {"word": "a"}),
    (
        "copy takes the whole value",
        [op("copy", "/spec/other", **{"from": "/spec/list"})],
        {"other": ["x", "y"]},
    ),
    (
        "operations follow each other",
        [
            op("add", "/spec/a", value={}),
            op("add", "/spec/a/b", value=[1]),
            op("test", "/spec/a/b/0", value=1),
        ],
        {"a": {"b": [1]}},
    ),
    ("a test that holds changes nothing", [op("test", "/spec/number", value=1)], {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("patch", "changed"), [pytest.param(*row[1:], id=row[0]) for row in JSON_PATCHES]
)
def test_a_json_patch_changes_what_it_names(
    cluster: Cluster, thing: str, patch: list[Json], changed: Json
) -> None:
    before = cluster.get(thing).ok()["spec"]
    after = cluster.patch(thing, patch, JSON_PATCH).ok()["spec"]
    assert {key: value for key, value in after.items() if value != before.get(key)} == changed


def test_a_json_patch_removes_a_field(cluster: Cluster, thing: str) -> None:
    after = cluster.patch(thing, [op("remove", "/spec/map")], JSON_PATCH).ok()
    assert "map" not in after["spec"]


@pytest.mark.parametrize(
    "patch",
    [
        pytest.param([op("test", "/spec/text", value="b")], id="a test fails"),
        pytest.param([op("test", "/spec/none", value="b")], id="a test of nothing fails"),
        pytest.param([op("remove", "/spec/none")], id="nothing is removed"),
        pytest.param([op("replace", "/spec/none/deep", value=1)], id="nothing is replaced"),
        pytest.param([op("add", "/spec/none/deep", value=1)], id="the parent is missing"),
        pytest.param([op("add", "/spec/list/9", value=1)], id="the index is beyond the list"),
        pytest.param([op("add", "/spec/list/x", value=1)], id="the index is no number"),
        pytest.param([op("move", "/spec/a", **{"from": "/spec/none"})], id="nothing is moved"),
        pytest.param([op("destroy", "/spec/text")], id="the operation is unknown"),
        pytest.param(
            [op("add", "/spec/new", value=1), op("test", "/spec/text", value="b")],
            id="a later operation fails",
        ),
    ],
)
def test_a_json_patch_that_does_not_apply_changes_nothing(
    cluster: Cluster, thing: str, patch: list[Json]
) -> None:
    before = cluster.get(thing).ok()
    status = cluster.patch(thing, patch, JSON_PATCH).failure(422, "Invalid")
    assert status["message"] == GENERIC
    assert cluster.get(thing).ok() == before


def test_a_json_patch_that_is_no_list_is_malformed(cluster: Cluster, thing: str) -> None:
    status = cluster.patch(thing, op("remove", "/spec/text"), JSON_PATCH).failure(400, "BadRequest")
    assert status["message"].startswith("error decoding patch: json: cannot unmarshal object")


MERGES: list[tuple[str, Json, Json]] = [
    ("a field is set", {"text": "b"}, {"text": "b"}),
    ("a null removes a field", {"number": None}, {"number": None}),
    ("maps are merged", {"map": {"k": None, "l": 1}}, {"map": {"a/b~c": 1, "l": 1}}),
    ("lists are replaced", {"list": ["z"]}, {"list": ["z"]}),
    ("a map replaces a scalar", {"text": {"a": {"b": 1}}}, {"text": {"a": {"b": 1}}}),
    ("nulls of a new map are no values", {"new": {"a": None, "b": 1}}, {"new": {"b": 1}}),
    ("a null for nothing changes nothing", {"none": None}, {}),
]


@pytest.mark.parametrize(("spec", "changed"), [pytest.param(*r[1:], id=r[0]) for r in MERGES])
def test_a_merge_patch_looks_like_its_result(
    cluster: Cluster, thing: str, spec: Json, changed: Json
) -> None:
    before = cluster.get(thing).ok()["spec"]
    after = cluster.patch(thing, {"spec": spec}, MERGE_PATCH).ok()["spec"]
    keys = {*before, *after}
    found = {key: after.get(key) for key in keys if before.get(key) != after.get(key)}
    assert found == changed


@pytest.mark.parametrize(
    ("media", "patch"),
    [
        pytest.param(MERGE_PATCH, {"spec": {"text": "a"}}, id="a merge patch"),
        pytest.param(JSON_PATCH, [op("replace", "/spec/text", value="a")], id="a JSON patch"),
        pytest.param(MERGE_PATCH, {}, id="an empty patch"),
        pytest.param(JSON_PATCH, [], id="an empty list"),
    ],
)
def test_a_patch_that_changes_nothing_keeps_the_version(
    cluster: Cluster, thing: str, media: str, patch: Any
) -> None:
    before = cluster.get(thing).ok()
    assert cluster.patch(thing, patch, media).ok() == before


def test_a_patch_of_an_old_version_is_a_conflict(cluster: Cluster, thing: str) -> None:
    old = cluster.get(thing).ok()["metadata"]["resourceVersion"]
    cluster.patch(thing, {"spec": {"text": "b"}}).ok()
    patch = {"metadata": {"resourceVersion": old}, "spec": {"text": "c"}}
    status = cluster.patch(thing, patch).failure(409, "Conflict")
    assert status["message"].endswith(
        'things.{} "one": the object has been modified; please apply your changes to the latest '
        "version and try again".format(status["details"]["group"])
    )
    assert cluster.get(thing).ok()["spec"]["text"] == "b"


def test_a_patch_cannot_change_the_uid(cluster: Cluster, thing: str) -> None:
    patch = {"metadata": {"uid": "00000000-0000-0000-0000-000000000000"}}
    status = cluster.patch(thing, patch).failure(422, "Invalid")
    assert status["details"]["causes"][0] == {
        "reason": "FieldValueInvalid",
        "message": 'Invalid value: "00000000-0000-0000-0000-000000000000": field is immutable',
        "field": "metadata.uid",
    }


def test_a_patch_may_name_the_version_that_is_there(cluster: Cluster, thing: str) -> None:
    version = cluster.get(thing).ok()["metadata"]["resourceVersion"]
    patch = {"metadata": {"resourceVersion": version}, "spec": {"text": "b"}}
    assert cluster.patch(thing, patch).ok()["spec"]["text"] == "b"


def test_a_patch_cannot_rename(cluster: Cluster, thing: str) -> None:
    status = cluster.patch(thing, {"metadata": {"name": "two"}}).failure(400, "BadRequest")
    assert status["message"] == (
        "the name of the object (two) does not match the name on the URL (one)"
    )


@pytest.mark.parametrize("field", ["uid", "creationTimestamp"])
def test_a_patch_cannot_take_what_the_server_gave(cluster: Cluster, thing: str, field: str) -> None:
    before = cluster.get(thing).ok()["metadata"]
    after = cluster.patch(thing, {"metadata": {field: None}}).ok()["metadata"]
    assert after[field] == before[field]
    assert after["resourceVersion"] == before["resourceVersion"]


def test_a_patch_of_nothing_finds_nothing(cluster: Cluster, things: Custom, namespace: str) -> None:
    status = cluster.patch(things.at(namespace, "none"), {}).failure(404, "NotFound")
    assert status["message"] == f'things.{things.group} "none" not found'


@pytest.mark.parametrize(
    "media",
    [
        pytest.param("application/json", id="of no patch language"),
        pytest.param("text/plain", id="of plain text"),
        pytest.param(STRATEGIC_PATCH, id="strategic, of a custom resource"),
    ],
)
def test_a_patch_in_an_unknown_language_is_refused(
    cluster: Cluster, thing: str, media: str
) -> None:
    status = cluster.patch(thing, {}, media).failure(415, "UnsupportedMediaType")
    known = ", ".join([JSON_PATCH, MERGE_PATCH, APPLY_PATCH])
    assert status["message"] == (
        f"the body of the request was in an unknown format - accepted media types include: {known}"
    )


@pytest.mark.parametrize(
    "media", [pytest.param(MERGE_PATCH, id="merge"), pytest.param(JSON_PATCH, id="JSON")]
)
def test_a_patch_that_is_no_json_is_malformed(cluster: Cluster, thing: str, media: str) -> None:
    cluster.patch(thing, b"{", media).failure(400, "BadRequest")


def test_a_dry_run_shows_what_a_patch_would_do(cluster: Cluster, thing: str) -> None:
    before = cluster.get(thing).ok()
    shown = cluster.patch(thing, {"spec": {"text": "b"}}, dryRun="All").ok()
    assert shown["spec"]["text"] == "b"
    assert shown["metadata"]["generation"] == 2
    assert shown["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    assert cluster.get(thing).ok() == before


def test_a_patch_names_its_manager(cluster: Cluster, thing: str) -> None:
    patched = cluster.patch(thing, {"spec": {"text": "b"}}, fieldManager="me").ok()
    mine = [e for e in patched["metadata"]["managedFields"] if e["manager"] == "me"]
    assert [(e["operation"], e["fieldsV1"]) for e in mine] == [
        ("Update", {"f:spec": {"f:text": {}}})
    ]


def test_a_patch_of_a_status_leaves_the_rest(cluster: Cluster, thing: str) -> None:
    patch = {"spec": {"text": "b"}, "metadata": {"labels": {"a": "b"}}, "status": {"x": 1}}
    patched = cluster.patch(f"{thing}/status", patch).ok()
    assert patched["spec"]["text"] == "a"
    assert "labels" not in patched["metadata"]
    assert patched["status"] == {"x": 1}


def test_a_patch_of_the_object_leaves_its_status(cluster: Cluster, thing: str) -> None:
    cluster.patch(f"{thing}/status", {"status": {"x": 1}}).ok()
    assert cluster.patch(thing, {"status": {"x": 2}}).ok()["status"] == {"x": 1}


def test_a_patch_of_the_wrong_type_is_refused(cluster: Cluster, namespace: str) -> None:
    path = at("v1", "configmaps", namespace)
    cluster.post(path, {"metadata": {"name": "one"}, "data": {"a": "1"}}).ok()
    status = cluster.patch(f"{path}/one", {"data": {"a": 1}}).failure(422, "Invalid")
    assert status["message"].startswith(' "" is invalid: patch: Invalid value: "')
    assert [cause["field"] for cause in status["details"]["causes"]] == ["patch"]
