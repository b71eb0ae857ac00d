"""Rules of single structs that are more than bounds and lists of values.

Source: Kubernetes API reference, and the answers in tests/contract/answers.
"""

import ipaddress
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from tiphys.sandbox.names import subdomain_errors
from tiphys.sandbox.problems import Problem, invalid_value, relative_path_problems, required
from tiphys.sandbox.rules.selectors import (
    affinity_term_problems,
    label_problems,
    label_selector_problems,
    node_requirement_problems,
    node_selector_problems,
)
from tiphys.structured.quantities import parse_quantity

Check = Callable[[Any, str], Iterator[Problem]]
Json = dict[str, Any]

_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_PERCENT = re.compile(r"[0-9]+%")
_CIDR_TEXT = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
_MOST_URGENT = 10**9
_NO_GROUP = "resource rules must supply at least one api group"
_NO_RESOURCE = "resource rules must supply at least one resource"


def _handler(value: Json, path: str) -> Iterator[Problem]:
    given = [name for name in _HANDLERS if value.get(name) is not None]
    if not given:
        yield required(path, "must specify a handler type")
    for name in given[1:]:
        text = "Forbidden: may not specify more than 1 handler type"
        yield f"{path}.{name}", "FieldValueForbidden", text


def _item(value: Json, path: str) -> Iterator[Problem]:
    yield from relative_path_problems(value.get("path"), f"{path}.path")


def _deployment(value: Json, path: str) -> Iterator[Problem]:
    deadline_s, ready_s = value.get("progressDeadlineSeconds"), value.get("minReadySeconds", 0)
    if deadline_s is not None and deadline_s <= ready_s:
        text = "must be greater than minReadySeconds"
        yield invalid_value(f"{path}.progressDeadlineSeconds", str(deadline_s), text)


def _strategy(value: Json, path: str) -> Iterator[Problem]:
    if value.get("type") not in {"Recreate", "RollingUpdate"}:
        shown = _printed_strategy(value)
        text = f'Unsupported value: {shown}: supported values: "Recreate", "RollingUpdate"'
        yield path, "FieldValueNotSupported", text


def _printed_strategy(value: Json) -> str:
    return json.dumps({"Type": value.get("type"), "RollingUpdate": None}, separators=(",", ":"))


def _stateful_set(value: Json, path: str) -> Iterator[Problem]:
    policy = value.get("podManagementPolicy")
    if policy not in {"OrderedReady", "Parallel"}:
        text = "must be 'OrderedReady' or 'Parallel'"
        yield invalid_value(f"{path}.podManagementPolicy", json.dumps(policy), text)
    strategy = value.get("updateStrategy") or {}
    if strategy.get("type") not in {"RollingUpdate", "OnDelete"}:
        text = "must be 'RollingUpdate' or 'OnDelete'"
        yield invalid_value(f"{path}.updateStrategy", _printed_strategy(strategy), text)


def _rolling_update(value: Json, path: str) -> Iterator[Problem]:
    surge, missing = value.get("maxSurge"), value.get("maxUnavailable")
    if isinstance(missing, str) and _PERCENT.fullmatch(missing) and int(missing[:-1]) > 100:
        text = "must not be greater than 100%"
        yield invalid_value(f"{path}.maxUnavailable", json.dumps(missing), text)
    if surge in _NOTHING and missing in _NOTHING:
        text = "may not be 0 when `maxSurge` is 0"
        yield invalid_value(f"{path}.maxUnavailable", json.dumps(missing), text)


def _rolling_daemons(value: Json, path: str) -> Iterator[Problem]:
    if value.get("maxSurge") in _NOTHING and value.get("maxUnavailable") in _NOTHING:
        yield required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0")


_NOTHING = (0, "0%")


