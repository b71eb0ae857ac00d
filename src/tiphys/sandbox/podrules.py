"""What is wrong with the spec of a Pod or of a template, in the API server's words and order.

Source: Kubernetes API reference, "PodSpec", and the answers in tests/contract/answers.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from tiphys.sandbox.names import label_value_errors, qualified_errors
from tiphys.structured.quantities import parse_quantity

Problem = tuple[str, str, str]
"""Field, reason, message."""
Json = dict[str, Any]

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_POLICIES = ("Always", "IfNotPresent", "Never")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_SOURCES = {
    "configMap": "name",
    "secret": "secretName",
    "persistentVolumeClaim": "claimName",
    "hostPath": "path",
}
"""What a volume's source cannot be without."""
_ENV_SOURCES = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
_PORT_NAME_CHECKS: tuple[tuple[Callable[[str], object], str], ...] = (
    (lambda name: len(name) <= 15, "must be no more than 15 characters"),
    (
        re.compile("[-a-z0-9]+").fullmatch,
        "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
    ),
    (re.compile("[a-z]").search, "must contain at least one letter (a-z)"),
    (lambda name: "--" not in name, "must not contain consecutive hyphens"),
    (lambda name: "-" not in {name[0], name[-1]}, "must not begin or end with a hyphen"),
)
_MAX_ID = 2**31 - 1


def required(field: str, text: str = "") -> Problem:
    """Something is missing."""
    return field, "FieldValueRequired", f"Required value{f': {text}' if text else ''}"


def invalid_value(field: str, value: str, text: str) -> Problem:
    """A value, as JSON, that a field cannot have."""
    return field, "FieldValueInvalid", f"Invalid value: {value}: {text}"


def unsupported(field: str, value: str, supported: tuple[str, ...]) -> Problem:
    """A value that is none of those there are."""
    listed = ", ".join(f'"{entry}"' for entry in supported)
    text = f'Unsupported value: "{value}": supported values: {listed}'
    return field, "FieldValueNotSupported", text


def duplicate(field: str, value: str) -> Problem:
    """A value, as JSON, that may be there once."""
    return field, "FieldValueDuplicate", f"Duplicate value: {value}"


def pod_problems(spec: Json, path: str, claimed: set[str]) -> Iterator[Problem]:
    """Yield what is wrong with a pod's spec; `claimed` are volumes that come from elsewhere."""
    volumes = set(claimed)
    for place, volume in enumerate(spec.get("volumes") or ()):
        problems = list(_volume_problems(volume, f"{path}.volumes[{place}]", volumes))
        yield from problems
        if not problems:
            volumes.add(volume["name"])
    if not spec.get("containers"):
        yield required(f"{path}.containers")
    for listed in ("containers", "initContainers"):
        yield from _each_container(spec.get(listed) or (), f"{path}.{listed}", volumes)
    yield from _selector_problems(spec.get("nodeSelector") or {}, f"{path}.nodeSelector")
    user = (spec.get("securityContext") or {}).get("runAsUser", 0)
    if not 0 <= user <= _MAX_ID:
        text = f"must be between 0 and {_MAX_ID}, inclusive"
        yield invalid_value(f"{path}.securityContext.runAsUser", str(user), text)
    for place, toleration in enumerate(spec.get("tolerations") or ()):
        yield from _toleration_problems(toleration, f"{path}.tolerations[{place}].operator")


def _selector_problems(labels: dict[str, str], field: str) -> Iterator[Problem]:
    for key, value in labels.items():
        for text in qualified_errors(key):
            yield invalid_value(field, json.dumps(key), text)
        for text in label_value_errors(value):
            yield invalid_value(field, json.dumps(value), text)


def _volume_problems(volume: Json, field: str, known: set[str]) -> Iterator[Problem]:
    sources = [name for name in volume if name != "name"]
    for source in sources[:1]:
        needed = _SOURCES.get(source)
        if needed and not volume[source].get(needed):
            yield required(f"{field}.{source}.{needed}")
    for source in sources[1:]:
        text = "Forbidden: may not specify more than 1 volume type"
        yield f"{field}.{source}", "FieldValueForbidden", text
    name = volume.get("name")
    if not name:
        yield required(f"{field}.name")
    elif not _LABEL.fullmatch(name):
        yield invalid_value(f"{field}.name", f'"{name}"', _LABEL_TEXT)
    elif name in known:
        yield duplicate(f"{field}.name", f'"{name}"')


