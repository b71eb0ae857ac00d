"""Writes leave the managers that a real API server left (tests/recorded/apply)."""

import json
import zlib
from pathlib import Path
from typing import Any

import pytest

from tiphys.model.errors import TiphysError
from tiphys.model.keys import gvk_of
from tiphys.structured.compare import equal
from tiphys.structured.merge import FieldWriter, apply, update_managed_fields
from tiphys.structured.schema import load_builtin_schema
from tiphys.structured.structs import with_structs
from tiphys.structured.types import TypeRef

FILE = Path(__file__).resolve().parents[2] / "recorded" / "apply" / "server.json.zlib"
EXCHANGES = json.loads(zlib.decompress(FILE.read_bytes()))
# The server gives a Service these after it has written down who owns what.
ALLOCATED = {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"}
Json = dict[str, Any]


def type_of(exchange: Json) -> TypeRef:
    found = load_builtin_schema().schema_for(gvk_of(exchange["step"]["object"]))
    if found is None:
        found = load_builtin_schema().schema_for(gvk_of(exchange["before"]))
    assert found is not None
    return found


def written(exchange: Json) -> Json:
    step, before, after = exchange["step"], exchange["before"], exchange["after"]
    by = FieldWriter(
        step["manager"], (before or step["object"])["apiVersion"], "2020-01-01T00:00:00Z",
        step.get("subresource", ""),
    )  # fmt: skip
    type_ = type_of(exchange)
    if step["op"] == "apply":
        force = step.get("force", False)
        return apply(before, step["object"], by=by, schema=type_, force=force).object
    metadata = {key: value for key, value in after["metadata"].items() if key != "managedFields"}
    stored = {**after, "metadata": metadata}
    if before is None and "spec" in stored:
        spec = {key: value for key, value in stored["spec"].items() if key not in ALLOCATED}
        stored["spec"] = spec
    return update_managed_fields(before, stored, by=by, schema=type_)


def managers(manifest: Json, *, in_order: bool) -> list[str]:
    """Return the entries as text, in the server's order of keys where that means anything."""
    entries = manifest["metadata"].get("managedFields", ())
    timeless = [{k: "" if k == "time" else v for k, v in entry.items()} for entry in entries]
    return sorted(json.dumps(entry, sort_keys=not in_order) for entry in timeless)


CASES = [pytest.param(exchange, id=exchange["name"]) for exchange in EXCHANGES]
CHANGES = [
    pytest.param(exchange, id=exchange["name"])
    for exchange in EXCHANGES
    if exchange["step"]["op"] == "apply" and exchange["before"] and "spec" in exchange["after"]
]


@pytest.mark.parametrize("exchange", CASES)
def test_managers_are_those_of_a_real_server(exchange: Json) -> None:
    after = exchange["after"]
    if after["kind"] == "Status":
        with pytest.raises(TiphysError) as caught:
            written(exchange)
        assert caught.value.what == after["message"]
        return
    # On its way through a scale the server loses the order of keys.
    in_order = exchange["step"].get("subresource") != "scale"

    assert managers(written(exchange), in_order=in_order) == managers(after, in_order=in_order)


@pytest.mark.parametrize("exchange", CHANGES)
def test_what_a_real_server_counted_as_a_change_is_one(exchange: Json) -> None:
    step, before, after = exchange["step"], exchange["before"], exchange["after"]
    by = FieldWriter(step["manager"], before["apiVersion"], "x", step.get("subresource", ""))
    result = apply(before, step["object"], by=by, schema=type_of(exchange), force=True)
    spec_changed = before["metadata"].get("generation") != after["metadata"].get("generation")

    assert result.changed or not spec_changed


def test_structs_that_a_server_shows_are_filled_in() -> None:
    shown = [e["after"] for e in EXCHANGES if e["after"]["kind"] in {"Deployment", "Pod"}]
    assert shown

    for manifest in shown:
        type_ = load_builtin_schema().schema_for(gvk_of(manifest))
        assert type_ is not None
        bare = without_empty(manifest)
        assert equal(without_metadata(with_structs(bare, type_)), without_metadata(manifest))


def without_metadata(manifest: Json) -> Json:
    """Return an object without its own metadata, where nulls and times live."""
    return {key: value for key, value in manifest.items() if key != "metadata"}


def without_empty(value: Any) -> Any:
    """Return an object without the structs that say nothing."""
    if isinstance(value, dict):
        names = {"status", "resources", "strategy"}
        return {k: without_empty(v) for k, v in value.items() if k not in names or v != {}}
    return [without_empty(item) for item in value] if isinstance(value, list) else value
