"""What owners and their pods have in common."""

import hashlib
from typing import Any

import orjson

from tiphys.sandbox.workloads.cluster import Manifest, seconds_since

NODE = "sandbox"
Conditions = dict[str, Manifest]


def template_hash(template: Manifest) -> str:
    """Return the label that tells the pods of one template from those of another."""
    text = orjson.dumps(template, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(text, digest_size=5).hexdigest()


def owned(owner: Manifest, body: Manifest, *, name: str = "") -> Manifest:
    """Return a child with its owner reference, named after its owner unless it has a name."""
    above = owner["metadata"]
    named = {"name": name} if name else {"generateName": f"{above['name']}-"}
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": above["name"],
        "uid": above["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    metadata = {
        **named,
        **(body.get("metadata") or {}),
        "namespace": above["namespace"],
        "ownerReferences": [reference],
    }
    return {**body, "metadata": metadata}


def pod(
    owner: Manifest,
    *,
    name: str = "",
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
) -> Manifest:
    """Return a pod of a workload's template, on the one simulated node."""
    template = owner["spec"]["template"]
    metadata = template.get("metadata") or {}
    kept = {
        "labels": {**(metadata.get("labels") or {}), **(labels or {})},
        "annotations": {**(metadata.get("annotations") or {}), **(annotations or {})},
    }
    spec = {**template["spec"], "nodeName": NODE}
    made = {"metadata": {k: v for k, v in kept.items() if v}, "spec": spec}
    return owned(owner, made, name=name)


def is_ready(found: Manifest) -> bool:
    """Return whether a pod is ready."""
    return _ready(found) is not None


def is_available(found: Manifest, min_ready_s: int) -> bool:
    """Return whether a pod has been ready for so many seconds."""
    ready = _ready(found)
    return ready is not None and (
        not min_ready_s or seconds_since(ready["lastTransitionTime"]) >= min_ready_s
    )


def is_over(found: Manifest) -> bool:
    """Return whether a pod has ended."""
    return (found.get("status") or {}).get("phase") in {"Succeeded", "Failed"}


def conditions_of(manifest: Manifest) -> Conditions:
    """Return an object's conditions by type."""
    listed: list[Any] = (manifest.get("status") or {}).get("conditions") or []
    return {condition["type"]: condition for condition in listed}


def count_or_percent(value: Any, total: int, *, up: bool) -> int:
    """Return what "25%" or a number stands for, of so many."""
    text = str(value)
    if not text.endswith("%"):
        return int(text)
    exact = int(text[:-1]) * total
    return -(-exact // 100) if up else exact // 100


def _ready(found: Manifest) -> Manifest | None:
    condition = conditions_of(found).get("Ready")
    return condition if condition is not None and condition["status"] == "True" else None
