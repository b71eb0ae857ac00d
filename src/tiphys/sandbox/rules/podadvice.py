"""What the server warns of in the spec of a Pod or of a template.

Source: Kubernetes documentation, "Well-Known Labels, Annotations and Taints", and the answers that
`tests/contract` has recorded.
"""

from collections.abc import Iterator
from typing import Any

from tiphys.sandbox.typed.defaulting import value_at
from tiphys.structured.quantities import parse_quantity

_REQUIRED, _PREFERRED = (
    f"{what}DuringSchedulingIgnoredDuringExecution" for what in ("required", "preferred")
)
_MATCHES_NOTHING = "a null labelSelector results in matching no pod"
_OLD_LABELS = {
    "beta.kubernetes.io/arch": ("v1.14", "kubernetes.io/arch"),
    "beta.kubernetes.io/os": ("v1.14", "kubernetes.io/os"),
    "failure-domain.beta.kubernetes.io/region": ("v1.17", "topology.kubernetes.io/region"),
    "failure-domain.beta.kubernetes.io/zone": ("v1.17", "topology.kubernetes.io/zone"),
    "beta.kubernetes.io/instance-type": ("v1.17", "node.kubernetes.io/instance-type"),
}
_OLD_VOLUMES = {
    "gitRepo": "deprecated in v1.11, and disabled by default in v1.33+",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
}
Json = dict[str, Any]


def pod_warnings(spec: Json, path: str) -> Iterator[str]:
    """Yield the warnings that come with a pod's spec."""
    for label in spec.get("nodeSelector") or {}:
        if label in _OLD_LABELS:
            since, other = _OLD_LABELS[label]
            yield f'{path}.nodeSelector[{label}]: deprecated since {since}; use "{other}" instead'
    for place, spread in enumerate(spec.get("topologySpreadConstraints") or ()):
        if spread.get("labelSelector") is None:
            where = f"{path}.topologySpreadConstraints[{place}].labelSelector"
            yield f"{where}: {_MATCHES_NOTHING}"
    yield from _volume_warnings(spec, path)
    yield from _repetitions(spec, path)
    containers = [
        (container, f"{path}.{listed}[{place}]")
        for listed in ("initContainers", "containers")
        for place, container in enumerate(spec.get(listed) or ())
    ]
    for container, where in containers:
        yield from _container_warnings(container, where)
    yield from _repeated_ports(containers)
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        text = "must be >= 0; negative values are invalid and will be treated as 1"
        yield f"{path}.terminationGracePeriodSeconds: {text}"
    if spec.get("affinity"):
        yield from _affinity_warnings(spec, path)


def _volume_warnings(spec: Json, path: str) -> Iterator[str]:
    for place, volume in enumerate(spec.get("volumes") or ()):
        for source in _OLD_VOLUMES.keys() & volume.keys():
            yield f"{path}.volumes[{place}].{source}: {_OLD_VOLUMES[source]}"


def _repetitions(spec: Json, path: str) -> Iterator[str]:
    seen: set[str] = set()
    for place, alias in enumerate(spec.get("hostAliases") or ()):
        address = alias.get("ip", "")
        if address in seen:
            yield f'{path}.hostAliases[{place}].ip: duplicate ip "{address}"'
        seen.add(address)
    names: set[str] = set()
    for place, secret in enumerate(spec.get("imagePullSecrets") or ()):
        name, where = secret.get("name", ""), f"{path}.imagePullSecrets[{place}].name"
        if not name:
            yield f'{where}: invalid empty name ""'
        elif name in names:
            yield f'{where}: duplicate name "{name}"'
        names.add(name)


def _container_warnings(container: Json, path: str) -> Iterator[str]:
    resources = container.get("resources") or {}
    for side in ("limits", "requests"):
        for name in ("memory", "ephemeral-storage"):
            amount = (resources.get(side) or {}).get(name)
            if amount is not None and parse_quantity(amount).value.denominator != 1:
                text = f'fractional byte value "{amount}" is invalid, must be an integer'
                yield f"{path}.resources.{side}[{name}]: {text}"
    seen: set[str] = set()
    for place, variable in enumerate(container.get("env") or ()):
        name = variable.get("name", "")
        if name in seen:
            text = f'hides previous definition of "{name}", which may be dropped when using apply'
            yield f"{path}.env[{place}]: {text}"
        seen.add(name)


def _repeated_ports(containers: list[tuple[Json, str]]) -> Iterator[str]:
    seen: list[tuple[Any, str]] = []
    for container, path in containers:
        for place, port in enumerate(container.get("ports") or ()):
            where = f"{path}.ports[{place}]"
            fields = ("containerPort", "protocol", "hostIP", "hostPort")
            key = [port.get(field) for field in fields]
            for other, before in seen:
                if other == key:
                    yield f"{where}: duplicate port definition with {before}"
            seen.append((key, where))


def _affinity_warnings(spec: Json, path: str) -> Iterator[str]:
    for side in ("podAffinity", "podAntiAffinity"):
        for strength in (_REQUIRED, _PREFERRED):
            terms = value_at(spec, f"affinity.{side}.{strength}") or ()
            below = ".podAffinityTerm" if strength == _PREFERRED else ""
            for place, term in enumerate(terms):
                if value_at(term, f"{below[1:]}.labelSelector".lstrip(".")) is None:
                    where = f"{path}.affinity.{side}.{strength}[{place}]{below}.labelSelector"
                    yield f"{where}: {_MATCHES_NOTHING}"
