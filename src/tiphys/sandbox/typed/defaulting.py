"""Fills in what the API server fills in, from the table in data/defaults.yaml.

Defaults belong to structs, wherever these stand; a few depend on more than the struct beside
them and are code here.
"""

import copy
from collections.abc import Callable, Collection
from functools import cache
from typing import Any

from tiphys.sandbox.statuses import qualified
from tiphys.sandbox.tables import load_table
from tiphys.sandbox.typed.apitypes import api_types
from tiphys.sandbox.typed.kinds import Kind
from tiphys.sandbox.typed.scalars import Change, element_of
from tiphys.sandbox.typed.structs import flat_fields, struct_type
from tiphys.sandbox.typed.versions import default_metric, in_version
from tiphys.structured.quantities import parse_quantity

_API = "io.k8s.api."
_MANY = 2**31 - 1
_ABSENT = (None, "")
TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
Fill = Callable[[dict[str, Any]], None]


def table() -> dict[str, Any]:
    """Return the tables of defaults, required and immutable fields."""
    return load_table("defaults")


def kind_name(kind: Kind) -> str:
    """Return a kind as the tables spell it: "Deployment.apps", "Pod"."""
    return qualified(kind.kind, kind.group)


def value_at(manifest: Any, path: str) -> Any:
    """Return what stands at a dotted path, None when nothing does."""
    for step in path.split("."):
        if not isinstance(manifest, dict):
            return None
        manifest = manifest.get(step)
    return manifest


def fill_in(manifest: dict[str, Any], kind: Kind, complete: Collection[str] = ()) -> None:
    """Set the defaults of a built-in kind, in place.

    Args:
        manifest: the object.
        kind: its kind.
        complete: fields that have theirs and are not to be touched.
    """
    name = kind_name(kind)
    metadata_act = _METADATA.get(name)
    if metadata_act is not None:
        metadata_act(manifest)
    if "spec" not in complete:
        _fill_kind(manifest, name)
    fill = _filler(api_types().kinds.get(f"{kind.gvk.api_version}/{kind.kind}", ""))
    if isinstance(fill, _StructFiller):
        fill(manifest, complete)
    if name == "Pod" and "spec" not in complete:
        _pod_requests(manifest)


def _fill_kind(manifest: dict[str, Any], name: str) -> None:
    for entry in table()["kinds"].get(name, ()):
        wanted = entry.get("when", {}).items()
        if all(value_at(manifest, path) == value for path, value in wanted):
            for path, value in entry["set"].items():
                _set(manifest, path, value)
    act = _KINDS.get(name)
    if act is not None:
        act(manifest)


def _set(manifest: dict[str, Any], path: str, value: Any) -> None:
    above, _, field = path.rpartition(".")
    parent = value_at(manifest, above) if above else manifest
    if isinstance(parent, dict) and parent.get(field) is None:
        parent[field] = copy.deepcopy(value)


@cache
def _filler(go: str) -> Change | None:
    """Return what sets the defaults in a value of a type; None when there are none."""
    name = element_of(go)
    if not _has_defaults(name, frozenset()):
        return None
    depth = go.count("[]") + go.count("map[")
    fill: Change = _StructFiller(name)
    for _ in range(depth):
        fill = _each(fill)
    return fill


def _each(fill: Change) -> Change:
    def fill_each(value: Any) -> None:
        for item in value.values() if isinstance(value, dict) else value:
            fill(item)

    return fill_each


class _StructFiller:
    """Sets the defaults of a struct; what is below is looked up when first used."""

    def __init__(self, name: str) -> None:
        self._name, self._is_ready = name, False
        rules = table()["types"].get(name.removeprefix(_API), ())
        self._rules = [(rule.get("when", {}), rule["set"]) for rule in rules]
        self._act = _STRUCTS.get(name.removeprefix(_API))
        self._below: dict[str, Change] = {}

    def __call__(self, value: dict[str, Any], complete: Collection[str] = ()) -> None:
        if not self._is_ready:
            self._prepare()
        for wanted, defaults in self._rules:
            if not wanted or all(value.get(field) == asked for field, asked in wanted.items()):
                _set_absent(value, defaults)
        if self._act is not None:
            self._act(value)
        below = self._below
        for field, entry in value.items():
            if field in below and entry is not None and field not in complete:
                below[field](entry)

    def _prepare(self) -> None:
        for field in flat_fields(self._name):
            fill = _filler(field.go) if field.json != "metadata" else None
            if fill is not None:
                self._below[field.json] = fill
        self._is_ready = True


