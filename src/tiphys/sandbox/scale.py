"""The scale subresource: replicas of a workload, whatever its kind.

Source: Kubernetes API reference, "Scale v1 autoscaling".
"""

from typing import Any

from tiphys.sandbox.defaulting import value_at
from tiphys.sandbox.kinds import Kind

_BUILT_IN = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": "",
}


def as_scale(kind: Kind, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the scale of an object."""
    paths = kind.scale_paths or _BUILT_IN
    metadata = manifest["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    labels = value_at(manifest, "spec.selector.matchLabels") or {}
    status: dict[str, Any] = {"replicas": value_at(manifest, _steps(paths, "status")) or 0}
    if labels:
        status["selector"] = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: metadata[name] for name in kept if name in metadata},
        "spec": {"replicas": value_at(manifest, _steps(paths, "spec")) or 0},
        "status": status,
    }


def with_scale(kind: Kind, manifest: dict[str, Any], scale: dict[str, Any]) -> dict[str, Any]:
    """Return an object with the replicas that a scale asks for."""
    steps = _steps(kind.scale_paths or _BUILT_IN, "spec").split(".")
    new = dict(manifest)
    inner = new
    for step in steps[:-1]:
        inner[step] = dict(inner.get(step) or {})
        inner = inner[step]
    inner[steps[-1]] = int((scale.get("spec") or {}).get("replicas", 0))
    version = (scale.get("metadata") or {}).get("resourceVersion")
    if version:
        new["metadata"] = {**new["metadata"], "resourceVersion": version}
    return new


def _steps(paths: dict[str, str], part: str) -> str:
    return paths[f"{part}ReplicasPath"].removeprefix(".")
