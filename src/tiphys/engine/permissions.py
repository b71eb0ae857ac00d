"""What a project permits: sources, destinations and kinds.

Source: Argo CD user guide, "Projects".
"""

import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache

from tiphys.model.keys import ResourceKey
from tiphys.model.project import AppProjectSpec, GroupKindRule, ProjectDestination


@lru_cache(maxsize=4096)
def _path_glob(pattern: str) -> re.Pattern[str]:
    """Compile a glob in which `*` stays inside a path segment and `**` does not."""
    if pattern == "*":
        return re.compile(".*", re.DOTALL)
    parts = re.split(r"(\*\*|\*|\?)", pattern)
    by_glob = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(by_glob.get(part, re.escape(part)) for part in parts), re.DOTALL)


def permits_source(project: AppProjectSpec, repo_url: str, normalise: Callable[[str], str]) -> bool:
    """Return whether a project may deploy from a repository."""
    permitted = False
    url = normalise(repo_url)
    for entry in project.source_repos:
        is_denial = entry.startswith("!")
        pattern = entry.removeprefix("!")
        plain = pattern if "*" in pattern else normalise(pattern)
        matches = _path_glob(plain).fullmatch(url) is not None
        if is_denial and matches:
            return False
        permitted = permitted or matches or is_denial
    return permitted


def permits_destination(project: AppProjectSpec, server: str, name: str, namespace: str) -> bool:
    """Return whether a project may deploy to a namespace of a cluster."""
    permitted = False
    for entry in project.destinations:
        if _is_denied(entry, server, name, namespace):
            return False
        is_cluster = _matches(entry.server, server) or _matches(entry.name, name)
        permitted = permitted or (is_cluster and _matches(entry.namespace, namespace))
    return permitted


def _is_denied(entry: ProjectDestination, server: str, name: str, namespace: str) -> bool:
    hits_namespace = _denies(entry.namespace, namespace)
    if hits_namespace:
        return _matches(entry.server, server) or _matches(entry.name, name)
    hits_cluster = _denies(entry.server, server) or _denies(entry.name, name)
    return hits_cluster and _matches(entry.namespace, namespace)


def _matches(glob: str, value: str) -> bool:
    if glob.startswith("!"):
        return not fnmatchcase(value, glob[1:])
    return bool(glob) and fnmatchcase(value, glob)


def _denies(glob: str, value: str) -> bool:
    return glob.startswith("!") and fnmatchcase(value, glob[1:])


def permits_resource(project: AppProjectSpec, key: ResourceKey, *, is_namespaced: bool) -> bool:
    """Return whether a project may manage an object, by its kind and name."""
    if is_namespaced:
        allowed, denied = (
            project.namespace_resource_whitelist,
            project.namespace_resource_blacklist,
        )
        is_allowed = allowed is None or _lists(allowed, key)
    else:
        allowed, denied = project.cluster_resource_whitelist, project.cluster_resource_blacklist
        is_allowed = _lists(allowed, key)
    return is_allowed and not _lists(denied, key)


def _lists(rules: Sequence[GroupKindRule], key: ResourceKey) -> bool:
    return any(
        fnmatchcase(key.group, rule.group)
        and fnmatchcase(key.kind, rule.kind)
        and (not rule.name or fnmatchcase(key.name, rule.name))
        for rule in rules
    )
