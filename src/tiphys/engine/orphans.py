"""Which objects of a namespace are orphans: in the way of nobody, and in nobody's Git.

Source: Argo CD user guide, "Orphaned Resources Monitoring".
"""

import re
from collections.abc import Callable, Collection, Iterable
from fnmatch import fnmatchcase
from typing import Final

from tiphys.model.keys import ResourceKey
from tiphys.model.project import OrphanedResourceRule

# Kubernetes makes these in every namespace, or in `default`.
_MADE_BY_KUBERNETES: Final = frozenset(
    {("ServiceAccount", "default", ""), ("ConfigMap", "kube-root-ca.crt", "")}
)
_ORDINAL: Final = re.compile(r"-[0-9]+\Z")
_API_SERVICE: Final = ResourceKey("", "Service", "default", "kubernetes")


def orphans(
    unclaimed: Collection[ResourceKey],
    rules: Iterable[OrphanedResourceRule],
    is_permitted: Callable[[ResourceKey], bool],
    stateful_sets: Collection[str],
) -> tuple[ResourceKey, ...]:
    """Return the orphans among the objects of a namespace, sorted.

    Args:
        unclaimed: objects that name no owner and carry no mark.
        rules: of the project.
        is_permitted: whether the project permits an object; the others are none of its business.
        stateful_sets: names of those in the namespace: their claims name no owner.
    """
    every = tuple(rules)
    return tuple(
        sorted(
            key
            for key in unclaimed
            if not is_ignored_orphan(key, every)
            and not _is_claim_of(key, stateful_sets)
            and is_permitted(key)
        )
    )


def _is_claim_of(key: ResourceKey, stateful_sets: Collection[str]) -> bool:
    stem = _ORDINAL.sub("", key.name)
    is_claim = (key.group, key.kind) == ("", "PersistentVolumeClaim") and stem != key.name
    return is_claim and any(stem.endswith(f"-{name}") for name in stateful_sets)


def is_ignored_orphan(key: ResourceKey, rules: Iterable[OrphanedResourceRule]) -> bool:
    """Return whether an object without an Application is not to be counted.

    Args:
        key: of a top-level object.
        rules: of the project; group, kind and name are globs, empty kind and name match any.
    """
    if key == _API_SERVICE or (key.kind, key.name, key.group) in _MADE_BY_KUBERNETES:
        return True
    return any(_matches(rule, key) for rule in rules)


def _matches(rule: OrphanedResourceRule, key: ResourceKey) -> bool:
    return (
        fnmatchcase(key.group, rule.group)
        and fnmatchcase(key.kind, rule.kind or "*")
        and fnmatchcase(key.name, rule.name or "*")
    )
