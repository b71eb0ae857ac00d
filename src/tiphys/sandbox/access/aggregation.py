"""ClusterRoles that are put together from others.

Source: Kubernetes documentation, "Aggregated ClusterRoles".
"""

from functools import partial
from typing import Any

from tiphys.sandbox.access.rbac import GROUP
from tiphys.sandbox.clock import utc_now
from tiphys.sandbox.registry.registry import Registry
from tiphys.sandbox.registry.writing import Write
from tiphys.sandbox.storage.stored import Change

_ROLES = (GROUP, "clusterroles")
_MANAGER = "clusterrole-aggregation-controller"
Manifest = dict[str, Any]


class Aggregation:
    """Keeps the rules of aggregated roles equal to those of the roles that they select."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def follow(self, change: Change) -> None:
        """Do what a change calls for."""
        if change.collection == _ROLES:
            self.aggregate()

    def aggregate(self) -> None:
        """Put all aggregated roles together anew, those of aggregated roles too."""
        while self._aggregate_once():
            pass

    def _aggregate_once(self) -> bool:
        roles = [stored.manifest for _, stored in self._registry.store.all(_ROLES)]
        kind = self._registry.kinds.find(GROUP, "v1", "clusterroles")
        assert kind is not None
        is_changed = False
        for role in roles:
            selectors = (role.get("aggregationRule") or {}).get("clusterRoleSelectors")
            if not selectors:
                continue
            rules = _collected(role, roles, selectors)
            if rules == (role.get("rules") or []):
                continue
            name = ("", role["metadata"]["name"])
            write = Write(manager=_MANAGER, now=utc_now())
            self._registry.patch(kind, name, partial(_with_rules, rules), write)
            is_changed = True
        return is_changed


def _with_rules(rules: list[Manifest], role: Manifest) -> Manifest:
    return {**role, "rules": rules}


def _collected(role: Manifest, roles: list[Manifest], selectors: list[Manifest]) -> list[Manifest]:
    found: list[Manifest] = []
    for selector in selectors:
        for other in roles:
            if other is not role and _selects(selector, other["metadata"].get("labels") or {}):
                found += [rule for rule in other.get("rules") or () if rule not in found]
    return found


def _selects(selector: Manifest, labels: dict[str, str]) -> bool:
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(name) != value for name, value in wanted.items()):
        return False
    return all(_matches(term, labels) for term in selector.get("matchExpressions") or ())


def _matches(term: Manifest, labels: dict[str, str]) -> bool:
    operator: str = term["operator"]
    value, values = labels.get(term["key"]), term.get("values") or ()
    if operator == "In":
        return value in values
    if operator == "NotIn":
        return value not in values
    return (value is not None) == (operator == "Exists")
