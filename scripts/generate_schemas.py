"""Writes src/tiphys/structured/data/builtin.json.zlib: the definitions of the built-in kinds.

They come from the kubernetes-validate package, less what we never read (prose, unions), plus what
that package does not carry: the defaults of key fields, and (from recorded answers of the Go
libraries) which fields are structs that are never absent.

Usage: python scripts/generate_schemas.py [--check]
"""

import json
import sys
import zlib
from pathlib import Path
from typing import Any

import kubernetes_validate

VERSION = "v1.37.0"
TARGET = Path(__file__).resolve().parent.parent / ("src/tiphys/structured/data/builtin.json.zlib")
RECORDED = TARGET.parents[4] / "tests/recorded/structured/schema.json.zlib"
DROPPED = {"description", "enum", "x-kubernetes-unions", "nullable"}
# The API server's own defaults of key fields: they decide which item is which.
DEFAULTS = {
    "io.k8s.api.core.v1.ContainerPort": {"protocol": "TCP"},
    "io.k8s.api.core.v1.ServicePort": {"protocol": "TCP"},
    "io.k8s.api.core.v1.LocalObjectReference": {"name": ""},
    "io.k8s.api.apps.v1.DaemonSetCondition": {"type": ""},
    "io.k8s.api.apps.v1.DeploymentCondition": {"type": ""},
    "io.k8s.api.apps.v1.ReplicaSetCondition": {"type": ""},
    "io.k8s.api.apps.v1.StatefulSetCondition": {"type": ""},
}
# A required scalar is never absent in the server's own structs: there it counts as its zero.
ZEROS = {"string": "", "integer": 0, "boolean": False}
# Required by the rules, but able to be absent in the server's structs.
ABSENT = {
    "io.k8s.api.apiserverinternal.v1alpha1.ServerStorageVersion",
    "io.k8s.api.flowcontrol.v1.FlowSchemaCondition",
    "io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationCondition",
}


def compact(schema: Any) -> Any:
    """Return a schema without prose, with one type instead of [type, "null"]."""
    if not isinstance(schema, dict):
        return schema
    result = {}
    for key, value in schema.items():
        if key == "type":
            result[key] = value if isinstance(value, str) else value[0]
        elif key == "$ref":
            result[key] = value.removeprefix("#/$defs/")
        elif key == "properties":
            result[key] = {name: compact(field) for name, field in value.items()}
        elif key in {"items", "additionalProperties"}:
            result[key] = compact(value)
        elif key not in DROPPED:
            result[key] = value
    return result


def add_key_defaults(field: Any, definitions: dict[str, Any]) -> None:
    """Give the items of an associative list the defaults of their key fields."""
    name = field.get("items", {}).get("$ref")
    if name is None or name in ABSENT:
        return
    item = definitions[name]
    merge_key = field.get("x-kubernetes-patch-merge-key")
    for key in field.get("x-kubernetes-list-map-keys", [merge_key] if merge_key else ()):
        zero = ZEROS.get(item["properties"][key].get("type"))
        if key in DEFAULTS.get(name, {}):
            item["properties"][key]["default"] = DEFAULTS[name][key]
        elif key in item.get("required", ()) and zero is not None:
            item["properties"][key]["default"] = zero


def struct_fields() -> list[str]:
    pairs = json.loads(zlib.decompress(RECORDED.read_bytes()))
    [fields] = [pair["answer"]["result"] for pair in pairs if pair["case"]["ask"] == "structs"]
    return list(fields)


def build() -> bytes:
    """Return the content of the data file."""
    folder = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
    source = json.loads((folder / f"{VERSION}-local" / "_definitions.json").read_text())
    definitions = {name: compact(schema) for name, schema in source["$defs"].items()}
    for definition in definitions.values():
        for field in definition.get("properties", {}).values():
            add_key_defaults(field, definitions)
    for place in struct_fields():
        name, _, field = place.rpartition(".")
        if field in definitions.get(name, {}).get("properties", {}):
            definitions[name]["properties"][field]["default"] = {}
    text = json.dumps(definitions, separators=(",", ":"), sort_keys=True)
    return zlib.compress(text.encode(), 9)


def main() -> None:
    content = build()
    if "--check" not in sys.argv:
        TARGET.write_bytes(content)
        print(f"{TARGET.name}: {len(content)} bytes")
    elif zlib.decompress(TARGET.read_bytes()) != zlib.decompress(content):
        sys.exit(f"{TARGET.name} is out of date: run python {sys.argv[0]}")


if __name__ == "__main__":
    main()
