"""Random writes leave the objects and the owners that a real API server left.

Of built-in kinds, whose defaults the server fills in by itself, only owners are compared: who owns
what once the object is what it became. Custom resources come out whole.
"""

import copy
import json
from typing import Any

import pytest

from tests.contract.recorded_sequences import recorded
from tests.contract.sequences import API_VERSIONS, THING, in_order
from tiphys.model.errors import TiphysError
from tiphys.model.keys import GroupVersionKind, split_api_version
from tiphys.structured.custom.defaults import default
from tiphys.structured.custom.pruning import prune
from tiphys.structured.fieldset import FieldSet
from tiphys.structured.merge import FieldWriter, apply, update_managed_fields
from tiphys.structured.patches.json_patch import apply_json_patch
from tiphys.structured.patches.merge_patch import apply_merge_patch
from tiphys.structured.patches.strategic import apply_strategic_patch
from tiphys.structured.schema import load_builtin_schema, schema_from_crd
from tiphys.structured.types import TypeRef

Json = dict[str, Any]
SEQUENCES = recorded()
# The server gives a Service these after it has written down who owns what.
ALLOCATED = {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort"}
NO_CONTAINERS: dict[str, Json] = {
    "Deployment": {"spec": {"selector": None, "template": {"spec": {"containers": None}}}},
    "PodTemplate": {"template": {"spec": {"containers": None}}},
}
"""What Go cannot leave out of an object that says nothing."""
OF_STATUS = FieldSet(("f:spec", "f:metadata"))
TYPES: dict[str, TypeRef] = {"Thing": schema_from_crd(THING)}


def type_of(kind: str) -> TypeRef:
    if kind not in TYPES:
        group, version = split_api_version(API_VERSIONS[kind])
        found = load_builtin_schema().schema_for(GroupVersionKind(group, version, kind))
        assert found is not None
        TYPES[kind] = found
    return TYPES[kind]


def writer(kind: str, step: Json) -> FieldWriter:
    sub = step.get("sub", "")
    has_status = kind not in {"ConfigMap", "PodTemplate"}
    of_status = FieldSet(("f:spec",)) if kind == "Service" else OF_STATUS
    ignored = of_status if sub else FieldSet(("f:status",)) if has_status else FieldSet()
    empty = {"metadata": {}, **NO_CONTAINERS.get(kind, {})}
    return FieldWriter(step["by"], API_VERSIONS[kind], "TIME", sub, ignored, empty=empty)


def applied(kind: str, step: Json, before: Json | None) -> Json:
    metadata = {**step["body"].get("metadata", {}), "name": "NAME"}
    body = {"apiVersion": API_VERSIONS[kind], "kind": kind, **step["body"], "metadata": metadata}
    by, force = writer(kind, step), step.get("force", False)
    return apply(before, body, by=by, schema=type_of(kind), force=force).object


def owned(kind: str, step: Json, before: Json | None, after: Json) -> Json:
    """Return the object that a write by other means came to, with its owners as we have them."""
    metadata = {k: v for k, v in after["metadata"].items() if k != "managedFields"}
    entries = sent_owners(kind, step, before)
    metadata |= {"managedFields": entries} if entries is not None else {}
    new = {**after, "metadata": metadata}
    if kind == "Service":
        new["spec"] = without_allocated((before or {"spec": {}})["spec"], after["spec"])
    return update_managed_fields(before, new, by=writer(kind, step), schema=type_of(kind))


def without_allocated(before: Json, after: Json) -> Json:
    """Take out what was given to a Service after it was written down who owns what."""
    spec = {k: v for k, v in after.items() if k not in ALLOCATED or k in before}
    had = [(p["port"], p["protocol"]) for p in before.get("ports", ()) if "nodePort" in p]
    spec["ports"] = [
        port
        if (port["port"], port["protocol"]) in had
        else {k: v for k, v in port.items() if k != "nodePort"}
        for port in after.get("ports", ())
    ]
    return spec


def sent_owners(kind: str, step: Json, before: Json | None) -> Any:
    if before is None or step["op"] in {"create", "replace"}:
        return None
    live, patch = copy.deepcopy(before), step["body"]
    if step["op"] == "json":
        sent = apply_json_patch(live, patch)
    elif step["op"] == "strategic":
        sent = apply_strategic_patch(live, patch, type_of(kind))
    else:
        sent = apply_merge_patch(live, patch)
    return sent["metadata"].get("managedFields")


def owners(manifest: Json) -> list[str]:
    entries = manifest["metadata"].get("managedFields", ())
    timeless = [{k: v for k, v in entry.items() if k != "time"} for entry in entries]
    return sorted(json.dumps(entry, sort_keys=True) for entry in timeless)


def check(kind: str, step: Json, before: Json | None, outcome: Json) -> None:
    after = outcome["body"]
    if step["op"] != "apply":
        if outcome["code"] < 300:
            assert owners(owned(kind, step, before, after)) == owners(after)
        return
    if outcome["code"] in {409, 500}:
        with pytest.raises(TiphysError) as caught:
            applied(kind, step, before)
        assert in_order(caught.value.what) == after["message"]
    elif outcome["code"] < 300:
        result = applied(kind, step, before)
        assert owners(result) == owners(after)
        if kind == "Thing":
            found = default(prune(result, THING), THING, keep_nulls=True)
            part = "status" if step.get("sub") else "spec"
            assert found.get(part) == after.get(part)


@pytest.mark.parametrize("sequence", SEQUENCES, ids=lambda s: s["kind"])
def test_random_writes_come_out_as_on_a_real_server(sequence: Json) -> None:
    kind, before = sequence["kind"], None
    for step, outcome in zip(sequence["steps"], sequence["outcomes"], strict=True):
        if "version" in step:
            return  # what is converted between versions is no matter of one type
        is_scale = step.get("sub") == "scale"
        if not is_scale:
            check(kind, step, before, outcome)
        if outcome["code"] < 300 and "dry_run" not in step:
            before = outcome["object" if is_scale else "body"]


def test_the_recording_has_every_way_of_writing_and_every_kind() -> None:
    done = {
        (sequence["kind"], step["op"])
        for sequence in SEQUENCES
        for step, outcome in zip(sequence["steps"], sequence["outcomes"], strict=True)
        if outcome["code"] < 300
    }
    ways = {"create", "apply", "replace", "update", "merge", "json", "strategic"}

    assert done >= {(k, w) for k in API_VERSIONS for w in ways} - {("Thing", "strategic")}
    assert sum(len(sequence["steps"]) for sequence in SEQUENCES) > 1000
