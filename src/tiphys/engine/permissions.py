"""What a project permits: sources, destinations and kinds.

Source: Argo CD user guide, "Projects".
"""

from collections.abc import Callable, Sequence

from tiphys.engine.globs import matches as glob_matches
from tiphys.model.keys import ResourceKey
from tiphys.model.project import AppProjectSpec, GroupKindRule, ProjectDestination


def permits_source(project: AppProjectSpec, repo_url: str, normalise: Callable[[str], str]) -> bool:
    """Return whether a project may deploy from a repository."""
    permitted = False
    url = normalise(repo_url)
    for entry in project.source_repos:
        is_denial = entry.startswith("!")
        pattern = normalise(entry.removeprefix("!"))
        matches = glob_matches(pattern, url, separator="/")
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
        return not glob_matches(glob[1:], value)
    return bool(glob) and glob_matches(glob, value)


def _denies(glob: str, value: str) -> bool:
    return glob.startswith("!") and glob_matches(glob[1:], value)


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
        glob_matches(rule.group, key.group)
        and glob_matches(rule.kind, key.kind)
        and (not rule.name or glob_matches(rule.name, key.name))
        for rule in rules
    )
