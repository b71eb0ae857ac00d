"""What is wrong with a quota, in the API server's words.

Source: Kubernetes API reference, "ResourceQuotaSpec", and tests/contract/answers/quotas.json.
"""

import json
from collections.abc import Iterator
from typing import Any

from tiphys.sandbox.names import qualified_errors
from tiphys.sandbox.problems import Problem, invalid_value, required
from tiphys.structured.quantities import parse_quantity

Manifest = dict[str, Any]

_COMPUTE = {
    "cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory",
}  # fmt: skip
_COUNTED = {
    "pods", "services", "services.nodeports", "services.loadbalancers", "replicationcontrollers",
    "resourcequotas", "secrets", "configmaps", "persistentvolumeclaims",
}  # fmt: skip
_STORAGE = {
    "requests.storage", "ephemeral-storage", "requests.ephemeral-storage",
    "limits.ephemeral-storage",
}  # fmt: skip
_HUGE = ("hugepages-", "requests.hugepages-")
_OF_PODS = {"pods", *_COMPUTE}
_SCOPES = {
    "BestEffort": {"pods"},
    "NotBestEffort": _OF_PODS,
    "Terminating": _OF_PODS,
    "NotTerminating": _OF_PODS,
    "PriorityClass": _OF_PODS,
    "CrossNamespacePodAffinity": _OF_PODS,
    "VolumeAttributesClass": {"persistentvolumeclaims", "requests.storage"},
}
"""Scopes, and the standard resources that each can be of."""
_WITH_VALUES = {"PriorityClass", "VolumeAttributesClass"}
_PAIRS = ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"})
_EXISTS_TEXT = (
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, "
    "ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, "
    "ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
)
_SELECTOR = "spec.scopeSelector.matchExpressions"


def quota_problems(quota: Manifest) -> Iterator[Problem]:
    """Yield what is wrong with a quota."""
    spec = quota.get("spec") or {}
    hard = spec.get("hard") or {}
    for name, amount in hard.items():
        yield from _name_problems(name)
        yield from _amount_problems(name, str(amount))
    # Of several problems that read alike one is told.
    yield from dict.fromkeys(_scope_problems(spec.get("scopes") or [], hard))
    selector = spec.get("scopeSelector") or {}
    yield from dict.fromkeys(_selector_problems(selector.get("matchExpressions") or [], hard))


def quota_change_problems(old: Manifest, new: Manifest) -> Iterator[Problem]:
    """Yield what may not be changed of a quota."""
    before, after = (quota["spec"].get("scopes") or [] for quota in (old, new))
    if set(before) != set(after):
        yield invalid_value("spec.scopes", _shown(after), "field is immutable")


def _name_problems(name: str) -> Iterator[Problem]:
    field = f"spec.hard[{name}]"
    wrong = list(qualified_errors(name))
    for text in wrong:
        yield invalid_value(field, _shown(name), text)
    if wrong:
        return
    if "/" not in name and not _is_standard(name):
        if name != "storage":
            text = "must be a standard resource type or fully qualified"
            yield invalid_value(field, _shown(name), text)
        yield invalid_value(field, _shown(name), "must be a standard resource for quota")


def _is_standard(name: str) -> bool:
    return name in _COMPUTE | _COUNTED | _STORAGE or name.startswith(_HUGE)


def _amount_problems(name: str, amount: str) -> Iterator[Problem]:
    field, value = f"spec.hard[{name}]", parse_quantity(amount).value
    if value < 0:
        yield invalid_value(field, _shown(amount), "must be greater than or equal to 0")
    is_extended = "/" in name and "kubernetes.io/" not in name and not name.startswith("requests.")
    if (name in _COUNTED or is_extended) and value.denominator != 1:
        yield invalid_value(field, _shown(amount), "must be an integer")


def _scope_problems(scopes: list[str], hard: Manifest) -> Iterator[Problem]:
    field, shown = "spec.scopes", _shown(scopes)
    for scope in scopes:
        if scope not in _SCOPES:
            yield invalid_value(field, shown, "unsupported scope")
        elif not _fits(scope, hard):
            yield invalid_value(field, shown, "unsupported scope applied to resource")
    if any(pair <= set(scopes) for pair in _PAIRS):
        yield invalid_value(field, shown, "conflicting scopes")


def _selector_problems(selectors: list[Manifest], hard: Manifest) -> Iterator[Problem]:
    named = [
        {
            "ScopeName": entry.get("scopeName", ""),
            "Operator": entry.get("operator", ""),
            "Values": entry.get("values"),
        }
        for entry in selectors
    ]
    shown = _shown({"MatchExpressions": named})
    for entry in named:
        scope = str(entry["ScopeName"])
        if scope not in _SCOPES:
            yield invalid_value(f"{_SELECTOR}.scopeName", _shown(scope), "unsupported scope")
        elif not _fits(scope, hard):
            yield invalid_value(_SELECTOR, shown, "unsupported scope applied to resource")
        yield from _operator_problems(scope, entry["Operator"], entry["Values"])
    if any(pair <= {entry["ScopeName"] for entry in named} for pair in _PAIRS):
        yield invalid_value(_SELECTOR, shown, "conflicting scopes")


def _operator_problems(scope: str, operator: Any, values: Any) -> Iterator[Problem]:
    if scope in _SCOPES and scope not in _WITH_VALUES and operator != "Exists":
        yield invalid_value(f"{_SELECTOR}.operator", _shown(operator), _EXISTS_TEXT)
    if operator in {"In", "NotIn"}:
        if not values:
            text = "must be at least one value when `operator` is 'In' or 'NotIn' for scope "
            yield required(f"{_SELECTOR}.values", f"{text}selector")
    elif operator not in {"Exists", "DoesNotExist"}:
        yield invalid_value(
            f"{_SELECTOR}.operator", _shown(operator), "not a valid selector operator"
        )
    elif values:
        text = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
        yield invalid_value(f"{_SELECTOR}.values", _shown(values), text)


def _fits(scope: str, hard: Manifest) -> bool:
    return all(name in _SCOPES[scope] for name in hard if _is_standard(name))


def _shown(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
