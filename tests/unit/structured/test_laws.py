"""What must hold for every object: laws of field sets, of apply and of patches."""

import json
from typing import Any

from hypothesis import given

from tests.unit.structured.strategies import (
    DEPLOYMENT,
    THING,
    deployments,
    field_sets,
    things,
)
from tiphys.structured.compare import additions, compare, equal
from tiphys.structured.fields import to_fieldset
from tiphys.structured.fieldset import EMPTY, FieldSet
from tiphys.structured.managed import decode_managed_fields
from tiphys.structured.merge import FieldWriter, apply, keep_times, update_managed_fields
from tiphys.structured.patches.merge_patch import apply_merge_patch, create_merge_patch
from tiphys.structured.patches.strategic import apply_strategic_patch
from tiphys.structured.patches.strategic_diff import create_three_way_patch, create_two_way_patch
from tiphys.structured.removing import extract
from tiphys.structured.structs import with_structs

Json = dict[str, Any]
ME = FieldWriter("me", "example.com/v1", "2026-01-01T00:00:00Z")
LATER = ME._replace(now="2026-02-02T00:00:00Z")
OTHER = ME._replace(manager="other")


@given(field_sets)
def test_a_field_set_survives_being_written(fields: FieldSet) -> None:
    written = json.loads(json.dumps(fields.to_fields_v1()))

    assert FieldSet.from_fields_v1(written) == fields
    assert FieldSet.of(*fields) == fields
    assert len(list(fields)) == len(fields)


def test_the_empty_set_is_one_however_many_sets_there_have_been() -> None:
    for number in range(20_000):
        FieldSet((f"f:{number}",))

    assert FieldSet() is EMPTY
    assert FieldSet.of_fields((), {}) is EMPTY


@given(field_sets, field_sets)
def test_field_sets_are_sets(one: FieldSet, other: FieldSet) -> None:
    paths, others = set(one), set(other)

    assert set(one.union(other)) == paths | others
    assert set(one.intersection(other)) == paths & others
    assert set(one.difference(other)) == paths - others
    assert one.is_subset(other) == (paths <= others)
    assert one.intersection(other).is_subset(one)
    assert all(path in one for path in paths)


@given(field_sets, field_sets)
def test_a_recursive_difference_takes_what_lies_below(one: FieldSet, other: FieldSet) -> None:
    others = set(other)
    kept = {p for p in one if not any(p[:n] in others for n in range(1, len(p) + 1))}

    assert set(one.recursive_difference(other)) == kept


@given(things, things)
def test_applying_twice_changes_nothing_the_second_time(live: Json, applied: Json) -> None:
    stored = update_managed_fields(None, live, by=OTHER, schema=THING)
    once = apply(stored, applied, by=ME, schema=THING, force=True)
    twice = apply(once.object, applied, by=LATER, schema=THING, force=True)

    assert not twice.changed
    assert twice.object == once.object


@given(things, things)
def test_applying_what_one_owns_changes_nothing(live: Json, applied: Json) -> None:
    stored = update_managed_fields(None, live, by=OTHER, schema=THING)
    result = apply(stored, applied, by=ME, schema=THING, force=True).object
    owned = decode_managed_fields(result["metadata"].get("managedFields", ()))
    mine = owned.get(ME.identity("Apply"))
    if mine is None:
        return
    names = {"apiVersion": applied["apiVersion"], "kind": applied["kind"]}
    config = {**names, **(extract(result, mine.fields, THING, with_keys=True) or {})}

    again = apply(result, config, by=LATER, schema=THING)

    owned = decode_managed_fields(again.object["metadata"]["managedFields"])
    assert not again.changed or "null" in json.dumps(result)
    assert mine.fields.is_subset(owned[ME.identity("Apply")].fields)


@given(things, things)
def test_an_apply_leaves_its_inputs_alone(live: Json, applied: Json) -> None:
    stored = update_managed_fields(None, live, by=OTHER, schema=THING)
    before = json.dumps([stored, applied])

    apply(stored, applied, by=ME, schema=THING, force=True)

    assert json.dumps([stored, applied]) == before


