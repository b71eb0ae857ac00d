"""Which objects of a namespace are orphans: in the way of nobody, and in nobody's Git.

Source: Argo CD user guide, "Orphaned Resources Monitoring".
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

from tiphys.model.keys import ResourceKey
from tiphys.model.project import OrphanedResourceRule

# Kubernetes makes these in every namespace, or in `default`.
_MADE_BY_KUBERNETES: Final = frozenset(
    {("ServiceAccount", "default", ""), ("ConfigMap", "kube-root-ca.crt", "")}
)
_API_SERVICE: Final = ResourceKey("", "Service", "default", "kubernetes")


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
