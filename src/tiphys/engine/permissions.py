"""What a project permits: sources, destinations and kinds.

An entry that begins with `!` denies. Source: Argo CD user guide, "Projects". Where we differ on
purpose: Argo CD's code takes a denial that does not match for a permission, against its own
documentation, so that whoever denies one repository permits all others.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from tiphys.engine.globs import matches as glob_matches
from tiphys.model.cluster import ClusterRecord
from tiphys.model.keys import ResourceKey
from tiphys.model.project import AppProject, AppProjectSpec, GroupKindRule, ProjectDestination

_DENIAL: Final = "!"


def permits_source(project: AppProjectSpec, repo_url: str, normalise: Callable[[str], str]) -> bool:
    """Return whether a project may deploy from a repository: an entry allows it, none denies it."""
    permitted = False
    url = normalise(repo_url)
    for entry in project.source_repos:
        is_denial = entry.startswith(_DENIAL)
        pattern = normalise(entry.removeprefix(_DENIAL))
        matches = glob_matches(pattern, url, separator="/")
        if is_denial and matches:
            return False
        permitted = permitted or (matches and not is_denial)
    return permitted


def permits_destination(project: AppProject, cluster: ClusterRecord, namespace: str) -> bool:
    """Return whether a project may deploy to a namespace of a cluster.

    A cluster that belongs to a project is permitted to it without being listed, and to no other.
    """
    is_own = cluster.project == project.metadata.name
    if not is_own and (cluster.project or project.spec.permit_only_project_scoped_clusters):
        return False
    permitted = is_own
    for entry in project.spec.destinations:
        if _is_denied(entry, cluster.server, cluster.name, namespace):
            return False
        permitted = permitted or _allows(entry, cluster, namespace)
    return permitted


def _allows(entry: ProjectDestination, cluster: ClusterRecord, namespace: str) -> bool:
    if _is_denial(entry):
        return False
    is_cluster = _matches(entry.server, cluster.server) or _matches(entry.name, cluster.name)
    return is_cluster and _matches(entry.namespace, namespace)


def _is_denial(entry: ProjectDestination) -> bool:
    return any(part.startswith(_DENIAL) for part in (entry.server, entry.name, entry.namespace))


def only_denials(project: AppProjectSpec) -> tuple[str, ...]:
    """Return the lists of a project that hold denials alone, and so permit nothing."""
    repos, places = project.source_repos, project.destinations
    found = []
    if repos and all(entry.startswith(_DENIAL) for entry in repos):
        found.append("sourceRepos")
    if places and all(map(_is_denial, places)):
        found.append("destinations")
    return tuple(found)


def with_permitting_denials(project: AppProject) -> AppProject:
    """Return a project in which each denial permits the rest, as Argo CD reads it.

    The reading is brought about by entries that allow what a denial does not name.
    """
    spec = project.spec
    has_denials = any(entry.startswith(_DENIAL) for entry in spec.source_repos)
    allowed = [
        msgspec.structs.replace(
            entry,
            server=_opened(entry.server),
            name=_opened(entry.name),
            namespace=_opened(entry.namespace),
        )
        for entry in spec.destinations
        if _is_denial(entry)
    ]
    read = msgspec.structs.replace(
        spec,
        source_repos=(*spec.source_repos, *(("*",) if has_denials else ())),
        destinations=(*spec.destinations, *allowed),
    )
    return msgspec.structs.replace(project, spec=read)


def _opened(glob: str) -> str:
    return "*" if glob.startswith(_DENIAL) else glob


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


def permits_live(
    project: AppProject, cluster: ClusterRecord, key: ResourceKey, *, is_namespaced: bool
) -> bool:
    """Return whether what is live may be counted as the Application's, and so be deleted."""
    if not permits_resource(project.spec, key, is_namespaced=is_namespaced):
        return False
    return not is_namespaced or permits_destination(project, cluster, key.namespace)


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
