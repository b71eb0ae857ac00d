"""Server-side apply: who owns what, conflicts, force, giving up, dry run.

Source: Kubernetes documentation, "Server-Side Apply".
"""

import re
from typing import Any

import pytest

from tests.contract.cluster import Cluster, at

Json = dict[str, Any]


def config_map(data: Json | None = None, **metadata: Any) -> Json:
    found: Json = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one", **metadata}}
    return found if data is None else {**found, "data": data}


@pytest.fixture
def path(namespace: str) -> str:
    return at("v1", "configmaps", namespace, "one")


def owners(manifest: Json) -> dict[tuple[str, str], Json]:
    """Fields by manager and operation."""
    entries = manifest["metadata"].get("managedFields", [])
    return {(entry["manager"], entry["operation"]): entry["fieldsV1"] for entry in entries}


def owned(*keys: str) -> Json:
    """The fields of one who owns these keys of data."""
    return {"f:data": {f"f:{key}": {} for key in sorted(keys)}}


def test_an_apply_creates_what_is_not_there(cluster: Cluster, path: str) -> None:
    answer = cluster.apply(path, config_map({"a": "1"}))
    assert answer.code == 201
    assert owners(answer.ok()) == {("tester", "Apply"): owned("a")}


def test_an_apply_changes_what_is_there(cluster: Cluster, path: str) -> None:
    cluster.apply(path, config_map({"a": "1"})).ok()
    answer = cluster.apply(path, config_map({"a": "2"}))
    assert answer.code == 200
    assert answer.ok()["data"] == {"a": "2"}


def test_an_entry_has_the_documented_fields(cluster: Cluster, path: str) -> None:
    entry = cluster.apply(path, config_map({"a": "1"})).ok()["metadata"]["managedFields"][0]
    time = entry.pop("time")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", time)
    assert entry == {
        "manager": "tester",
        "operation": "Apply",
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": owned("a"),
    }


def test_metadata_that_the_server_gives_is_owned_by_nobody(cluster: Cluster, path: str) -> None:
    applied = config_map({"a": "1"}, labels={"l": "x"}, annotations={"n": "y"})
    found = cluster.apply(path, applied).ok()
    assert owners(found)[("tester", "Apply")] == {
        **owned("a"),
        "f:metadata": {"f:annotations": {"f:n": {}}, "f:labels": {"f:l": {}}},
    }


def test_the_same_again_changes_nothing(cluster: Cluster, path: str) -> None:
    before = cluster.apply(path, config_map({"a": "1"})).ok()
    assert cluster.apply(path, config_map({"a": "1"})).ok() == before


def test_others_may_share_a_field_of_the_same_value(cluster: Cluster, path: str) -> None:
    cluster.apply(path, config_map({"a": "1"}), by="x").ok()
    found = cluster.apply(path, config_map({"a": "1"}), by="y").ok()
    assert owners(found) == {("x", "Apply"): owned("a"), ("y", "Apply"): owned("a")}


def test_a_field_of_another_is_a_conflict(cluster: Cluster, path: str) -> None:
    cluster.apply(path, config_map({"a": "1"}), by="x").ok()
    status = cluster.apply(path, config_map({"a": "2"}), by="y").failure(409, "Conflict")
    assert status["message"] == 'Apply failed with 1 conflict: conflict with "x": .data.a'
    assert status["details"] == {
        "causes": [
            {"reason": "FieldManagerConflict", "message": 'conflict with "x"', "field": ".data.a"}
        ]
    }
    assert cluster.get(path).ok()["data"] == {"a": "1"}


def test_conflicts_are_listed_by_manager(cluster: Cluster, path: str) -> None:
    cluster.apply(path, config_map({"a": "1", "b": "1"}), by="y").ok()
    cluster.apply(path, config_map({"c": "1"}), by="x").ok()
    applied = config_map({"a": "2", "b": "2", "c": "2"})
    status = cluster.apply(path, applied, by="z").failure(409, "Conflict")
    assert status["message"] == (
        "Apply failed with 3 conflicts: "
        'conflicts with "x":\n- .data.c\nconflicts with "y":\n- .data.a\n- .data.b'
    )
    fields = sorted(cause["field"] for cause in status["details"]["causes"])
    assert fields == [".data.a", ".data.b", ".data.c"]


