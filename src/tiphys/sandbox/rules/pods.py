"""What is wrong with the spec of a Pod or of a template, in the API server's words and order.

Source: Kubernetes API reference, "PodSpec", and the answers in tests/contract/answers.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from tiphys.sandbox.problems import Problem, duplicate, invalid_value, required, unsupported
from tiphys.sandbox.rules.containers import container_problems
from tiphys.sandbox.rules.selectors import label_problems

Json = dict[str, Any]

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_SOURCES = {
    "configMap": "name",
    "secret": "secretName",
    "persistentVolumeClaim": "claimName",
    "hostPath": "path",
}
"""What a volume's source cannot be without."""
_MAX_ID = 2**31 - 1


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
    yield from label_problems(spec.get("nodeSelector") or {}, f"{path}.nodeSelector")
    user = (spec.get("securityContext") or {}).get("runAsUser", 0)
    if not 0 <= user <= _MAX_ID:
        text = f"must be between 0 and {_MAX_ID}, inclusive"
        yield invalid_value(f"{path}.securityContext.runAsUser", str(user), text)
    if spec.get("dnsPolicy") == "None" and not spec.get("dnsConfig"):
        yield required(f"{path}.dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None")
    yield from _host_port_problems(spec, path)
    for place, toleration in enumerate(spec.get("tolerations") or ()):
        yield from _toleration_problems(toleration, f"{path}.tolerations[{place}]")


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
        yield from container_problems(container, field, volumes)
        if name and name in seen:
            yield duplicate(f"{field}.name", f'"{name}"')
        seen.add(str(name))


def _toleration_problems(toleration: Json, path: str) -> Iterator[Problem]:
    field, effect = f"{path}.operator", toleration.get("effect", "")
    if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
        text = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        yield invalid_value(f"{path}.effect", json.dumps(effect), text)
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


def _host_port_problems(spec: Json, path: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, container in enumerate(spec.get("containers") or ()):
        for place, port in enumerate(container.get("ports") or ()):
            host = port.get("hostPort")
            if not host:
                continue
            field = f"{path}.containers[{number}].ports[{place}].hostPort"
            if spec.get("hostNetwork") and host != port.get("containerPort"):
                text = "must match `containerPort` when `hostNetwork` is true"
                yield invalid_value(field, str(host), text)
            key = f"{port.get('protocol')}/{port.get('hostIP', '')}/{host}"
            if key in seen:
                yield duplicate(field, json.dumps(key))
            seen.add(key)
