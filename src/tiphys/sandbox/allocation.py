"""What the API server allocates or derives when it stores an object.

Addresses and node ports of Services, the selector of Jobs, the name label of namespaces, the names
of definitions.
"""

import ipaddress
from collections.abc import Callable
from typing import Any

from tiphys.sandbox.defaulting import kind_name
from tiphys.sandbox.kinds import Kind
from tiphys.sandbox.store import Store

_NETWORK = ipaddress.ip_network("10.96.0.0/16")
_ESTABLISHED = "the initial names have been accepted"
_NODE_PORTS = range(30000, 32768)
_SERVICES = ("", "services")


class Allocation:
    """Allocates and derives."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._create: dict[str, Callable[[dict[str, Any]], None]] = {
            "Service": self._service,
            "Job.batch": _job,
            "Namespace": _namespace,
            "CustomResourceDefinition.apiextensions.k8s.io": _definition,
        }

    def create(self, kind: Kind, new: dict[str, Any]) -> None:
        """Complete a new object in place."""
        act = self._create.get(kind_name(kind))
        if act is not None:
            act(new)

    def update(self, kind: Kind, old: dict[str, Any], new: dict[str, Any]) -> None:
        """Carry over what was allocated, and allocate what a change needs, in place."""
        name = kind_name(kind)
        if name == "Service":
            self._service_update(old, new)
        elif name == "Namespace":
            _namespace(new)
        elif name == "CustomResourceDefinition.apiextensions.k8s.io":
            _definition(new)

    def _service(self, new: dict[str, Any]) -> None:
        spec = new.get("spec") or {}
        if spec.get("type") == "ExternalName":
            return
        if not spec.get("clusterIP"):
            spec["clusterIP"] = self._free_address()
        spec["clusterIPs"] = [spec["clusterIP"]]
        self._node_ports(spec)
        for port in spec.get("ports") or ():
            port.setdefault("targetPort", port.get("port"))

    def _service_update(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        before, spec = old.get("spec") or {}, new.get("spec") or {}
        for field in ("clusterIP", "clusterIPs"):
            if not spec.get(field) and before.get(field):
                spec[field] = before[field]
        known = {(p.get("port"), p.get("protocol")): p for p in before.get("ports") or ()}
        for port in spec.get("ports") or ():
            previous = known.get((port.get("port"), port.get("protocol"))) or {}
            if "nodePort" in previous and spec.get("type") in {"NodePort", "LoadBalancer"}:
                port.setdefault("nodePort", previous["nodePort"])
        self._service(new)

    def _node_ports(self, spec: dict[str, Any]) -> None:
        if spec.get("type") not in {"NodePort", "LoadBalancer"}:
            return
        taken = {
            port.get("nodePort")
            for _, stored in self._store.all(_SERVICES)
            for port in (stored.manifest.get("spec") or {}).get("ports") or ()
        }
        for port in spec.get("ports") or ():
            if not port.get("nodePort"):
                port["nodePort"] = next(number for number in _NODE_PORTS if number not in taken)
                taken.add(port["nodePort"])

    def _free_address(self) -> str:
        taken = {
            (stored.manifest.get("spec") or {}).get("clusterIP")
            for _, stored in self._store.all(_SERVICES)
        }
        return next(str(host) for host in _NETWORK.hosts() if str(host) not in taken)


def _job(new: dict[str, Any]) -> None:
    spec, metadata = new["spec"], new["metadata"]
    if spec.get("manualSelector"):
        return
    uid = metadata["uid"]
    labels = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
    labels |= {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": metadata["name"],
        "controller-uid": uid,
        "job-name": metadata["name"],
    }
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}


def _namespace(new: dict[str, Any]) -> None:
    metadata = new["metadata"]
    metadata.setdefault("labels", {})["kubernetes.io/metadata.name"] = metadata["name"]


def _definition(new: dict[str, Any]) -> None:
    spec = new["spec"]
    names = spec["names"]
    names.setdefault("singular", names["kind"].lower())
    names.setdefault("listKind", f"{names['kind']}List")
    since = new["metadata"].get("creationTimestamp", "")
    new["status"] = {
        "acceptedNames": names,
        "conditions": [
            _condition("NamesAccepted", "NoConflicts", "no conflicts found", since),
            _condition(
                "Established", "InitialNamesAccepted", "the initial names have been accepted", since
            ),
        ],
        "storedVersions": [v["name"] for v in spec["versions"] if v.get("storage")],
    }


def _condition(kind: str, reason: str, message: str, since: str) -> dict[str, str]:
    return {
        "lastTransitionTime": since,
        "message": message,
        "reason": reason,
        "status": "True",
        "type": kind,
    }