def test_a_conflict_with_an_update_names_its_version_and_time(cluster: Cluster, path: str) -> None:
    cluster.post(path.rpartition("/")[0], config_map({"a": "1"}), fieldManager="x").ok()
    status = cluster.apply(path, config_map({"a": "2"})).failure(409, "Conflict")
    expected = r'Apply failed with 1 conflict: conflict with "x" using v1(?: at \S+Z)?: \.data\.a'
    assert re.fullmatch(expected, status["message"])
    shown = re.fullmatch(
        r'conflict with "x" using v1(?: at \S+Z)?', status["details"]["causes"][0]["message"]
    )
    assert shown


def test_force_takes_the_field(cluster: Cluster, path: str) -> None:
    cluster.apply(path, config_map({"a": "1", "b": "1"}), by="x").ok()
    found = cluster.apply(path, config_map({"a": "2"}), by="y", force="true").ok()
    assert found["data"] == {"a": "2", "b": "1"}
    assert owners(found) == {("x", "Apply"): owned("b"), ("y", "Apply"): owned("a")}


def test_an_entry_that_owns_nothing_goes(cluster: Cluster, path: str) -> None:
    cluster.apply(path, config_map({"a": "1"}), by="x").ok()
    found = cluster.apply(path, config_map({"a": "2"}), by="y", force="true").ok()
    assert owners(found) == {("y", "Apply"): owned("a")}


def test_a_field_that_is_no_longer_applied_goes(cluster: Cluster, path: str) -> None:
    cluster.apply(path, config_map({"a": "1", "b": "1"})).ok()
    found = cluster.apply(path, config_map({"a": "1"})).ok()
    assert found["data"] == {"a": "1"}
    assert owners(found) == {("tester", "Apply"): owned("a")}


def test_a_field_that_another_owns_stays(cluster: Cluster, path: str) -> None:
    cluster.apply(path, config_map({"a": "1", "b": "1"}), by="x").ok()
    cluster.apply(path, config_map({"b": "1"}), by="y").ok()
    found = cluster.apply(path, config_map({"a": "1"}), by="x").ok()
    assert found["data"] == {"a": "1", "b": "1"}
    assert owners(found) == {("x", "Apply"): owned("a"), ("y", "Apply"): owned("b")}


def test_a_field_goes_with_its_last_owner(cluster: Cluster, path: str) -> None:
    cluster.apply(path, config_map({"a": "1"}), by="x").ok()
    cluster.apply(path, config_map({"a": "1"}), by="y").ok()
    cluster.apply(path, config_map({}), by="x").ok()
    found = cluster.apply(path, config_map(), by="y").ok()
    assert "data" not in found


def test_who_applies_nothing_owns_nothing(cluster: Cluster, path: str) -> None:
    cluster.apply(path, config_map({"a": "1"})).ok()
    found = cluster.apply(path, config_map()).ok()
    assert "data" not in found
    assert owners(found) == {}


def test_an_update_takes_what_it_changes(cluster: Cluster, path: str) -> None:
    found = cluster.apply(path, config_map({"a": "1", "b": "1"}), by="x").ok()
    found["data"]["a"] = "2"
    found = cluster.put(path, found, fieldManager="y").ok()
    assert owners(found) == {("x", "Apply"): owned("b"), ("y", "Update"): owned("a")}


def test_an_update_that_removes_a_field_takes_it_from_its_owners(
    cluster: Cluster, path: str
) -> None:
    found = cluster.apply(path, config_map({"a": "1", "b": "1"}), by="x").ok()
    del found["data"]["a"]
    found = cluster.put(path, found, fieldManager="y").ok()
    assert owners(found) == {("x", "Apply"): owned("b")}


