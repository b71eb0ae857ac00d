"""Rules of single kinds, in the API server's words; those of all objects are in objects.py.

Source: Kubernetes API reference, and the answers in tests/contract/answers.
"""

import json
import re
import zoneinfo
from collections.abc import Callable, Iterator
from typing import Any

from tiphys.sandbox.problems import Problem, duplicate, invalid_value, required, unsupported
from tiphys.sandbox.quotas.rules import quota_change_problems, quota_problems
from tiphys.sandbox.rules.autoscalers import autoscaler_problems
from tiphys.sandbox.rules.containers import port_name_problems
from tiphys.sandbox.rules.podchanges import pod_change_problems
from tiphys.sandbox.typed.defaulting import value_at

Rule = Callable[[dict[str, Any]], Iterator[Problem]]

_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_KEY_TEXT = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
    "'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_NO_SOURCES = {
    "accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity",
    "persistentVolumeReclaimPolicy", "storageClassName", "volumeAttributesClassName", "volumeMode",
}  # fmt: skip
"""Fields of a volume that say nothing of where it is."""
_SERVICE_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_MAX_DATA = 1024 * 1024
_MAX_LABEL = 63
_TOO_LONG = f"Too long: may not be more than {_MAX_DATA} bytes"
_PERCENT = re.compile("[0-9]+%")
_PERCENT_TEXT = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or "
    "'93%', regex used for validation is '[0-9]+%')"
)
_SECRET_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/basic-auth": ("username", "password"),
}


def restart_problems(kind_name: str, spec: dict[str, Any], path: str) -> Iterator[Problem]:
    """Yield a restart policy that a workload cannot have."""
    policy, field = spec.get("restartPolicy"), f"{path}.restartPolicy"
    if kind_name.endswith(".apps") and policy not in {"Always", None}:
        yield unsupported(field, str(policy), ("Always",))
    if kind_name.endswith(".batch") and policy == "Always":
        yield required(field, 'valid values: "OnFailure", "Never"')


def _replicas(manifest: dict[str, Any]) -> Iterator[Problem]:
    count = value_at(manifest, "spec.replicas")
    if isinstance(count, int) and count < 0:
        yield invalid_value("spec.replicas", str(count), "must be greater than or equal to 0")


def _deployment(manifest: dict[str, Any]) -> Iterator[Problem]:
    yield from _replicas(manifest)
    strategy = value_at(manifest, "spec.strategy") or {}
    if strategy.get("type") == "Recreate" and strategy.get("rollingUpdate") is not None:
        text = "may not be specified when strategy `type` is 'Recreate'"
        yield "spec.strategy.rollingUpdate", "FieldValueForbidden", f"Forbidden: {text}"


def _schedule(manifest: dict[str, Any]) -> Iterator[Problem]:
    schedule = str(value_at(manifest, "spec.schedule") or "")
    fields = schedule.split()
    if schedule and not schedule.startswith(("@", "TZ=", "CRON_TZ=")) and len(fields) != 5:
        text = f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]"
        yield invalid_value("spec.schedule", f'"{schedule}"', text)


def _job(manifest: dict[str, Any]) -> Iterator[Problem]:
    """Yield a name that is too long for the labels that a Job's Pods are given."""
    name = str(value_at(manifest, "metadata.name") or "")
    if len(name) > _MAX_LABEL and not value_at(manifest, "spec.manualSelector"):
        text = f"must be no more than {_MAX_LABEL} bytes"
        yield invalid_value("spec.template.labels", f'"{name}"', text)


