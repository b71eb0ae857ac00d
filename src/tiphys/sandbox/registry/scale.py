"""The scale subresource: replicas of a workload, whatever its kind.

Source: Kubernetes API reference, "Scale v1 autoscaling"; apiextensions-apiserver,
pkg/registry/customresource/etcd.go for custom kinds.
"""

from typing import Any

from tiphys.sandbox.statuses import StatusError, bad_request, invalid
from tiphys.sandbox.typed.defaulting import value_at
from tiphys.sandbox.typed.kinds import Kind

API_VERSION = "autoscaling/v1"
_BUILT_IN = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": "",
}
_NOT_SAID = -(2**31)
"""What the API server gives a custom object to be scaled that has no number yet."""
_NO_APPLY = (
    "failed to create manager for existing fields: failed to convert live object (/; "
    "autoscaling/v1, Kind=Scale) to proper version: request to convert CR to an invalid "
    "group/version: autoscaling/v1"
)
_KEPT = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def as_scale(kind: Kind, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the scale of an object.

    Raises:
        StatusError: a custom object says nothing of its replicas.
    """
    metadata = manifest["metadata"]
    wanted = value_at(manifest, _steps(kind, "specReplicasPath"))
    if wanted is None and kind.is_custom:
        path = f".{_steps(kind, 'specReplicasPath')}"
        what = f'the spec replicas field "{path}" does not exist'
        details = {"causes": [{"message": what}]}
        text = f"Internal error occurred: {what}"
        raise StatusError(500, "InternalError", text, details)
    running = value_at(manifest, _steps(kind, "statusReplicasPath")) or 0
    status: dict[str, Any] = {"replicas": running}
    if selector := _selector(kind, manifest):
        status["selector"] = selector
    return {
        "kind": "Scale",
        "apiVersion": API_VERSION,
        "metadata": {name: metadata[name] for name in _KEPT if name in metadata},
        "spec": {"replicas": wanted} if wanted else {},
        "status": status,
    }


def to_be_scaled(kind: Kind, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the scale of an object for somebody who will change it: it has a number then."""
    path = _steps(kind, "specReplicasPath")
    if not kind.is_custom or value_at(manifest, path) is not None:
        return as_scale(kind, manifest)
    return as_scale(kind, _with_replicas(kind, manifest, _NOT_SAID))


def with_scale(kind: Kind, manifest: dict[str, Any], scale: dict[str, Any]) -> dict[str, Any]:
    """Return an object with the replicas that a scale asks for.

    Raises:
        StatusError: the number is none, or negative.
    """
    metadata = manifest["metadata"]
    replicas = (scale.get("spec") or {}).get("replicas") or 0
    if not isinstance(replicas, int):
        text = "json: cannot unmarshal into Go struct field ScaleSpec.spec.replicas of type int32"
        raise bad_request(f'Scale in version "v1" cannot be handled as a Scale: {text}')
    if replicas == _NOT_SAID:
        path = _steps(kind, "specReplicasPath")
        raise bad_request(f'the spec replicas field ".{path}" cannot be empty')
    if replicas < 0:
        text = f"Invalid value: {replicas}: must be greater than or equal to 0"
        problem = ("spec.replicas", "FieldValueInvalid", text)
        raise invalid("Scale", "autoscaling", metadata["name"], [problem])
    new = _with_replicas(kind, manifest, replicas)
    given = scale.get("metadata") or {}
    sent = {name: given[name] for name in ("resourceVersion", "uid") if given.get(name)}
    new["metadata"] = {**metadata, **sent}
    return new


def _with_replicas(kind: Kind, manifest: dict[str, Any], replicas: int) -> dict[str, Any]:
    new = dict(manifest)
    inner = new
    steps = _steps(kind, "specReplicasPath").split(".")
    for step in steps[:-1]:
        inner[step] = dict(inner.get(step) or {})
        inner = inner[step]
    inner[steps[-1]] = replicas
    return new


def applied_scale(
    kind: Kind, name: str, scale: dict[str, Any], live: dict[str, Any]
) -> dict[str, Any]:
    """Return the configuration of a kind that asks for the same as an applied scale.

    Raises:
        StatusError: nobody owns the replicas of this custom object: the real server fails.
    """
    if kind.is_custom and not is_owned(kind, live):
        raise StatusError(500, "", _NO_APPLY)
    metadata = scale.get("metadata") or {}
    manifest = {
        "apiVersion": kind.gvk.api_version,
        "kind": kind.kind,
        "metadata": {"name": name, **metadata},
    }
    return with_scale(kind, manifest, scale)


def is_owned(kind: Kind, live: dict[str, Any]) -> bool:
    """Return whether any manager owns the replicas of an object."""
    path = ".".join(f"f:{step}" for step in _steps(kind, "specReplicasPath").split("."))
    entries = live["metadata"].get("managedFields") or ()
    return any(value_at(entry.get("fieldsV1") or {}, path) is not None for entry in entries)


def _selector(kind: Kind, manifest: dict[str, Any]) -> str:
    if kind.is_custom:
        return str(value_at(manifest, _steps(kind, "labelSelectorPath")) or "")
    labels = value_at(manifest, "spec.selector.matchLabels") or {}
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _steps(kind: Kind, which: str) -> str:
    paths = kind.scale_paths or _BUILT_IN
    return (paths.get(which) or "").removeprefix(".")