def test_one_manager_has_an_entry_for_each_operation(cluster: Cluster, path: str) -> None:
    cluster.apply(path, config_map({"a": "1"}), by="x").ok()
    found = cluster.patch(path, {"data": {"b": "1"}}, fieldManager="x").ok()
    assert owners(found) == {("x", "Apply"): owned("a"), ("x", "Update"): owned("b")}


def test_an_apply_conflicts_with_the_updates_of_its_manager(cluster: Cluster, path: str) -> None:
    cluster.apply(path, config_map({"a": "1"}), by="x").ok()
    cluster.patch(path, {"data": {"a": "2"}}, fieldManager="x").ok()
    status = cluster.apply(path, config_map({"a": "3"}), by="x").failure(409, "Conflict")
    assert 'conflict with "x" using v1' in status["message"]


def test_entries_are_sorted_by_operation_and_time(cluster: Cluster, path: str) -> None:
    cluster.post(path.rpartition("/")[0], config_map({"u": "1"}), fieldManager="a").ok()
    cluster.apply(path, config_map({"c": "1"}), by="c").ok()
    found = cluster.apply(path, config_map({"b": "1"}), by="b").ok()
    entries = found["metadata"]["managedFields"]
    assert [entry["operation"] for entry in entries] == ["Apply", "Apply", "Update"]
    keys = [(entry["operation"], entry["time"], entry["manager"]) for entry in entries]
    assert keys == sorted(keys)


def test_the_time_moves_with_a_change_only(cluster: Cluster, path: str) -> None:
    cluster.apply(path, config_map({"a": "1"}), by="x").ok()
    before = cluster.apply(path, config_map({"b": "1"}), by="y").ok()
    after = cluster.apply(path, config_map({"a": "1"}), by="x").ok()
    assert after == before


def test_a_dry_run_stores_nothing(cluster: Cluster, path: str) -> None:
    shown = cluster.apply(path, config_map({"a": "1"}), dryRun="All").ok()
    assert shown["data"] == {"a": "1"}
    assert shown["metadata"]["uid"]
    assert "resourceVersion" not in shown["metadata"]
    cluster.get(path).failure(404, "NotFound")


def test_a_dry_run_shows_conflicts(cluster: Cluster, path: str) -> None:
    before = cluster.apply(path, config_map({"a": "1"}), by="x").ok()
    cluster.apply(path, config_map({"a": "2"}), by="y", dryRun="All").failure(409, "Conflict")
    shown = cluster.apply(path, config_map({"a": "2"}), by="y", dryRun="All", force="true").ok()
    assert owners(shown) == {("y", "Apply"): owned("a")}
    assert cluster.get(path).ok() == before


@pytest.mark.parametrize(
    "empty", [pytest.param([], id="an empty list"), pytest.param([{}], id="an empty entry")]
)
def test_managed_fields_are_cleared_by(cluster: Cluster, path: str, empty: list[Json]) -> None:
    found = cluster.apply(path, config_map({"a": "1"})).ok()
    found["metadata"]["managedFields"] = empty
    found = cluster.put(path, found, fieldManager="x").ok()
    assert "managedFields" not in found["metadata"]


def test_what_was_there_before_the_first_apply_has_an_owner(cluster: Cluster, path: str) -> None:
    found = cluster.post(path.rpartition("/")[0], config_map({"a": "1"})).ok()
    cluster.patch(path, {"metadata": {"managedFields": []}}).ok()
    found = cluster.apply(path, config_map({"b": "1"})).ok()
    assert owners(found) == {
        ("before-first-apply", "Update"): {"f:data": {".": {}, "f:a": {}}},
        ("tester", "Apply"): owned("b"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param({"operation": "Destroy"}, id="of an unknown operation"),
        pytest.param({"fieldsType": "FieldsV9"}, id="of an unknown format"),
        pytest.param({"apiVersion": ""}, id="of no version"),
    ],
)
def test_managed_fields_that_cannot_be_read_are_ignored(
    cluster: Cluster, path: str, entry: Json
) -> None:
    found = cluster.apply(path, config_map({"a": "1"})).ok()
    before = found["metadata"]["managedFields"]
    found["metadata"]["managedFields"] = [{**before[0], **entry}]
    assert cluster.put(path, found).ok()["metadata"]["managedFields"] == before