@given(things, things)
def test_what_was_applied_is_there(live: Json, applied: Json) -> None:
    stored = update_managed_fields(None, live, by=OTHER, schema=THING)
    result = apply(stored, applied, by=ME, schema=THING, force=True).object
    difference = compare(applied, result, THING)

    assert not difference.removed
    assert not difference.modified.leaves().intersection(to_fieldset(applied, THING))


@given(things, things)
def test_an_update_that_only_moves_times_is_no_write(one: Json, other: Json) -> None:
    stored = update_managed_fields(None, one, by=ME, schema=THING)
    again = update_managed_fields(stored, one, by=LATER, schema=THING)
    changed = update_managed_fields(stored, other, by=LATER, schema=THING)

    assert keep_times(stored, again) is stored
    assert (keep_times(stored, changed) is stored) == equal(one, other)


@given(things)
def test_nothing_differs_from_itself_and_an_extraction_has_the_same_fields(thing: Json) -> None:
    fields = to_fieldset(thing, THING)

    assert compare(thing, json.loads(json.dumps(thing)), THING).is_same
    assert to_fieldset(extract(thing, fields, THING), THING) == fields


@given(things)
def test_all_of_a_new_thing_is_added(thing: Json) -> None:
    assert additions({}, thing, THING) == compare({}, thing, THING).changed


@given(deployments)
def test_a_new_object_owns_no_struct_that_it_cannot_be_without(deployment: Json) -> None:
    structs = with_structs({}, DEPLOYMENT)
    expected = compare(structs, with_structs(deployment, DEPLOYMENT), DEPLOYMENT).changed

    assert additions(structs, deployment, DEPLOYMENT) == expected


@given(things, things)
def test_a_merge_patch_leads_from_one_to_the_other(one: Json, other: Json) -> None:
    assert apply_merge_patch(one, create_merge_patch(one, other)) == other


@given(deployments, deployments)
def test_a_two_way_patch_leads_from_one_to_the_other(one: Json, other: Json) -> None:
    patch = create_two_way_patch(one, other, DEPLOYMENT)

    assert by_key(apply_strategic_patch(one, patch, DEPLOYMENT)) == by_key(other)


@given(deployments, deployments, deployments)
def test_a_three_way_patch_sets_all_that_is_configured(
    original: Json, modified: Json, current: Json
) -> None:
    patch = create_three_way_patch(original, modified, current, DEPLOYMENT)
    result = apply_strategic_patch(current, patch, DEPLOYMENT)

    assert holds(by_key(result), by_key(modified))


def holds(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict) and isinstance(value, dict):
        return all(key in value and holds(value[key], entry) for key, entry in wanted.items())
    if isinstance(wanted, list) and isinstance(value, list):
        return all(item in value for item in wanted)
    return equal(value, wanted)


def test_an_owner_of_a_map_alone_owns_no_entry() -> None:
    fields = FieldSet.from_fields_v1(
        {"f:metadata": {"f:labels": {}}, "f:spec": {"f:n": {"f:a": {".": {}, "f:v": {}}}}}
    )
    thing = {"metadata": {"labels": {"a": "b"}}, "spec": {"n": {"a": {"v": 1, "w": "x"}}}}

    assert extract(thing, fields, THING) == {
        "metadata": {"labels": {}},
        "spec": {"n": {"a": {"v": 1}}},
    }


def by_key(value: Any) -> Any:
    """Return a value whose lists of named items are maps: empty ones may be absent."""
    if isinstance(value, dict):
        found = {key: by_key(entry) for key, entry in value.items()}
        return {key: entry for key, entry in found.items() if entry not in ({}, [])}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        name = "containerPort" if "containerPort" in value[0] else "name"
        return {item[name]: by_key(item) for item in value}
    return sorted(value) if isinstance(value, list) else value
