"""What is behind Services and disruption budgets: the pods that their selectors choose.

Source: Kubernetes documentation, "Service", "EndpointSlices", "Specifying a Disruption Budget".
"""

from typing import Any

from tiphys.sandbox.workloads.cluster import PODS, Cluster, Manifest
from tiphys.sandbox.workloads.owners import (
    NODE,
    conditions_of,
    count_or_percent,
    is_over,
    is_ready,
    owned,
)

SERVICES = ("", "services")
BUDGETS = ("policy", "poddisruptionbudgets")
_SLICES = ("discovery.k8s.io", "endpointslices")
_ENDPOINTS = ("", "endpoints")
_MANAGED = "endpointslice.kubernetes.io/managed-by"
_SLICE_MANAGER = "endpointslice-controller.k8s.io"


def step(cluster: Cluster, service: Manifest) -> float | None:
    """Write down which pods answer for a Service."""
    spec = service["spec"]
    selector = spec.get("selector")
    if not selector or spec.get("type") == "ExternalName":
        return None
    pods = [p for p in chosen(cluster, service, selector) if _address(p) and not is_over(p)]
    takes_all = bool(spec.get("publishNotReadyAddresses"))
    ports = _ports(spec, pods)
    _write_slice(cluster, service, ports, [_endpoint(p, takes_all=takes_all) for p in pods])
    _write_endpoints(cluster, service, ports, (pods, takes_all))
    return None


def chosen(cluster: Cluster, owner: Manifest, labels: dict[str, str]) -> list[Manifest]:
    """Return the pods of an object's namespace that carry these labels."""
    found = cluster.all(PODS, owner["metadata"]["namespace"])
    return [p for p in found if labels.items() <= (p["metadata"].get("labels") or {}).items()]


def _address(found: Manifest) -> str:
    return str((found.get("status") or {}).get("podIP") or "")


def _ports(spec: Manifest, pods: list[Manifest]) -> list[Manifest]:
    ports = []
    for port in spec.get("ports") or ():
        number = _number(port.get("targetPort", port["port"]), pods)
        if number is not None:
            kept = {"name": port.get("name", ""), "protocol": port.get("protocol", "TCP")}
            ports.append({**kept, "port": number})
    return ports


def _number(target: Any, pods: list[Manifest]) -> int | None:
    if isinstance(target, int):
        return target
    for found in pods:
        for container in found["spec"].get("containers") or ():
            for port in container.get("ports") or ():
                if port.get("name") == target:
                    return int(port["containerPort"])
    return None


def _target(found: Manifest) -> Manifest:
    metadata = found["metadata"]
    kept = {name: metadata[name] for name in ("name", "namespace", "uid")}
    return {"kind": "Pod", **kept}


def _endpoint(found: Manifest, *, takes_all: bool) -> Manifest:
    ready = is_ready(found)
    return {
        "addresses": [_address(found)],
        "conditions": {"ready": ready or takes_all, "serving": ready, "terminating": False},
        "nodeName": NODE,
        "targetRef": _target(found),
    }


def _write_slice(
    cluster: Cluster, service: Manifest, ports: list[Manifest], endpoints: list[Manifest]
) -> None:
    content = {"addressType": "IPv4", "endpoints": endpoints, "ports": ports}
    slices = [
        found
        for found in cluster.children(service, _SLICES)
        if (found["metadata"].get("labels") or {}).get(_MANAGED) == _SLICE_MANAGER
    ]
    if slices:
        _update(cluster, _SLICES, slices[0], content)
        return
    name = service["metadata"]["name"]
    labels = {
        **(service["metadata"].get("labels") or {}),
        _MANAGED: _SLICE_MANAGER,
        "kubernetes.io/service-name": name,
    }
    if service["spec"].get("clusterIP") == "None":
        labels["service.kubernetes.io/headless"] = ""
    cluster.create(_SLICES, owned(service, {"metadata": {"labels": labels}, **content}))


def _write_endpoints(
    cluster: Cluster, service: Manifest, ports: list[Manifest], state: tuple[list[Manifest], bool]
) -> None:
    pods, takes_all = state
    addresses: dict[str, list[Manifest]] = {"addresses": [], "notReadyAddresses": []}
    for found in pods:
        part = "addresses" if takes_all or is_ready(found) else "notReadyAddresses"
        addresses[part].append(
            {"ip": _address(found), "nodeName": NODE, "targetRef": _target(found)}
        )
    subset = {name: listed for name, listed in addresses.items() if listed}
    content = {"subsets": [{**subset, "ports": ports}] if subset else []}
    metadata = service["metadata"]
    known = cluster.find(_ENDPOINTS, metadata["namespace"], metadata["name"])
    if known is not None:
        _update(cluster, _ENDPOINTS, known, content)
        return
    labels = {
        **(metadata.get("labels") or {}),
        "endpoints.kubernetes.io/managed-by": "endpoint-controller",
    }
    named = {"name": metadata["name"], "namespace": metadata["namespace"], "labels": labels}
    cluster.create(_ENDPOINTS, {"metadata": named, **content})


def _update(
    cluster: Cluster, collection: tuple[str, str], known: Manifest, content: Manifest
) -> None:
    if any((known.get(name) or []) != value for name, value in content.items()):
        cluster.change(collection, known, lambda live: {**live, **content})


def budget(cluster: Cluster, owner: Manifest) -> float | None:
    """Report how many pods a disruption budget lets go."""
    spec, metadata = owner["spec"], owner["metadata"]
    labels = (spec.get("selector") or {}).get("matchLabels") or {}
    pods = [p for p in chosen(cluster, owner, labels) if not is_over(p)]
    healthy, expected = sum(map(is_ready, pods)), len(pods)
    if "maxUnavailable" in spec:
        desired = expected - count_or_percent(spec["maxUnavailable"], expected, up=True)
    else:
        desired = count_or_percent(spec.get("minAvailable", 1), expected, up=True)
    allowed = max(healthy - desired, 0)
    reason = "SufficientPods" if allowed else "InsufficientPods"
    value = "True" if allowed else "False"
    last = conditions_of(owner).get("DisruptionAllowed")
    since = last["lastTransitionTime"] if last and last["status"] == value else cluster.now
    condition = {
        "type": "DisruptionAllowed",
        "status": value,
        "reason": reason,
        "message": "",
        "lastTransitionTime": since,
        "observedGeneration": metadata.get("generation", 1),
    }
    status = {
        "currentHealthy": healthy,
        "desiredHealthy": max(desired, 0),
        "disruptionsAllowed": allowed,
        "expectedPods": expected,
        "observedGeneration": metadata.get("generation", 1),
        "conditions": [condition],
    }
    cluster.report(BUDGETS, owner, status)
    return None