def _each_container(containers: Any, path: str, volumes: set[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for place, container in enumerate(containers):
        field, name = f"{path}[{place}]", container.get("name")
        if not name:
            yield required(f"{field}.name")
        elif not _LABEL.fullmatch(name):
            yield invalid_value(f"{field}.name", f'"{name}"', _LABEL_TEXT)
        if not container.get("image"):
            yield required(f"{field}.image")
        yield from _container_problems(container, field, volumes)
        if name and name in seen:
            yield duplicate(f"{field}.name", f'"{name}"')
        seen.add(str(name))


def _container_problems(container: Json, field: str, volumes: set[str]) -> Iterator[Problem]:
    yield from _port_problems(container.get("ports") or (), f"{field}.ports")
    for place, variable in enumerate(container.get("env") or ()):
        yield from _env_problems(variable, f"{field}.env[{place}]")
    yield from _mount_problems(container.get("volumeMounts") or (), field, volumes)
    policy = container.get("imagePullPolicy")
    if policy not in _POLICIES:
        yield unsupported(f"{field}.imagePullPolicy", str(policy), _POLICIES)
    yield from _resource_problems(container.get("resources") or {}, f"{field}.resources")


def _port_problems(ports: Any, path: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for place, port in enumerate(ports):
        field, name = f"{path}[{place}]", port.get("name")
        if name:
            problems = list(port_name_problems(name, f"{field}.name"))
            yield from problems
            if not problems and name in seen:
                yield duplicate(f"{field}.name", f'"{name}"')
            seen.add(name)
        number = port.get("containerPort", 0)
        if not number:
            yield required(f"{field}.containerPort")
        elif not 0 < number < 65536:
            text = "must be between 1 and 65535, inclusive"
            yield invalid_value(f"{field}.containerPort", str(number), text)
        if port.get("protocol", "TCP") not in _PROTOCOLS:
            yield unsupported(f"{field}.protocol", port["protocol"], _PROTOCOLS)


def port_name_problems(name: str, field: str) -> Iterator[Problem]:
    """Yield what is wrong with the name of a port."""
    for holds, text in _PORT_NAME_CHECKS:
        if not holds(name):
            yield invalid_value(field, f'"{name}"', text)


def _env_problems(variable: Json, field: str) -> Iterator[Problem]:
    if not variable.get("name"):
        yield required(f"{field}.name")
    source = variable.get("valueFrom")
    if source is None:
        return
    if not source:
        text = f"must specify one of: {_ENV_SOURCES}"
        yield invalid_value(f"{field}.valueFrom", '""', text)
    elif variable.get("value"):
        text = "may not be specified when `value` is not empty"
        yield invalid_value(f"{field}.valueFrom", '""', text)
    elif len(source) > 1:
        text = "may not have more than one field specified at a time"
        yield invalid_value(f"{field}.valueFrom", '""', text)


def _mount_problems(mounts: Any, path: str, volumes: set[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for place, mount in enumerate(mounts):
        field = f"{path}.volumeMounts[{place}]"
        name, where = mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            yield required(f"{field}.name")
        if name not in volumes:
            yield f"{field}.name", "FieldValueNotFound", f'Not found: "{name}"'
        if not where:
            yield required(f"{field}.mountPath")
        if where in seen:
            yield invalid_value(f"{field}.mountPath", f'"{where}"', "must be unique")
        seen.add(where)


def _resource_problems(resources: Json, field: str) -> Iterator[Problem]:
    limits = resources.get("limits") or {}
    for name, asked in (resources.get("requests") or {}).items():
        limit = limits.get(name)
        if limit is not None and parse_quantity(asked).value > parse_quantity(limit).value:
            text = f"must be less than or equal to {name} limit of {limit}"
            yield invalid_value(f"{field}.requests", f'"{asked}"', text)


def _toleration_problems(toleration: Json, field: str) -> Iterator[Problem]:
    operator, value = toleration.get("operator") or "Equal", toleration.get("value", "")
    if not toleration.get("key") and operator != "Exists":
        text = (
            'operator must be Exists when `key` is empty, which means "match all values and all '
            'keys"'
        )
        yield invalid_value(field, f'"{toleration.get("operator", "")}"', text)
    if operator == "Exists" and value:
        text = "value must be empty when `operator` is 'Exists'"
        yield invalid_value(field, f'"{value}"', text)
    if operator not in {"Equal", "Exists"}:
        yield unsupported(field, operator, ("Equal", "Exists"))