def _set_absent(value: dict[str, Any], defaults: dict[str, Any]) -> None:
    for field, default in defaults.items():
        if value.get(field) in _ABSENT:
            value[field] = default if default.__class__ is not dict else {**default}


@cache
def _has_defaults(name: str, above: frozenset[str]) -> bool:
    if name in above or not struct_type(name):
        return False
    short = name.removeprefix(_API)
    if short in table()["types"] or short in _STRUCTS:
        return True
    seen = above | {name}
    return any(_has_defaults(element_of(field.go), seen) for field in flat_fields(name))


def _pull_policy(image_field: str, policy_field: str) -> Fill:
    def fill(container: dict[str, Any]) -> None:
        if container.get(policy_field) is None:
            last = str(container.get(image_field) or "").rpartition("/")[2]
            is_latest = last.endswith(":latest") or (":" not in last and "@" not in last)
            container[policy_field] = "Always" if is_latest else "IfNotPresent"

    return fill


def _account(spec: dict[str, Any]) -> None:
    """Say the account's name in the older field too."""
    name = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if name:
        spec["serviceAccountName"] = spec["serviceAccount"] = name


def _namespace(manifest: dict[str, Any]) -> None:
    metadata = manifest["metadata"]
    name = {"kubernetes.io/metadata.name": metadata.get("name", "")}
    metadata["labels"] = {**(metadata.get("labels") or {}), **name}


def _daemon_set(manifest: dict[str, Any]) -> None:
    metadata = manifest["metadata"]
    metadata["annotations"] = {TEMPLATE_GENERATION: "0", **(metadata.get("annotations") or {})}


def _volume(volume: dict[str, Any]) -> None:
    if len(volume) < 2:
        volume["emptyDir"] = {}


def _job(spec: dict[str, Any]) -> None:
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    defaults = {
        "parallelism": 1,
        "backoffLimit": 6 if spec.get("backoffLimitPerIndex") is None else _MANY,
        "completionMode": "NonIndexed",
        "suspend": False,
        "manualSelector": False,
        "podReplacementPolicy": "Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed",
    }
    _set_absent(spec, defaults)


def _policy(spec: dict[str, Any]) -> None:
    if spec.get("policyTypes") is None:
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def _autoscaler(spec: dict[str, Any]) -> None:
    if not spec.get("metrics"):
        spec["metrics"] = [default_metric()]
    behavior = spec.get("behavior")
    if behavior is None:
        return
    percent = {"type": "Percent", "value": 100, "periodSeconds": 15}
    up = {
        "stabilizationWindowSeconds": 0,
        "selectPolicy": "Max",
        "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}, percent],
    }
    _set_absent(behavior.setdefault("scaleUp", {}), up)
    down = {"selectPolicy": "Max", "policies": [{**percent}]}
    _set_absent(behavior.setdefault("scaleDown", {}), down)


def _old_autoscaler(manifest: dict[str, Any]) -> None:
    """Say in the older version what the newer one makes of it: it is the one that is checked."""
    if manifest["apiVersion"] == "autoscaling/v1" and isinstance(manifest.get("spec"), dict):
        newer = in_version(manifest, "autoscaling/v2")
        manifest.update(in_version(newer, "autoscaling/v1"))


def _limits(item: dict[str, Any]) -> None:
    if item.get("type") != "Container":
        return
    limits = {**(item.get("max") or {}), **(item.get("default") or {})}
    requests = {**(item.get("min") or {}), **limits, **(item.get("defaultRequest") or {})}
    found = {"default": limits, "defaultRequest": requests}
    item.update({field: amounts for field, amounts in found.items() if amounts})


