"""Addresses and node ports of Services, and the fields that speak of them.

Source: Kubernetes documentation, "Service", "IPv4/IPv6 dual-stack", "Service ClusterIP allocation".
The sandbox has one address family, IPv4.
"""

import ipaddress
import json
from typing import Any, NoReturn

from tiphys.sandbox.statuses import invalid
from tiphys.sandbox.storage.store import Store

_NETWORK = ipaddress.ip_network("10.96.0.0/16")
_NODE_PORTS = range(30000, 32768)
_SERVICES = ("", "services")
_OPEN_TYPES = {"NodePort", "LoadBalancer"}
_FAMILIES = ("ipFamilies", "ipFamilyPolicy")


class Addresses:
    """Gives Services what they need."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def complete(self, new: dict[str, Any], *, has_address: bool = True) -> None:
        """Complete a Service in place.

        Args:
            new: the Service.
            has_address: False leaves it without one.

        Raises:
            StatusError: an address or port is taken, or is none of the cluster's.
        """
        spec = new.get("spec") or {}
        new.setdefault("status", {"loadBalancer": {}})
        if spec.get("type") == "ExternalName":
            return
        if has_address:
            self._address(new, spec)
        self._families(spec)
        if spec.get("type") in _OPEN_TYPES:
            self._node_ports(new, spec)

    def update(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        """Carry over what a Service has, and complete what a change needs, in place.

        Raises:
            StatusError: an address or port is taken, or is none of the cluster's.
        """
        before, spec = old.get("spec") or {}, new.get("spec") or {}
        _keep_addresses(before, spec)
        _drop_policies(before, spec)
        if spec.get("type") in _OPEN_TYPES:
            self._keep_node_ports(before, spec)
        elif before.get("type") in _OPEN_TYPES:
            _drop_same_node_ports(before, spec)
        # One that began with its status never gets an address.
        is_new = before.get("type") == "ExternalName"
        self.complete(new, has_address=is_new or bool(before.get("clusterIP")))

    def _keep_node_ports(self, before: dict[str, Any], spec: dict[str, Any]) -> None:
        known = {_port_key(port): port for port in before.get("ports") or ()}
        used = {port.get("nodePort") for port in spec.get("ports") or ()}
        for port in spec.get("ports") or ():
            number = known.get(_port_key(port), {}).get("nodePort")
            if number and number not in used:
                port.setdefault("nodePort", number)

    def _address(self, new: dict[str, Any], spec: dict[str, Any]) -> None:
        given = spec.get("clusterIP") or next(iter(spec.get("clusterIPs") or ()), "")
        taken = {
            stored.manifest["spec"].get("clusterIP")
            for name, stored in self._store.all(_SERVICES)
            if name != _name(new)
        }
        if not given:
            given = next(str(host) for host in _NETWORK.hosts() if str(host) not in taken)
        elif given != "None":
            _check_address(new, given, taken)
        spec["clusterIP"], spec["clusterIPs"] = given, [given]

    def _families(self, spec: dict[str, Any]) -> None:
        is_open = spec.get("clusterIP") == "None" and not spec.get("selector")
        if is_open and not spec.get("ipFamilyPolicy") and not spec.get("ipFamilies"):
            spec["ipFamilyPolicy"], spec["ipFamilies"] = "RequireDualStack", ["IPv4", "IPv6"]
        if not spec.get("ipFamilyPolicy"):
            spec["ipFamilyPolicy"] = "SingleStack"
        if not spec.get("ipFamilies"):
            spec["ipFamilies"] = ["IPv4"]

    def _node_ports(self, new: dict[str, Any], spec: dict[str, Any]) -> None:
        taken = {
            (port.get("nodePort"), port.get("protocol"))
            for name, stored in self._store.all(_SERVICES)
            if name != _name(new)
            for port in stored.manifest["spec"].get("ports") or ()
        }
        numbers = {number for number, _ in taken}
        numbers |= {
            stored.manifest["spec"].get("healthCheckNodePort")
            for _, stored in self._store.all(_SERVICES)
        }
        numbers |= {port.get("nodePort") for port in spec.get("ports") or ()}
        gives = spec["type"] == "NodePort" or spec.get("allocateLoadBalancerNodePorts", True)
        for place, port in enumerate(spec.get("ports") or ()):
            number = port.get("nodePort")
            if number:
                _check_node_port(new, place, number, (number, port.get("protocol")) in taken)
            elif gives:
                port["nodePort"] = next(free for free in _NODE_PORTS if free not in numbers)
                numbers.add(port["nodePort"])
        is_local = spec["type"] == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"
        if is_local and not spec.get("healthCheckNodePort"):
            spec["healthCheckNodePort"] = next(n for n in _NODE_PORTS if n not in numbers)


def _keep_addresses(before: dict[str, Any], spec: dict[str, Any]) -> None:
    fields = ("clusterIP", "clusterIPs", *_FAMILIES)
    if before.get("type") == "ExternalName":
        return
    for field in fields:
        if spec.get("type") == "ExternalName":
            spec.pop(field, None)
        elif not spec.get(field) and before.get(field):
            spec[field] = before[field]


def _drop_policies(before: dict[str, Any], spec: dict[str, Any]) -> None:
    """Take out what the type that a Service had needed, and its new one does not know."""
    open_types = {*_OPEN_TYPES, *(["ClusterIP"] if spec.get("externalIPs") else [])}
    needed_by = {
        "internalTrafficPolicy": {"ClusterIP", "NodePort", "LoadBalancer"},
        "externalTrafficPolicy": open_types,
        "allocateLoadBalancerNodePorts": {"LoadBalancer"},
        "healthCheckNodePort": {"LoadBalancer"},
    }
    for field, types in needed_by.items():
        if spec.get("type") not in types and spec.get(field) == before.get(field):
            spec.pop(field, None)


def _name(manifest: dict[str, Any]) -> tuple[str, str]:
    metadata = manifest["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def _port_key(port: dict[str, Any]) -> tuple[Any, Any]:
    return port.get("protocol"), port.get("port")


def _drop_same_node_ports(before: dict[str, Any], spec: dict[str, Any]) -> None:
    """Take out the node ports that a change of type left behind; others are an error."""
    known = [port.get("nodePort") for port in before.get("ports") or ()]
    for port in spec.get("ports") or ():
        if port.get("nodePort") in known:
            port.pop("nodePort", None)


def _refuse(new: dict[str, Any], field: str, value: str, why: str) -> NoReturn:
    problem = (field, "FieldValueInvalid", f"Invalid value: {value}: {why}")
    raise invalid("Service", "", new["metadata"]["name"], [problem])


def _check_address(new: dict[str, Any], given: str, taken: set[Any]) -> None:
    shown = f'["{given}"]'
    try:
        address = ipaddress.ip_address(given)
    except ValueError:
        why = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
        _refuse(new, "spec.clusterIPs[0]", json.dumps(given), why)
    if address not in _NETWORK:
        why = (
            f"failed to allocate IP {given}: the provided network does not match the current range"
        )
        _refuse(new, "spec.clusterIPs", shown, why)
    if given in taken:
        why = f"failed to allocate IP {given}: provided IP is already allocated"
        _refuse(new, "spec.clusterIPs", shown, why)


def _check_node_port(new: dict[str, Any], place: int, number: int, is_taken: bool) -> None:  # noqa: FBT001
    field = f"spec.ports[{place}].nodePort"
    if number not in _NODE_PORTS:
        why = "provided port is not in the valid range. The range of valid ports is 30000-32767"
        _refuse(new, field, str(number), why)
    if is_taken:
        _refuse(new, field, str(number), "provided port is already allocated")
