"""What is wrong with a container, in the API server's words and order.

Source: Kubernetes API reference, "Container", and the answers in tests/contract/answers.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from tiphys.sandbox.problems import (
    Problem,
    duplicate,
    invalid_value,
    relative_path_problems,
    required,
    unsupported,
)
from tiphys.structured.quantities import parse_quantity

Json = dict[str, Any]

_POLICIES = ("Always", "IfNotPresent", "Never")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
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
_is_env_name = re.compile(r"[ -<>-~]+").fullmatch
_ENV_TEXT = (
    "a valid environment variable name must consist only of printable ASCII characters other than "
    "'='"
)
_PROBES_OF_LIFE = ("livenessProbe", "startupProbe")
_RESOURCES = {"cpu", "memory", "ephemeral-storage"}
_UNKNOWN_RESOURCE = (
    "must be a standard resource type or fully qualified",
    "must be a standard resource for containers",
)


def container_problems(container: Json, field: str, volumes: set[str]) -> Iterator[Problem]:
    """Yield what is wrong with a container; `volumes` are those that its pod has."""
    yield from _port_problems(container.get("ports") or (), f"{field}.ports")
    for place, variable in enumerate(container.get("env") or ()):
        if "valueFrom" in variable or not _is_env_name(variable.get("name", "")):
            yield from _env_problems(variable, f"{field}.env[{place}]")
    yield from _mount_problems(container.get("volumeMounts") or (), field, volumes)
    policy = container.get("imagePullPolicy")
    if policy not in _POLICIES:
        yield unsupported(f"{field}.imagePullPolicy", str(policy), _POLICIES)
    yield from _resource_problems(container.get("resources") or {}, f"{field}.resources")
    yield from _source_problems(container.get("envFrom") or (), f"{field}.envFrom")
    image = container.get("image", "")
    if image != image.strip():
        text = "must not have leading or trailing whitespace"
        yield invalid_value(f"{field}.image", json.dumps(image), text)
    for probe in _PROBES_OF_LIFE:
        count = (container.get(probe) or {}).get("successThreshold", 1)
        if count > 1:
            yield invalid_value(f"{field}.{probe}.successThreshold", str(count), "must be 1")


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
    name = variable.get("name")
    if not name:
        yield required(f"{field}.name")
    elif not _is_env_name(name):
        yield invalid_value(f"{field}.name", json.dumps(name), _ENV_TEXT)
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


def _source_problems(sources: Any, field: str) -> Iterator[Problem]:
    for source in sources:
        if not source.get("configMapRef") and not source.get("secretRef"):
            text = "must specify one of: `configMapRef` or `secretRef`"
            yield invalid_value(field, '""', text)


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
        if "subPath" in mount:  # the server names no place here
            yield from relative_path_problems(mount["subPath"], f"{path}.volumeMounts.subPath")


def _resource_problems(resources: Json, field: str) -> Iterator[Problem]:
    for side in ("limits", "requests"):
        for name, amount in (resources.get(side) or {}).items():
            if name not in _RESOURCES or amount[0] == "-":
                yield from _amount_problems(name, amount, f"{field}.{side}[{name}]")
    limits = resources.get("limits") or {}
    for name, asked in (resources.get("requests") or {}).items():
        limit = limits.get(name)
        if limit is not None and parse_quantity(asked).value > parse_quantity(limit).value:
            text = f"must be less than or equal to {name} limit of {limit}"
            yield invalid_value(f"{field}.requests", f'"{asked}"', text)


def _amount_problems(name: str, amount: str, field: str) -> Iterator[Problem]:
    if name not in _RESOURCES and "/" not in name and not name.startswith("hugepages-"):
        for text in _UNKNOWN_RESOURCE:
            yield invalid_value(field, json.dumps(name), text)
    if amount[0] == "-":
        yield invalid_value(field, json.dumps(amount), "must be greater than or equal to 0")