def _service(manifest: dict[str, Any]) -> None:
    spec = manifest.get("spec") or {}
    for port in spec.get("ports") or ():
        if not port.get("targetPort"):
            port["targetPort"] = port.get("port", 0)
    if spec.get("sessionAffinity") == "None":
        spec.pop("sessionAffinityConfig", None)
    if spec.get("externalIPs") and spec.get("type") == "ClusterIP":
        _set(spec, "externalTrafficPolicy", "Cluster")


def _controller(manifest: dict[str, Any]) -> None:
    """Give a replication controller the labels of its template."""
    labels = value_at(manifest, "spec.template.metadata.labels")
    if labels:
        _set(manifest, "spec.selector", labels)
        _set(manifest, "metadata.labels", labels)


def _claims(manifest: dict[str, Any]) -> None:
    for claim in value_at(manifest, "spec.volumeClaimTemplates") or ():
        claim["apiVersion"], claim["kind"] = "v1", "PersistentVolumeClaim"
        claim["status"] = {"phase": "Pending", **(claim.get("status") or {})}


def _job_labels(manifest: dict[str, Any]) -> None:
    labels = value_at(manifest, "spec.template.metadata.labels")
    if labels and not manifest["metadata"].get("labels"):
        manifest["metadata"]["labels"] = {**labels}


def _pod_requests(manifest: dict[str, Any]) -> None:
    """Ask for what is the limit, and open on the host what is opened on its network."""
    spec = manifest.get("spec") or {}
    for listed in ("initContainers", "containers"):
        for container in spec.get(listed) or ():
            _requests(container.get("resources") or {})
            for port in (container.get("ports") or ()) if spec.get("hostNetwork") else ():
                port.setdefault("hostPort", port.get("containerPort"))
    _requests(spec.get("resources") or {})


def _requests(resources: dict[str, Any]) -> None:
    for name, amount in (resources.get("limits") or {}).items():
        resources.setdefault("requests", {}).setdefault(name, amount)


def quality_of_service(spec: dict[str, Any]) -> str:
    """Return the class of a Pod: how well its requests and limits are defined."""
    parts = [
        container.get("resources") or {}
        for listed in ("initContainers", "containers")
        for container in spec.get(listed) or ()
    ]
    if not any(_amounts(part, side) for part in parts for side in ("limits", "requests")):
        return "BestEffort"
    is_guaranteed = all(
        _amounts(part, "limits").keys() == {"cpu", "memory"}
        and _amounts(part, "limits") == _amounts(part, "requests")
        for part in parts
    )
    return "Guaranteed" if is_guaranteed else "Burstable"


def _amounts(resources: dict[str, Any], side: str) -> dict[str, Any]:
    found = {
        name: parse_quantity(amount).value
        for name, amount in (resources.get(side) or {}).items()
        if name in {"cpu", "memory"}
    }
    return {name: value for name, value in found.items() if value}


_STRUCTS: dict[str, Fill] = {
    "core.v1.Container": _pull_policy("image", "imagePullPolicy"),
    "core.v1.EphemeralContainer": _pull_policy("image", "imagePullPolicy"),
    "core.v1.ImageVolumeSource": _pull_policy("reference", "pullPolicy"),
    "core.v1.Volume": _volume,
    "core.v1.PodSpec": _account,
    "core.v1.LimitRangeItem": _limits,
    "networking.v1.NetworkPolicySpec": _policy,
    "autoscaling.v2.HorizontalPodAutoscalerSpec": _autoscaler,
}


def _job_kind(manifest: dict[str, Any]) -> None:
    if isinstance(manifest.get("spec"), dict):
        _job(manifest["spec"])
    _job_labels(manifest)


_METADATA: dict[str, Fill] = {"Namespace": _namespace, "DaemonSet.apps": _daemon_set}
_KINDS: dict[str, Fill] = {
    "Job.batch": _job_kind,
    "Service": _service,
    "ReplicationController": _controller,
    "StatefulSet.apps": _claims,
    "HorizontalPodAutoscaler.autoscaling": _old_autoscaler,
}