def _ingress_path(value: Json, path: str) -> Iterator[Problem]:
    where = value.get("path", "")
    if value.get("pathType") in {"Exact", "Prefix"} and not where.startswith("/"):
        yield invalid_value(f"{path}.path", json.dumps(where), "must be an absolute path")
    service = (value.get("backend") or {}).get("service")
    if service and not (service.get("port") or {}).keys() & {"name", "number"}:
        yield required(f"{path}.backend", "port name or number is required")


def _peer(value: Json, path: str) -> Iterator[Problem]:
    if not any(value.get(name) is not None for name in value):
        yield required(path, "must specify a peer")


def _block(value: Json, path: str) -> Iterator[Problem]:
    cidr = value.get("cidr", "")
    try:
        ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        yield invalid_value(f"{path}.cidr", json.dumps(cidr), _CIDR_TEXT)


def _policy_rule(value: Json, path: str) -> Iterator[Problem]:
    if not value.get("nonResourceURLs"):
        if not value.get("apiGroups"):
            yield required(f"{path}.apiGroups", _NO_GROUP)
        if not value.get("resources"):
            yield required(f"{path}.resources", _NO_RESOURCE)
    if not value.get("verbs"):
        yield required(f"{path}.verbs")


def _ingress_rule(value: Json, path: str) -> Iterator[Problem]:
    host = value.get("host", "")
    if host and not host.startswith("*."):
        for text in subdomain_errors(host):
            yield invalid_value(f"{path}.host", json.dumps(host), text)


def _priority(value: Json, path: str) -> Iterator[Problem]:
    if value.get("value", 0) > _MOST_URGENT and not value["metadata"]["name"].startswith("system-"):
        text = f"Forbidden: maximum allowed value of a user defined priority is {_MOST_URGENT}"
        yield f"{path}.value", "FieldValueForbidden", text


def _service(value: Json, path: str) -> Iterator[Problem]:
    yield from label_problems(value.get("selector") or {}, f"{path}.selector")
    if value.get("loadBalancerClass") and value.get("type") != "LoadBalancer":
        text = "Forbidden: may only be used when `type` is 'LoadBalancer'"
        yield f"{path}.loadBalancerClass", "FieldValueForbidden", text


def _claim(value: Json, path: str) -> Iterator[Problem]:
    amount = ((value.get("resources") or {}).get("requests") or {}).get("storage")
    if amount is not None and parse_quantity(amount).value <= 0:
        field = f"{path}.resources[storage]"
        yield invalid_value(field, json.dumps(amount), "must be greater than zero")


def _storage_class(value: Json, path: str) -> Iterator[Problem]:
    if not value.get("provisioner"):
        yield required(f"{path}.provisioner")


STRUCTS: dict[str, Check] = {
    "core.v1.Probe": _handler,
    "core.v1.LifecycleHandler": _handler,
    "core.v1.NodeSelector": node_selector_problems,
    "core.v1.NodeSelectorRequirement": node_requirement_problems,
    "core.v1.PodAffinityTerm": affinity_term_problems,
    "core.v1.KeyToPath": _item,
    "core.v1.ServiceSpec": _service,
    "meta.v1.LabelSelector": label_selector_problems,
    "apps.v1.DeploymentStrategy": _strategy,
    "apps.v1.StatefulSetSpec": _stateful_set,
    "networking.v1.IngressRule": _ingress_rule,
    "scheduling.v1.PriorityClass": _priority,
    "core.v1.PersistentVolumeClaimSpec": _claim,
    "apps.v1.DeploymentSpec": _deployment,
    "apps.v1.RollingUpdateDeployment": _rolling_update,
    "apps.v1.RollingUpdateDaemonSet": _rolling_daemons,
    "networking.v1.HTTPIngressPath": _ingress_path,
    "networking.v1.NetworkPolicyPeer": _peer,
    "networking.v1.IPBlock": _block,
    "rbac.v1.PolicyRule": _policy_rule,
    "storage.v1.StorageClass": _storage_class,
}
"""What checks a struct, by its name below io.k8s.api."""
