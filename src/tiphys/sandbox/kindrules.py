"""Rules of single kinds, in the API server's words; those of all objects are in rules.py.

Source: Kubernetes API reference, and the answers in tests/contract/answers.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from tiphys.sandbox.defaulting import value_at
from tiphys.structured.quantities import parse_quantity

Problem = tuple[str, str, str]
"""Field, reason, message."""
Rule = Callable[[dict[str, Any]], Iterator[Problem]]

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_KEY_TEXT = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
    "'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_POLICIES = ("Always", "IfNotPresent", "Never")
_SERVICE_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_SECRET_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}


def _required(field: str, text: str = "") -> Problem:
    return field, "FieldValueRequired", f"Required value{f': {text}' if text else ''}"


def _invalid(field: str, value: str, text: str) -> Problem:
    return field, "FieldValueInvalid", f"Invalid value: {value}: {text}"


def _unsupported(field: str, value: str, supported: tuple[str, ...]) -> Problem:
    listed = ", ".join(f'"{entry}"' for entry in supported)
    text = f'Unsupported value: "{value}": supported values: {listed}'
    return field, "FieldValueNotSupported", text


def container_problems(
    container: dict[str, Any], field: str, volumes: set[str]
) -> Iterator[Problem]:
    """Yield what is wrong with a container; `volumes` are the names that it may mount."""
    name = container.get("name")
    if name and not _LABEL.fullmatch(name):
        yield _invalid(f"{field}.name", f'"{name}"', _LABEL_TEXT)
    policy = container.get("imagePullPolicy")
    if policy not in _POLICIES:
        yield _unsupported(f"{field}.imagePullPolicy", str(policy), _POLICIES)
    for place, port in enumerate(container.get("ports") or ()):
        number, where = port.get("containerPort", 0), f"{field}.ports[{place}].containerPort"
        if not number:
            yield _required(where)
        elif not 0 < number < 65536:
            yield _invalid(where, str(number), "must be between 1 and 65535, inclusive")
    for place, mount in enumerate(container.get("volumeMounts") or ()):
        if mount.get("name") not in volumes:
            where = f"{field}.volumeMounts[{place}].name"
            yield where, "FieldValueNotFound", f'Not found: "{mount.get("name")}"'
    yield from _resource_problems(container.get("resources") or {}, f"{field}.resources")


def _resource_problems(resources: dict[str, Any], field: str) -> Iterator[Problem]:
    limits = resources.get("limits") or {}
    for name, asked in (resources.get("requests") or {}).items():
        limit = limits.get(name)
        if limit is not None and parse_quantity(asked).value > parse_quantity(limit).value:
            text = f"must be less than or equal to {name} limit of {limit}"
            yield _invalid(f"{field}.requests", f'"{asked}"', text)


def restart_problems(kind_name: str, spec: dict[str, Any], path: str) -> Iterator[Problem]:
    """Yield a restart policy that a workload cannot have."""
    policy, field = spec.get("restartPolicy"), f"{path}.restartPolicy"
    if kind_name.endswith(".apps") and policy not in {"Always", None}:
        yield _unsupported(field, str(policy), ("Always",))
    if kind_name.endswith(".batch") and policy == "Always":
        yield _required(field, 'valid values: "OnFailure", "Never"')


def _replicas(manifest: dict[str, Any]) -> Iterator[Problem]:
    count = value_at(manifest, "spec.replicas")
    if isinstance(count, int) and count < 0:
        yield _invalid("spec.replicas", str(count), "must be greater than or equal to 0")


def _schedule(manifest: dict[str, Any]) -> Iterator[Problem]:
    schedule = str(value_at(manifest, "spec.schedule") or "")
    fields = schedule.split()
    if schedule and not schedule.startswith(("@", "TZ=", "CRON_TZ=")) and len(fields) != 5:
        text = f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]"
        yield _invalid("spec.schedule", f'"{schedule}"', text)


def _service(manifest: dict[str, Any]) -> Iterator[Problem]:
    spec = manifest.get("spec") or {}
    ports = spec.get("ports") or []
    for place, port in enumerate(ports):
        if len(ports) > 1 and not port.get("name"):
            yield _required(f"spec.ports[{place}].name")
    if spec.get("type") not in _SERVICE_TYPES:
        yield _unsupported("spec.type", str(spec.get("type")), _SERVICE_TYPES)
    if spec.get("type") == "ExternalName" and not spec.get("externalName"):
        yield _required("spec.externalName")


def _config_keys(manifest: dict[str, Any]) -> Iterator[Problem]:
    for part in ("data", "binaryData"):
        for key in manifest.get(part) or {}:
            if not _KEY.fullmatch(key):
                yield _invalid(f"{part}[{key}]", f'"{key}"', _KEY_TEXT)


def _secret(manifest: dict[str, Any]) -> Iterator[Problem]:
    yield from _config_keys(manifest)
    data = manifest.get("data") or {}
    for key in _SECRET_KEYS.get(manifest.get("type", ""), ()):
        if key not in data:
            yield _required(f"data[{key}]")


def _ingress(manifest: dict[str, Any]) -> Iterator[Problem]:
    for place, rule in enumerate(value_at(manifest, "spec.rules") or ()):
        for number, path in enumerate(value_at(rule, "http.paths") or ()):
            if not path.get("pathType"):
                field = f"spec.rules[{place}].http.paths[{number}].pathType"
                yield _required(field, "pathType must be specified")


def _claim(manifest: dict[str, Any]) -> Iterator[Problem]:
    if not value_at(manifest, "spec.resources.requests.storage"):
        yield _required("spec.resources[storage]")


def _autoscaler(manifest: dict[str, Any]) -> Iterator[Problem]:
    spec = manifest.get("spec") or {}
    most, target = spec.get("maxReplicas", 0), spec.get("scaleTargetRef") or {}
    if most < (spec.get("minReplicas") or 0):
        text = "must be greater than or equal to `minReplicas`"
        yield _invalid("spec.maxReplicas", str(most), text)
    if target.get("kind") != "ReplicationController" and not target.get("apiVersion"):
        text = "apiVersion must specify API group"
        yield _invalid("spec.scaleTargetRef.apiVersion", '""', text)
    if not most:
        yield _required("spec.maxReplicas")


RULES: dict[str, Rule] = {
    "Deployment.apps": _replicas,
    "StatefulSet.apps": _replicas,
    "ReplicaSet.apps": _replicas,
    "CronJob.batch": _schedule,
    "Service": _service,
    "ConfigMap": _config_keys,
    "Secret": _secret,
    "Ingress.networking.k8s.io": _ingress,
    "PersistentVolumeClaim": _claim,
    "HorizontalPodAutoscaler.autoscaling": _autoscaler,
}


def change_problems(name: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Problem]:
    """Yield changes that are refused in words of their own."""
    if name in {"ConfigMap", "Secret"} and old.get("immutable") is True:
        yield from _fixed_data(old, new)
    if name == "StorageClass.storage.k8s.io":
        for field in ("parameters", "provisioner"):
            if old.get(field) != new.get(field):
                yield _invalid(field, "null", "field is immutable")
    if name == "PriorityClass.scheduling.k8s.io" and old.get("value") != new.get("value"):
        yield "value", "FieldValueForbidden", "Forbidden: may not be changed in an update."
    if name == "Service":
        yield from _address_problems(old.get("spec") or {}, new.get("spec") or {})


def _fixed_data(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Problem]:
    for field in ("immutable", "data", "binaryData"):
        if (old.get(field) or {}) != (new.get(field) or {}):
            text = "Forbidden: field is immutable when `immutable` is set"
            yield field, "FieldValueForbidden", text


def _address_problems(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Problem]:
    given, had = after.get("clusterIP"), before.get("clusterIP")
    is_elsewhere = "ExternalName" in {before.get("type"), after.get("type")}
    if given and had and given != had and not is_elsewhere:
        yield _invalid("spec.clusterIPs[0]", f'["{given}"]', "may not change once set")
