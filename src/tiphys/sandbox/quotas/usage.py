"""What an object uses of a namespace's quotas.

Source: Kubernetes documentation, "Resource Quotas"; "Init Containers", "Resource sharing within
containers"; "Pod Overhead".
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from tiphys.sandbox.statuses import qualified
from tiphys.sandbox.typed.kinds import Kind
from tiphys.structured.quantities import added_quantities, parse_quantity

Manifest = dict[str, Any]
Amounts = dict[str, str]
"""Names of resources to quantities."""

PODS, SERVICES, CLAIMS = ("", "pods"), ("", "services"), ("", "persistentvolumeclaims")
QUOTAS = ("", "resourcequotas")
USE_MORE = {PODS, SERVICES, CLAIMS}
"""What uses more than that it is there, and may come to use less without going."""
_EVENTS = {("", "events"), ("events.k8s.io", "events")}
_NAMED = {
    "configmaps", "persistentvolumeclaims", "replicationcontrollers", "resourcequotas", "secrets",
    "services",
}  # fmt: skip
"""Kinds of the core group that quotas count under their bare name too; pods that run are another
matter."""
_PLAIN = ("cpu", "memory", "ephemeral-storage")
_COMPUTE = {
    "cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory",
}  # fmt: skip
_CLASS = ".storageclass.storage.k8s.io/"
_OLD_CLASS = "volume.beta.kubernetes.io/storage-class"


def is_counted(kind: Kind) -> bool:
    """Return whether quotas count a kind: all that live in namespaces, but Events."""
    return kind.namespaced and kind.collection not in _EVENTS


def counts_changes(kind: Kind) -> bool:
    """Return whether a change of an object may make it use more."""
    return kind.collection in {SERVICES, CLAIMS}


def usage(kind: Kind, manifest: Manifest) -> Amounts:
    """Return what an object uses."""
    used = {f"count/{qualified(kind.plural, kind.group)}": "1"}
    if not kind.group and kind.plural in _NAMED:
        used[kind.plural] = "1"
    if kind.collection == PODS and not _has_ended(manifest):
        used |= _pod(manifest["spec"])
    elif kind.collection == SERVICES:
        used |= _service(manifest.get("spec") or {})
    elif kind.collection == CLAIMS:
        used |= _claim(manifest)
    return used


def is_known(name: str, counted: Iterable[Kind]) -> bool:
    """Return whether a resource of a quota is one that anything can use.

    Args:
        name: as in `spec.hard`.
        counted: the kinds that are served.
    """
    if name.startswith("count/"):
        return name.removeprefix("count/") in {qualified(k.plural, k.group) for k in counted}
    bare = name.removeprefix("requests.").removeprefix("limits.")
    is_extended = name.startswith("requests.") and "/" in bare
    return (
        name in _NAMED
        or name in {"pods", "services.nodeports", "services.loadbalancers", "requests.storage"}
        or bare in _PLAIN
        or bare.startswith("hugepages-")
        or is_extended
        or _CLASS in name
    )


def missing_from(spec: Manifest, hard: Iterable[str]) -> str:
    """Return what the containers of a pod have to say for these quotas and do not; "" for nothing.

    Args:
        spec: of the pod.
        hard: what a quota limits.
    """
    if spec.get("resources"):
        return ""
    missing: dict[str, list[str]] = {}
    for container in (*spec["containers"], *(spec.get("initContainers") or ())):
        said = _compute(*(_side(container, side) for side in ("requests", "limits")))
        for name in _COMPUTE.intersection(hard) - said.keys():
            missing.setdefault(name, []).append(container["name"])
    parts = (f"{name} for: {','.join(sorted(missing[name]))}" for name in sorted(missing))
    return "; ".join(parts)


def total(amounts: Iterable[Amounts]) -> Amounts:
    """Return the sum, by resource."""
    found: Amounts = {}
    for amount in amounts:
        for name, quantity in amount.items():
            found[name] = added_quantities(found.get(name, "0"), quantity)
    return found


def _has_ended(pod: Manifest) -> bool:
    if (pod.get("status") or {}).get("phase") in {"Succeeded", "Failed"}:
        return True
    ends = pod["metadata"].get("deletionTimestamp")
    return ends is not None and datetime.now(UTC) > datetime.fromisoformat(ends)


def _pod(spec: Manifest) -> Amounts:
    sides = [_of_all_containers(spec, side) for side in ("requests", "limits")]
    return {"pods": "1", **_compute(*sides)}


def _compute(requests: Amounts, limits: Amounts) -> Amounts:
    """Return what requests and limits come to, by the names that quotas have for them."""
    used: Amounts = {}
    for name, amount in requests.items():
        if name in _PLAIN or name.startswith("hugepages-"):
            used[name] = used[f"requests.{name}"] = amount
        elif "/" in name:
            used[f"requests.{name}"] = amount
    return used | {f"limits.{name}": limits[name] for name in _PLAIN if name in limits}


def _side(container: Manifest, side: str) -> Amounts:
    found: Amounts = (container.get("resources") or {}).get(side) or {}
    return found


def _of_all_containers(spec: Manifest, side: str) -> Amounts:
    """Return the most that the containers of a pod have at one time.

    Those that run beside the others are there from their start on; the other init containers run
    one at a time, before the rest.
    """
    beside: Amounts = {}
    most: Amounts = {}
    for container in spec.get("initContainers") or ():
        if container.get("restartPolicy") == "Always":
            beside = total([beside, _side(container, side)])
            most = _largest(most, beside)
        else:
            most = _largest(most, total([_side(container, side), beside]))
    rest = [_side(container, side) for container in spec["containers"]]
    found = _largest(total([*rest, beside]), most)
    found |= (spec.get("resources") or {}).get(side) or {}
    overhead = spec.get("overhead") or {}
    if side == "limits":
        overhead = {name: amount for name, amount in overhead.items() if name in found}
    return total([found, overhead])


def _largest(one: Amounts, other: Amounts) -> Amounts:
    more = {
        name: amount
        for name, amount in other.items()
        if name not in one or parse_quantity(amount).value > parse_quantity(one[name]).value
    }
    return {**one, **more}


def _service(spec: Manifest) -> Amounts:
    ports, kind = spec.get("ports") or [], spec.get("type")
    open_ports = len(ports) if kind in {"NodePort", "LoadBalancer"} else 0
    if kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is False:
        open_ports = sum("nodePort" in port for port in ports)
    return {
        "services.nodeports": str(open_ports),
        "services.loadbalancers": str(int(kind == "LoadBalancer")),
    }


def _claim(claim: Manifest) -> Amounts:
    spec = claim["spec"]
    storage = str(((spec.get("resources") or {}).get("requests") or {}).get("storage", "0"))
    used = {"requests.storage": storage}
    annotations = claim["metadata"].get("annotations") or {}
    name = annotations.get(_OLD_CLASS) or spec.get("storageClassName")
    if name:
        used[f"{name}{_CLASS}persistentvolumeclaims"] = "1"
        used[f"{name}{_CLASS}requests.storage"] = storage
    return used
