"""Nobody gives a permission that he does not hold.

Source: Kubernetes documentation, "Privilege escalation prevention and bootstrapping".
"""

import json
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

from tiphys.sandbox.access.asked import Asked
from tiphys.sandbox.access.rbac import GROUP, Rbac, Rule
from tiphys.sandbox.access.users import User
from tiphys.sandbox.registry.writing import Check
from tiphys.sandbox.statuses import StatusError, not_found, qualified
from tiphys.sandbox.typed.kinds import Kind

_FIELDS = ("apiGroups", "resources", "nonResourceURLs", "resourceNames", "verbs")
_SHOWN = ("APIGroups", "Resources", "NonResourceURLs", "ResourceNames", "Verbs")


def escalation_check(rbac: Rbac, user: User) -> Check:
    """Return what refuses the roles and bindings that a user may not write."""

    def check(kind: Kind, old: dict[str, Any] | None, new: dict[str, Any]) -> None:
        if kind.group != GROUP:
            return
        fields = ("rules", "aggregationRule", "roleRef", "subjects")
        if old is not None and all(old.get(field) == new.get(field) for field in fields):
            return
        if "roleRef" in new:
            rules = _rules_to_bind(rbac, user, new)
        else:
            rules = _rules_to_write(rbac, user, kind, new)
        _check_covered(rbac, user, kind, new, rules)

    return check


def _rules_to_write(rbac: Rbac, user: User, kind: Kind, new: dict[str, Any]) -> list[Rule]:
    metadata = new["metadata"]
    namespace = metadata.get("namespace", "")
    asked = Asked(user, "escalate", GROUP, kind.plural, "", namespace, metadata["name"])
    if rbac.decide(asked).allowed:
        return []
    if new.get("aggregationRule"):
        return [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    return new.get("rules") or []


def _rules_to_bind(rbac: Rbac, user: User, new: dict[str, Any]) -> list[Rule]:
    reference = new["roleRef"]
    namespace = new["metadata"].get("namespace", "")
    plural = "roles" if reference.get("kind") == "Role" else "clusterroles"
    name = reference.get("name", "")
    if rbac.decide(Asked(user, "bind", GROUP, plural, "", namespace, name)).allowed:
        return []
    rules = rbac.rules_of_role(reference, namespace)
    if rules is None:
        raise not_found(plural, GROUP, name)
    return rules


def _check_covered(
    rbac: Rbac, user: User, kind: Kind, new: dict[str, Any], rules: list[Rule]
) -> None:
    namespace, name = new["metadata"].get("namespace", ""), new["metadata"]["name"]
    held = [found.rule for found in rbac.rules_of(user, namespace)]
    atoms = [atom for rule in rules for atom in _atoms(rule)]
    missing = [atom for atom in atoms if not any(_covers(rule, atom) for rule in held)]
    if not missing:
        return
    groups = " ".join(f'"{group}"' for group in user.groups)
    listed = "\n".join(sorted(_described(rule) for rule in _compacted(missing)))
    message = (
        f'{qualified(kind.plural, GROUP)} "{name}" is forbidden: user "{user.name}" '
        f"(groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n{listed}"
    )
    raise StatusError(
        403, "Forbidden", message, {"name": name, "group": GROUP, "kind": kind.plural}
    )


def _atoms(rule: Rule) -> Iterator[Rule]:
    """Yield the rules of one verb, one resource and one name that a rule consists of."""
    verbs = rule.get("verbs") or ()
    names: Iterable[str] = rule.get("resourceNames") or ("",)
    resources = rule.get("resources") or ()
    for group, resource, verb, name in product(
        rule.get("apiGroups") or (), resources, verbs, names
    ):
        atom = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
        yield {**atom, "resourceNames": [name]} if name else atom
    for url, verb in product(rule.get("nonResourceURLs") or (), verbs):
        yield {"nonResourceURLs": [url], "verbs": [verb]}


def _covers(rule: Rule, atom: Rule) -> bool:
    if not _holds(rule.get("verbs"), atom["verbs"][0]):
        return False
    if "nonResourceURLs" in atom:
        url = atom["nonResourceURLs"][0]
        return any(
            held in {"*", url} or (held.endswith("*") and url.startswith(held.rstrip("*")))
            for held in rule.get("nonResourceURLs") or ()
        )
    names = rule.get("resourceNames") or ()
    resource = atom["resources"][0]
    _, separator, subresource = resource.partition("/")
    wildcard = f"*/{subresource}" if separator else "*"
    return (
        _holds(rule.get("apiGroups"), atom["apiGroups"][0])
        and not {"*", resource, wildcard}.isdisjoint(rule.get("resources") or ())
        and (not names or (atom.get("resourceNames") or [""])[0] in names)
    )


def _holds(allowed: Iterable[str] | None, value: str) -> bool:
    return any(entry in {"*", value} for entry in allowed or ())


def _compacted(atoms: list[Rule]) -> list[Rule]:
    """Put atoms together that differ in their verb alone."""
    found: dict[str, Rule] = {}
    for atom in atoms:
        key = json.dumps({field: atom.get(field) for field in _FIELDS[:-1]})
        rule = found.setdefault(key, {**atom, "verbs": []})
        rule["verbs"] = [*rule["verbs"], *atom["verbs"]]
    return list(found.values())


def _described(rule: Rule) -> str:
    parts = [
        f"{shown}:[{' '.join(json.dumps(value) for value in rule[field])}]"
        for field, shown in zip(_FIELDS, _SHOWN, strict=True)
        if rule.get(field)
    ]
    return "{" + ", ".join(parts) + "}"
