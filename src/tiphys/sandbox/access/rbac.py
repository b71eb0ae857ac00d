"""Decides by roles and bindings.

Source: Kubernetes documentation, "Using RBAC Authorization".
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from tiphys.sandbox.access.asked import Asked
from tiphys.sandbox.access.users import User, account_name
from tiphys.sandbox.storage.store import Store

GROUP = "rbac.authorization.k8s.io"
Rule = dict[str, Any]


class Decision(NamedTuple):
    """Whether something is allowed, and why."""

    allowed: bool
    reason: str = ""


class Found(NamedTuple):
    """A rule and what gave it to the user; or a problem in its place."""

    rule: Rule
    source: str
    problem: str = ""


class Rbac:
    """Answers from the roles and bindings that are stored."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def decide(self, asked: Asked) -> Decision:
        """Return whether a user may do something."""
        if asked.user.is_master:
            return Decision(allowed=True)
        problems = []
        for found in self.rules_of(asked.user, asked.namespace):
            if found.problem:
                problems.append(found.problem)
            elif allows(found.rule, asked):
                return Decision(allowed=True, reason=f"RBAC: allowed by {found.source}")
        return Decision(
            allowed=False, reason=f"rbac: RBAC: {_aggregate(problems)}" if problems else ""
        )

    def rules_of(self, user: User, namespace: str) -> Iterator[Found]:
        """Yield the rules of a user: everywhere, and in a namespace unless it is ""."""
        yield from self._of_bindings("clusterrolebindings", user, "")
        if namespace:
            yield from self._of_bindings("rolebindings", user, namespace)

    def rules_of_role(self, reference: dict[str, Any], namespace: str) -> list[Rule] | None:
        """Return the rules of the role that a binding refers to; None when there is no such."""
        is_role = reference.get("kind") == "Role"
        collection = (GROUP, "roles" if is_role else "clusterroles")
        name = (namespace if is_role else "", reference.get("name", ""))
        stored = self._store.get(collection, name)
        return None if stored is None else stored.manifest.get("rules") or []

    def _of_bindings(self, plural: str, user: User, namespace: str) -> Iterator[Found]:
        for (_, name), stored in self._store.all((GROUP, plural), namespace):
            binding = stored.manifest
            subject = next(
                (s for s in binding.get("subjects") or () if _is_meant(s, user, namespace)), None
            )
            if subject is None:
                continue
            reference = binding["roleRef"]
            rules = self.rules_of_role(reference, namespace)
            if rules is None:
                kind = f"{reference.get('kind', '').lower()}.{GROUP}"
                yield Found({}, "", f'{kind} "{reference.get("name")}" not found')
                continue
            source = _source(plural, name, namespace, reference, subject)
            for rule in rules:
                yield Found(rule, source)


def allows(rule: Rule, asked: Asked) -> bool:
    """Return whether a rule allows an action."""
    if not _matches(rule.get("verbs"), asked.verb):
        return False
    if asked.path:
        return any(_path_matches(url, asked.path) for url in rule.get("nonResourceURLs") or ())
    names = rule.get("resourceNames") or ()
    return (
        _matches(rule.get("apiGroups"), asked.group)
        and _resource_matches(rule.get("resources") or (), asked)
        and (not names or asked.name in names)
    )


def _matches(allowed: Iterable[str] | None, value: str) -> bool:
    return any(entry in {"*", value} for entry in allowed or ())


def _resource_matches(resources: Iterable[str], asked: Asked) -> bool:
    wanted = {"*", asked.whole_resource}
    if asked.subresource:
        wanted.add(f"*/{asked.subresource}")
    return not wanted.isdisjoint(resources)


def _path_matches(rule: str, path: str) -> bool:
    return rule in {"*", path} or (rule.endswith("*") and path.startswith(rule.rstrip("*")))


def _is_meant(subject: dict[str, Any], user: User, namespace: str) -> bool:
    kind, name = subject.get("kind"), subject.get("name", "")
    if kind == "User":
        return bool(user.name == name)
    if kind == "Group":
        return name in user.groups
    where = subject.get("namespace") or namespace
    return bool(kind == "ServiceAccount" and where and user.name == account_name(where, name))


def _source(
    plural: str, name: str, namespace: str, reference: dict[str, Any], subject: dict[str, Any]
) -> str:
    binding = f'RoleBinding "{name}/{namespace}"' if namespace else f'ClusterRoleBinding "{name}"'
    who = subject["name"]
    if subject["kind"] == "ServiceAccount":
        who = f"{who}/{subject.get('namespace') or namespace}"
    return f'{binding} of {reference["kind"]} "{reference["name"]}" to {subject["kind"]} "{who}"'


def _aggregate(problems: list[str]) -> str:
    unique = list(dict.fromkeys(problems))
    return unique[0] if len(unique) == 1 else f"[{', '.join(unique)}]"