def test_elements_of_an_unknown_kind_are_forgotten(cluster: Cluster, path: str) -> None:
    found = cluster.apply(path, config_map({"a": "1"})).ok()
    found["metadata"]["managedFields"][0]["fieldsV1"] = {"x:y": {}}
    assert "managedFields" not in cluster.put(path, found).ok()["metadata"]


def test_a_generated_name_cannot_be_applied(cluster: Cluster, path: str) -> None:
    applied = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "one-"}}
    status = cluster.apply(path, applied).failure(400, "BadRequest")
    assert status["message"] == (
        "the name of the object (one based on URL) was undeterminable: name must be provided"
    )


def test_an_apply_needs_a_manager(cluster: Cluster, path: str) -> None:
    answer = cluster.patch(path, config_map({"a": "1"}), "application/apply-patch+yaml")
    status = answer.failure(422, "Invalid")
    assert status["message"] == (
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for '
        "apply patch"
    )
    assert status["details"]["causes"] == [
        {
            "reason": "FieldValueRequired",
            "message": "Required value: is required for apply patch",
            "field": "fieldManager",
        }
    ]


def test_force_is_for_applies_alone(cluster: Cluster, path: str) -> None:
    cluster.apply(path, config_map({"a": "1"})).ok()
    status = cluster.patch(path, {"data": {"a": "2"}}, force="true").failure(422, "Invalid")
    assert status["details"]["causes"] == [
        {
            "reason": "FieldValueForbidden",
            "message": "Forbidden: may not be specified for non-apply patch",
            "field": "force",
        }
    ]


@pytest.mark.parametrize(
    ("manager", "message"),
    [
        pytest.param("x" * 129, "may not be more than 128 bytes", id="too long"),
        pytest.param("a\nb", "invalid character U+000A (at position 1)", id="not printable"),
    ],
)
def test_the_name_of_a_manager_is_checked(
    cluster: Cluster, path: str, manager: str, message: str
) -> None:
    status = cluster.apply(path, config_map({"a": "1"}), by=manager).failure(422, "Invalid")
    assert message in status["message"]


def test_an_apply_cannot_carry_managed_fields(cluster: Cluster, path: str) -> None:
    found = cluster.apply(path, config_map({"a": "1"})).ok()
    status = cluster.apply(path, {**found, "apiVersion": "v1", "kind": "ConfigMap"})
    assert status.failure(400, "BadRequest")["message"] == "metadata.managedFields must be nil"


def test_an_apply_to_an_old_version_is_a_conflict(cluster: Cluster, path: str) -> None:
    cluster.apply(path, config_map({"a": "1"})).ok()
    applied = config_map({"a": "1"}, resourceVersion="1")
    cluster.apply(path, applied).failure(409, "Conflict")


def test_an_apply_to_another_uid_is_refused(cluster: Cluster, path: str) -> None:
    cluster.apply(path, config_map({"a": "1"})).ok()
    applied = config_map({"a": "1"}, uid="00000000-0000-0000-0000-000000000000")
    status = cluster.apply(path, applied).failure(422, "Invalid")
    assert [cause["field"] for cause in status["details"]["causes"]] == ["metadata.uid"]


def test_an_apply_by_uid_does_not_create(cluster: Cluster, path: str) -> None:
    applied = config_map({"a": "1"}, uid="00000000-0000-0000-0000-000000000000")
    status = cluster.apply(path, applied).failure(409, "Conflict")
    assert status["message"] == (
        'Operation cannot be fulfilled on configmaps "one": uid mismatch: the provided object '
        "specified uid 00000000-0000-0000-0000-000000000000, and no existing object was found"
    )
    cluster.get(path).failure(404, "NotFound")