def _cron_job(manifest: dict[str, Any]) -> Iterator[Problem]:
    yield from _schedule(manifest)
    zone = value_at(manifest, "spec.timeZone")
    if zone is not None:
        try:
            zoneinfo.ZoneInfo(zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            yield invalid_value("spec.timeZone", json.dumps(zone), f"unknown time zone {zone}")


def _role(manifest: dict[str, Any]) -> Iterator[Problem]:
    for place, rule in enumerate(manifest.get("rules") or ()):
        urls = rule.get("nonResourceURLs")
        if urls:
            text = "namespaced rules cannot apply to non-resource URLs"
            yield invalid_value(f"rules[{place}].nonResourceURLs", json.dumps(urls), text)


def _binding(kinds: tuple[str, ...]) -> Rule:
    def check(manifest: dict[str, Any]) -> Iterator[Problem]:
        kind = value_at(manifest, "roleRef.kind")
        if kind not in kinds:
            yield unsupported("roleRef.kind", str(kind or ""), kinds)

    return check


def _volume(manifest: dict[str, Any]) -> Iterator[Problem]:
    spec = manifest.get("spec") or {}
    if not spec.get("accessModes"):
        yield required("spec.accessModes")
    if not spec.get("capacity"):
        yield required("spec.capacity")
        text = 'Unsupported value: null: supported values: "storage"'
        yield "spec.capacity", "FieldValueNotSupported", text
    if not spec.keys() - _NO_SOURCES:
        yield required("spec", "must specify a volume type")


def _service(manifest: dict[str, Any]) -> Iterator[Problem]:
    spec = manifest.get("spec") or {}
    ports = spec.get("ports") or []
    for place, port in enumerate(ports):
        if len(ports) > 1 and not port.get("name"):
            yield required(f"spec.ports[{place}].name")
        target = port.get("targetPort")
        if isinstance(target, str) and target:
            yield from port_name_problems(target, f"spec.ports[{place}].targetPort")
    yield from _repeated_ports(ports)
    if spec.get("type") not in _SERVICE_TYPES:
        yield unsupported("spec.type", str(spec.get("type")), _SERVICE_TYPES)
    if spec.get("type") == "ExternalName" and not spec.get("externalName"):
        yield required("spec.externalName")


def _repeated_ports(ports: list[dict[str, Any]]) -> Iterator[Problem]:
    names: set[str] = set()
    seen: set[tuple[Any, Any]] = set()
    for place, port in enumerate(ports):
        name, key = port.get("name"), (port.get("protocol"), port.get("port"))
        if name and name in names:
            yield duplicate(f"spec.ports[{place}].name", f'"{name}"')
        names.add(str(name))
        if key in seen:
            shown = {
                "Name": "", "Protocol": key[0], "AppProtocol": None, "Port": key[1],
                "TargetPort": 0, "NodePort": 0,
            }  # fmt: skip
            yield duplicate(f"spec.ports[{place}]", json.dumps(shown, separators=(",", ":")))
        seen.add(key)


def _config_map(manifest: dict[str, Any]) -> Iterator[Problem]:
    yield from _config_keys(manifest)
    if _size(manifest.get("data")) + _decoded_size(manifest.get("binaryData")) > _MAX_DATA:
        yield "[]", "FieldValueTooLong", _TOO_LONG


def _size(texts: dict[str, str] | None) -> int:
    return sum(len(text.encode()) for text in (texts or {}).values())


def _decoded_size(texts: dict[str, str] | None) -> int:
    return sum(len(text) * 3 // 4 - text.count("=") for text in (texts or {}).values())


def _config_keys(manifest: dict[str, Any]) -> Iterator[Problem]:
    for part in ("data", "binaryData"):
        for key in manifest.get(part) or {}:
            if not _KEY.fullmatch(key):
                yield invalid_value(f"{part}[{key}]", f'"{key}"', _KEY_TEXT)
            elif key in {".", ".."}:
                yield invalid_value(f"{part}[{key}]", f'"{key}"', f"must not be '{key}'")
    for key in manifest.get("data") or {}:
        if key in (manifest.get("binaryData") or {}):
            yield invalid_value(
                f"data[{key}]", f'"{key}"', "duplicate of key present in binaryData"
            )


def _secret(manifest: dict[str, Any]) -> Iterator[Problem]:
    yield from _config_keys(manifest)
    data = manifest.get("data") or {}
    if _decoded_size(data) > _MAX_DATA:
        yield "data", "FieldValueTooLong", _TOO_LONG
    needed = _SECRET_KEYS.get(manifest.get("type", ""), ())
    if manifest.get("type") == "kubernetes.io/basic-auth" and data.keys() & set(needed):
        return  # one of the two is enough
    for key in needed:
        if key not in data:
            yield required(f"data[{key}]")


def _ingress(manifest: dict[str, Any]) -> Iterator[Problem]:
    for place, rule in enumerate(value_at(manifest, "spec.rules") or ()):
        for number, path in enumerate(value_at(rule, "http.paths") or ()):
            if not path.get("pathType"):
                field = f"spec.rules[{place}].http.paths[{number}].pathType"
                yield required(field, "pathType must be specified")


def _claim(manifest: dict[str, Any]) -> Iterator[Problem]:
    if not value_at(manifest, "spec.resources.requests.storage"):
        yield required("spec.resources[storage]")


def _budget(manifest: dict[str, Any]) -> Iterator[Problem]:
    spec = manifest.get("spec") or {}
    bounds = {name: spec.get(name) for name in ("minAvailable", "maxUnavailable")}
    if None not in bounds.values():
        shown = {
            "MinAvailable": bounds["minAvailable"],
            "Selector": spec.get("selector"),
            "MaxUnavailable": bounds["maxUnavailable"],
            "UnhealthyPodEvictionPolicy": spec.get("unhealthyPodEvictionPolicy"),
        }
        text = "minAvailable and maxUnavailable cannot be both set"
        yield invalid_value("spec", json.dumps(shown, separators=(",", ":")), text)
    for name, bound in bounds.items():
        if isinstance(bound, str) and not _PERCENT.fullmatch(bound):
            yield invalid_value(f"spec.{name}", f'"{bound}"', _PERCENT_TEXT)
        elif isinstance(bound, str) and int(bound[:-1]) > 100:
            yield invalid_value(f"spec.{name}", f'"{bound}"', "must not be greater than 100%")
        elif isinstance(bound, int) and bound < 0:
            text = "must be greater than or equal to 0"
            yield invalid_value(f"spec.{name}", str(bound), text)


RULES: dict[str, Rule] = {
    "Deployment.apps": _deployment,
    "StatefulSet.apps": _replicas,
    "ReplicaSet.apps": _replicas,
    "CronJob.batch": _cron_job,
    "Job.batch": _job,
    "Role.rbac.authorization.k8s.io": _role,
    "RoleBinding.rbac.authorization.k8s.io": _binding(("Role", "ClusterRole")),
    "ClusterRoleBinding.rbac.authorization.k8s.io": _binding(("ClusterRole",)),
    "PersistentVolume": _volume,
    "Service": _service,
    "ConfigMap": _config_map,
    "Secret": _secret,
    "Ingress.networking.k8s.io": _ingress,
    "PersistentVolumeClaim": _claim,
    "HorizontalPodAutoscaler.autoscaling": autoscaler_problems,
    "PodDisruptionBudget.policy": _budget,
    "ResourceQuota": quota_problems,
}


def change_problems(name: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Problem]:
    """Yield changes that are refused in words of their own."""
    act = _CHANGES.get(name)
    if act is not None:
        yield from act(old, new)


def _class_problems(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Problem]:
    for field in ("parameters", "provisioner"):
        if old.get(field) != new.get(field):
            yield invalid_value(field, "null", "field is immutable")


def _priority_problems(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Problem]:
    if old.get("value") != new.get("value"):
        yield "value", "FieldValueForbidden", "Forbidden: may not be changed in an update."


def _fixed_data(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Problem]:
    if old.get("immutable") is not True:
        return
    for field in ("immutable", "data", "binaryData"):
        if (old.get(field) or {}) != (new.get(field) or {}):
            text = "Forbidden: field is immutable when `immutable` is set"
            yield field, "FieldValueForbidden", text


def _address_problems(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Problem]:
    before, after = old.get("spec") or {}, new.get("spec") or {}
    given, had = after.get("clusterIP"), before.get("clusterIP")
    is_elsewhere = "ExternalName" in {before.get("type"), after.get("type")}
    if given and had and given != had and not is_elsewhere:
        yield invalid_value("spec.clusterIPs[0]", f'["{given}"]', "may not change once set")


_CHANGES: dict[str, Callable[[dict[str, Any], dict[str, Any]], Iterator[Problem]]] = {
    "ConfigMap": _fixed_data,
    "Secret": _fixed_data,
    "StorageClass.storage.k8s.io": _class_problems,
    "PriorityClass.scheduling.k8s.io": _priority_problems,
    "Pod": pod_change_problems,
    "ResourceQuota": quota_change_problems,
    "Service": _address_problems,
}
