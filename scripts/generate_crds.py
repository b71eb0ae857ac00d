"""Writes src/tiphys/crds/*.yaml from the records of tiphys.model, the one place that names fields.

Usage: python scripts/generate_crds.py [--check]
"""

import sys
from pathlib import Path
from typing import Any

import msgspec
import yaml

from tiphys.model.application import Application
from tiphys.model.labels import API_GROUP
from tiphys.model.project import AppProject

FOLDER = Path(__file__).resolve().parent.parent / "src" / "tiphys" / "crds"
REQUIRED = {
    "ApplicationSpec": ["destination", "project"],
    "ApplicationSource": ["repoURL"],
    "Application": ["metadata", "spec"],
    "AppProject": ["metadata", "spec"],
}
# Written by other programs or by later versions: read as they are, never pruned.
OPEN_RECORDS = {"ApplicationStatus", "OperationState", "AppProjectSpec", "ProjectRole"}


def structural(schema: Any, components: dict[str, Any]) -> dict[str, Any]:
    """Turn a JSON Schema of msgspec into a structural schema: no $ref, no anyOf with null."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return record(name, components)
    if "anyOf" in schema:
        options = [option for option in schema["anyOf"] if option.get("type") != "null"]
        if {option.get("type") for option in options} == {"integer", "string"}:
            return {
                "anyOf": [{"type": "integer"}, {"type": "string"}],
                "x-kubernetes-int-or-string": True,
            }
        return structural(options[0], components)
    kind = schema.get("type")
    if kind == "array":
        return {"type": "array", "items": structural(schema.get("items", {}), components)}
    if kind == "object":
        values = schema.get("additionalProperties")
        if not isinstance(values, dict) or not values:
            return {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        return {"type": "object", "additionalProperties": structural(values, components)}
    if kind == "integer":
        return {"type": "integer", "format": "int64"}
    return {"type": kind} if kind else {"x-kubernetes-preserve-unknown-fields": True}


def record(name: str, components: dict[str, Any]) -> dict[str, Any]:
    """Turn one record of msgspec into a structural schema."""
    schema = components[name]
    if "enum" in schema:
        return {"type": "string"}
    if name == "ObjectMeta":
        return {"type": "object"}
    out: dict[str, Any] = {
        "type": "object",
        "description": schema["description"].partition("\n")[0],
        "properties": {
            field: structural(value, components) for field, value in schema["properties"].items()
        },
    }
    if name in REQUIRED:
        out["required"] = REQUIRED[name]
    if name in OPEN_RECORDS:
        out["x-kubernetes-preserve-unknown-fields"] = True
    return out


def definition(
    root: type, plural: str, short_names: list[str], columns: list[dict[str, Any]]
) -> dict[str, Any]:
    """Build the CustomResourceDefinition of a root record."""
    _, components = msgspec.json.schema_components([root])
    kind = root.__name__
    schema = record(kind, components)
    schema["properties"] = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        **schema["properties"],
    }
    names = {
        "kind": kind,
        "listKind": f"{kind}List",
        "plural": plural,
        "singular": kind.lower(),
        "shortNames": short_names,
    }
    version = {
        "name": "v1alpha1",
        "served": True,
        "storage": True,
        # A server leaves an empty list out; each `kubectl apply` would write it anew.
        **({"additionalPrinterColumns": columns} if columns else {}),
        "schema": {"openAPIV3Schema": schema},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{API_GROUP}",
            "labels": {
                "app.kubernetes.io/name": f"{plural}.{API_GROUP}",
                "app.kubernetes.io/part-of": "argocd",
            },
        },
        "spec": {
            "group": API_GROUP,
            "names": names,
            "scope": "Namespaced",
            "versions": [version],
        },
    }


def column(name: str, path: str, priority: int = 0) -> dict[str, Any]:
    """Build one printer column."""
    out: dict[str, Any] = {"name": name, "type": "string", "jsonPath": path}
    if priority:
        out["priority"] = priority
    return out


DEFINITIONS = {
    "application.yaml": definition(
        Application,
        "applications",
        ["app", "apps"],
        [
            column("Sync Status", ".status.sync.status"),
            column("Health Status", ".status.health.status"),
            column("Revision", ".status.sync.revision", 10),
            column("Project", ".spec.project", 10),
        ],
    ),
    "appproject.yaml": definition(AppProject, "appprojects", ["appproj", "appprojs"], []),
}


def main() -> int:
    """Write the files, or with --check tell whether they are as they should be."""
    stale = []
    for name, content in DEFINITIONS.items():
        text = yaml.safe_dump(content, sort_keys=False, width=100)
        path = FOLDER / name
        if "--check" in sys.argv:
            if not path.exists() or path.read_text() != text:
                stale.append(name)
        else:
            path.write_text(text)
    if stale:
        print(f"{', '.join(stale)}: not what scripts/generate_crds.py writes; run it")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