def test_an_apply_may_name_the_version_that_is_there(cluster: Cluster, path: str) -> None:
    found = cluster.apply(path, config_map({"a": "1"})).ok()
    version = found["metadata"]["resourceVersion"]
    after = cluster.apply(path, config_map({"a": "2"}, resourceVersion=version)).ok()
    assert after["data"] == {"a": "2"}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"kind": "Secret"}, id="another kind"),
        pytest.param({"apiVersion": "v2"}, id="another version"),
        pytest.param({"metadata": {"name": "two"}}, id="another name"),
        pytest.param({"metadata": {"name": "one", "namespace": "other"}}, id="another namespace"),
    ],
)
def test_an_apply_of_something_else_is_refused(cluster: Cluster, path: str, change: Json) -> None:
    cluster.apply(path, config_map({"a": "1"})).ok()
    cluster.apply(path, {**config_map({"a": "1"}), **change}).failure(400, "BadRequest")


def test_an_apply_is_yaml(cluster: Cluster, path: str) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {a: '1'}\n"
    assert cluster.apply(path, text.encode()).ok()["data"] == {"a": "1"}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{", id="no YAML"),
        pytest.param("[]", id="a list"),
        pytest.param("x", id="text"),
    ],
)
def test_an_apply_of_no_object_is_malformed(cluster: Cluster, path: str, text: str) -> None:
    cluster.apply(path, text.encode()).failure(400, "BadRequest")


def test_a_field_that_is_not_declared_cannot_be_applied(cluster: Cluster, path: str) -> None:
    answer = cluster.apply(path, {**config_map({"a": "1"}), "other": 1})
    assert answer.failure(500, "")["message"] == (
        "failed to create typed patch object (/one; /v1, Kind=ConfigMap): .other: field not "
        "declared in schema"
    )


def test_a_null_in_an_apply_owns_but_sets_nothing(cluster: Cluster, path: str) -> None:
    found = cluster.apply(path, config_map({"a": None, "b": "1"})).ok()
    assert found["data"] == {"a": "", "b": "1"}
    assert owners(found) == {("tester", "Apply"): owned("a", "b")}


def test_kubectls_client_side_fields_are_taken_over_without_conflict(
    cluster: Cluster, path: str
) -> None:
    manager = "kubectl-client-side-apply"
    last = '{"apiVersion":"v1","data":{"a":"1"},"kind":"ConfigMap","metadata":{"name":"one"}}\n'
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": last}
    made = config_map({"a": "1"}, annotations=annotations)
    cluster.post(path.rpartition("/")[0], made, fieldManager=manager).ok()
    found = cluster.apply(path, config_map({"a": "2"}), by="kubectl").ok()
    assert found["data"] == {"a": "2"}
    assert owners(found)[("kubectl", "Apply")] == owned("a")
    kept = found["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]
    assert '"a":"2"' in kept


def test_client_side_fields_move_to_an_apply_by_a_patch_of_managed_fields(
    cluster: Cluster, path: str
) -> None:
    made = config_map({"a": "1", "b": "1"})
    found = cluster.post(path.rpartition("/")[0], made, fieldManager="client").ok()
    entry = {**found["metadata"]["managedFields"][0], "manager": "x", "operation": "Apply"}
    metadata = {
        "managedFields": [entry], "resourceVersion": found["metadata"]["resourceVersion"],
    }  # fmt: skip
    cluster.patch(path, {"metadata": metadata}).ok()
    found = cluster.apply(path, config_map({"a": "1"}), by="x").ok()
    assert found["data"] == {"a": "1"}
    assert owners(found) == {("x", "Apply"): owned("a")}


@pytest.mark.parametrize(
    ("word", "code"), [("true", 200), ("True", 200), ("yes", 200), ("false", 409), ("0", 409)]
)
def test_a_flag_is_set_by_any_word_but_two(
    cluster: Cluster, namespace: str, word: str, code: int
) -> None:
    path = at("v1", "configmaps", namespace, "one")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}}
    cluster.apply(path, {**body, "data": {"a": "1"}}, by="x").ok()

    answer = cluster.apply(path, {**body, "data": {"a": "2"}}, by="y", force=word)

    assert answer.code == code
