"""Which objects a quota with scopes is about.

Source: Kubernetes documentation, "Resource Quotas", "Quota scopes".
"""

from collections.abc import Callable
from typing import Any

from tiphys.sandbox.quotas.usage import CLAIMS, PODS
from tiphys.sandbox.typed.defaulting import quality_of_service
from tiphys.sandbox.typed.kinds import Kind

Manifest = dict[str, Any]


def selectors_of(spec: Manifest) -> list[Manifest]:
    """Return the scopes of a quota, those that are but named among them, as selectors."""
    named = [{"scopeName": name, "operator": "Exists"} for name in spec.get("scopes") or ()]
    return named + list((spec.get("scopeSelector") or {}).get("matchExpressions") or ())


def is_about(spec: Manifest, kind: Kind, manifest: Manifest) -> bool:
    """Return whether a quota of this spec is about an object; all its scopes have to be."""
    selectors = selectors_of(spec)
    if not selectors:
        return True
    if kind.collection == CLAIMS:
        name = manifest["spec"].get("volumeAttributesClassName") or ""
        return all(
            selector["scopeName"] == "VolumeAttributesClass" and _chooses(selector, name)
            for selector in selectors
        )
    if kind.collection != PODS:
        return False
    return all(_matches(selector, manifest["spec"]) for selector in selectors)


def _matches(selector: Manifest, spec: Manifest) -> bool:
    scope = selector["scopeName"]
    if scope == "PriorityClass":
        return _chooses(selector, spec.get("priorityClassName") or "")
    return scope in _SCOPES and _SCOPES[scope](spec)


def _chooses(selector: Manifest, name: str) -> bool:
    operator, values = selector["operator"], selector.get("values") or ()
    if operator in {"Exists", "DoesNotExist"}:
        return bool(name) is (operator == "Exists")
    return (name in values) is (operator == "In")


def _has_deadline(spec: Manifest) -> bool:
    return spec.get("activeDeadlineSeconds") is not None


def _is_best_effort(spec: Manifest) -> bool:
    return quality_of_service(spec) == "BestEffort"


def _looks_elsewhere(spec: Manifest) -> bool:
    for name in ("podAffinity", "podAntiAffinity"):
        found = (spec.get("affinity") or {}).get(name) or {}
        required = found.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
        preferred = found.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        for term in (*required, *(entry["podAffinityTerm"] for entry in preferred)):
            if term.get("namespaces") or term.get("namespaceSelector") is not None:
                return True
    return False


_SCOPES: dict[str, Callable[[Manifest], bool]] = {
    "Terminating": _has_deadline,
    "NotTerminating": lambda spec: not _has_deadline(spec),
    "BestEffort": _is_best_effort,
    "NotBestEffort": lambda spec: not _is_best_effort(spec),
    "CrossNamespacePodAffinity": _looks_elsewhere,
}
