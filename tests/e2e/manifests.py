"""The smallest valid objects, as text for Git."""

import json
from typing import Any


def text(*manifests: dict[str, Any]) -> str:
    """Return a YAML stream (JSON documents are YAML)."""
    return "\n---\n".join(json.dumps(manifest, indent=1) for manifest in manifests) + "\n"


def _metadata(name: str, annotations: dict[str, str]) -> dict[str, Any]:
    prefixed = {
        key if "/" in key else f"argocd.argoproj.io/{key.replace('_', '-')}": value
        for key, value in annotations.items()
    }
    return {"name": name, **({"annotations": prefixed} if prefixed else {})}


def config_map(
    name: str, data: dict[str, str] | None = None, /, **annotations: str
) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(name, annotations),
        "data": data or {"key": "value"},
    }


def deployment(
    name: str, replicas: int = 0, image: str = "registry.example/web:1", **annotations: str
) -> dict[str, Any]:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(name, annotations),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "main", "image": image}]},
            },
        },
    }


def job(name: str, *, fails: bool = False, **annotations: str) -> dict[str, Any]:
    container = {
        "name": "main",
        "image": "registry.example/job:1",
        "command": ["sh", "-c", "exit 1" if fails else "exit 0"],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": _metadata(name, annotations),
        "spec": {
            "backoffLimit": 0,
            "template": {"spec": {"restartPolicy": "Never", "containers": [container]}},
        },
    }


def pod(name: str, *command: str, **annotations: str) -> dict[str, Any]:
    """A Pod that runs a command once: `true`, `false`, `sleep 1000`."""
    container = {"name": "main", "image": "registry.example/task:1", "command": list(command)}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _metadata(name, annotations),
        "spec": {"restartPolicy": "Never", "containers": [container]},
    }


def free_form_definition(group: str, kind: str) -> dict[str, Any]:
    """Return the definition of a kind whose spec may hold anything."""
    plural = f"{kind.lower()}s"
    spec = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {
                "kind": kind,
                "plural": plural,
                "singular": kind.lower(),
                "listKind": f"{kind}List",
            },
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


def free_form(group: str, kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    """Return an object of such a kind."""
    return {
        "apiVersion": f"{group}/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    }
