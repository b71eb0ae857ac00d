"""Asks our code what the Go libraries were asked, so that the answers can be compared."""

import json
import zlib
from functools import cache
from pathlib import Path
from typing import Any

from scripts.generate_schemas import TARGET
from tiphys.model.errors import TiphysError
from tiphys.model.keys import GroupVersionKind, split_api_version
from tiphys.structured.compare import compare
from tiphys.structured.fields import to_fieldset
from tiphys.structured.fieldset import FieldSet
from tiphys.structured.merge import FieldWriter, apply, update_managed_fields
from tiphys.structured.merging import merge_values
from tiphys.structured.patches.json_patch import apply_json_patch
from tiphys.structured.patches.merge_patch import (
    apply_merge_patch,
    create_three_way_merge_patch,
)
from tiphys.structured.patches.strategic import apply_strategic_patch
from tiphys.structured.patches.strategic_diff import create_three_way_patch, create_two_way_patch
from tiphys.structured.pathelement import path_text
from tiphys.structured.removing import extract, remove_items
from tiphys.structured.schema import Schemas, schema_from_crd
from tiphys.structured.types import TypeRef
from tiphys.structured.updater import ConflictError
from tiphys.structured.validation import check
from tiphys.structured.versions import Versions

RECORDED = Path(__file__).resolve().parents[2] / "recorded" / "structured"
Json = dict[str, Any]


def recorded() -> list[tuple[str, Json, Any]]:
    """Return (name, question, answer) of everything that was recorded."""
    return [
        (pair["case"]["name"], pair["case"], pair["answer"])
        for path in sorted(RECORDED.glob("*.json.zlib"))
        for pair in json.loads(zlib.decompress(path.read_bytes()))
    ]


@cache
def plain_schemas() -> Schemas:
    """Return the built-in types without structs that are never absent.

    The recorder hands plain maps to the libraries, where an API server hands them its structs.
    """
    definitions = json.loads(zlib.decompress(TARGET.read_bytes()))
    for definition in definitions.values():
        for field in definition.get("properties", {}).values():
            if field.get("default") == {}:
                del field["default"]
    return Schemas(definitions)


def type_of(case: Json) -> TypeRef:
    if "schema" in case:
        return schema_from_crd(case["schema"])
    group, version = split_api_version(case["apiVersion"])
    found = plain_schemas().schema_for(GroupVersionKind(group, version, case["kind"]))
    assert found is not None
    return found


def answer_to_steps(case: Json) -> list[Json]:
    """Replay writes; a failed one leaves the object as it was."""
    live: Json | None = None
    answers: list[Json] = []
    for number, step in enumerate(case["steps"]):
        try:
            live = _write(case, step, live, number)
            answers.append({"result": live})
        except ConflictError as err:
            causes = [
                f"FieldManagerConflict {c.field}: conflict with {c.manager}" for c in err.conflicts
            ]
            answers.append({"error": err.what, "causes": causes})
        except TiphysError as err:
            answers.append({"error": err.what})
    return answers


def _write(case: Json, step: Json, live: Json | None, number: int) -> Json:
    version: str = step.get("apiVersion") or case["apiVersion"]
    ignored = FieldSet(f"f:{name}" for name in case.get("ignored", ()))
    types = {name: type_of(case) for name in case.get("versions", (case["apiVersion"],))}
    by = FieldWriter(
        step.get("manager") or "", version, f"2020-01-01T00:00:{number:02}Z",
        step.get("subresource", ""), ignored, Versions(types, _renamed),
    )  # fmt: skip
    if live is not None and "apiVersion" in step:
        live = {**live, "apiVersion": version}
    body = step["object"]
    if step["op"] == "store":
        return dict(body)
    if step["op"] == "apply":
        force = step.get("force", False)
        return apply(live, body, by=by, schema=type_of(case), force=force).object
    if step["op"] == "merge":
        before = live or {"apiVersion": case["apiVersion"], "kind": case["kind"]}
        body = apply_merge_patch(before, body)
    return update_managed_fields(live, body, by=by, schema=type_of(case))


def _renamed(manifest: Json, api_version: str) -> Json:
    return {**manifest, "apiVersion": api_version}


def answer_to_typed(case: Json) -> Json:
    type_, old, new = type_of(case), case["original"], case["modified"]
    try:
        check(old, type_, allow_duplicates=True)
        check(new, type_, allow_duplicates=True)
    except TiphysError as err:
        return {"error": err.what}
    difference = compare(old, new, type_)
    result: Json = {"fields": to_fieldset(old, type_).to_fields_v1()}
    result |= {name: part.to_fields_v1() for name, part in difference._asdict().items()}
    result["merged"] = merge_values(old, new, type_)
    if "fields" in case:
        fields = FieldSet.from_fields_v1(case["fields"])
        result["extracted"] = extract(old, fields, type_, with_keys=True)
        result["without"] = remove_items(old, fields, type_)
    return {"result": result}


def applies(case: Json) -> bool:
    """Tell whether the second value of a pair could be applied at all: it has no duplicates."""
    try:
        check(case["modified"], type_of(case))
    except TiphysError:
        return False
    return True


def _without_directives(value: Any) -> Any:
    """Return a value as the recorded server read it: directives are no fields of its types."""
    if isinstance(value, dict):
        return {k: _without_directives(v) for k, v in value.items() if not k.startswith("$")}
    return [_without_directives(item) for item in value] if isinstance(value, list) else value


def answer_to_patch(case: Json) -> Json:
    original = case.get("original", {})
    try:
        match case["ask"]:
            case "strategic":
                patched = apply_strategic_patch(original, case["patch"], type_of(case))
                result: Any = _without_directives(patched)
            case "two-way":
                result = create_two_way_patch(original, case["modified"], type_of(case))
            case "three-way":
                three = original, case["modified"], case["current"]
                result = create_three_way_patch(*three, type_of(case))
            case "merge-patch":
                result = apply_merge_patch(original, case["patch"])
            case "three-way-merge":
                three = original, case["modified"], case["current"]
                result = create_three_way_merge_patch(*three)
            case "json-patch":
                result = apply_json_patch(original, case["patch"])
            case other:
                raise AssertionError(other)
    except TiphysError as err:
        return {"error": err.what}
    return {"result": result}


def answer_to_fields(case: Json) -> Json:
    try:
        fields = FieldSet.from_fields_v1(case["fields"])
    except TiphysError as err:
        return {"error": err.what}
    return {
        "result": {
            "fields": fields.to_fields_v1(),
            "leaves": fields.leaves().to_fields_v1(),
            "paths": [path_text(path) for path in fields] or [""],
        }
    }
