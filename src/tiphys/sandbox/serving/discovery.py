"""Discovery and OpenAPI documents: what clients ask before they ask for objects.

Source: KEP-3352 "Aggregated Discovery"; KEP-2896 "OpenAPI v3".
"""

import hashlib
from itertools import groupby
from typing import Any

import orjson

from tiphys.sandbox.typed.kinds import Kind, Kinds, version_order

VERSION = {
    "major": "1",
    "minor": "37",
    "gitVersion": "v1.37.2+tiphys-sandbox",
    "gitTreeState": "clean",
    "platform": "linux/amd64",
}


def digest(kinds: Kinds, path: str) -> str:
    """Return what stands for the schemas of one version: "apis/apps/v1"."""
    from importlib import metadata  # noqa: PLC0415 -- it takes long to load, and few ask

    found = hashlib.sha512(f"{metadata.version('tiphys')} {VERSION['gitVersion']} {path}".encode())
    for kind in kinds.all():
        if kind.is_custom and root(kind) == f"/{path}":
            found.update(orjson.dumps([kind.plural, kind.schema]))
    return found.hexdigest().upper()


def aggregated(kinds: Kinds, *, is_core: bool) -> dict[str, Any]:
    """Return the aggregated discovery document of the core group, or of all others."""
    items = []
    for group, versions in _groups(kinds, is_core=is_core):
        entries = [
            {
                "version": version,
                "resources": [_discovered(kind) for kind in found],
                "freshness": "Current",
            }
            for version, found in versions
        ]
        items.append({"metadata": {"name": group} if group else {}, "versions": entries})
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }


def group_list(kinds: Kinds) -> dict[str, Any]:
    """Return the list of groups for clients that do not know the aggregated form."""
    groups = [_group(name, versions) for name, versions in _groups(kinds, is_core=False)]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def one_group(kinds: Kinds, name: str) -> dict[str, Any] | None:
    """Return one group, None when it is not served."""
    for group, versions in _groups(kinds, is_core=False):
        if group == name:
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(group, versions)}
    return None


def resource_list(kinds: Kinds, group: str, version: str) -> dict[str, Any] | None:
    """Return the resources of one version, None when it is not served."""
    found = [kind for kind in kinds.all() if (kind.group, kind.version) == (group, version)]
    if not found:
        return None
    resources: list[dict[str, Any]] = []
    for kind in found:
        resources.append(_resource(kind, kind.plural, list(kind.verbs)))
        resources += [_subresource(kind, sub) for sub in sorted(kind.subresources)]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": resources,
    }


def root(kind: Kind) -> str:
    """Return the path below which a kind of a version is served."""
    return f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"


def _groups(kinds: Kinds, *, is_core: bool) -> list[tuple[str, list[tuple[str, list[Kind]]]]]:
    listed = sorted(
        (kind for kind in kinds.all() if (not kind.group) == is_core),
        key=lambda kind: (kind.group, version_order(kind)),
    )
    return [
        (
            group,
            [
                (version, list(found))
                for version, found in groupby(of_group, key=lambda k: k.version)
            ],
        )
        for group, of_group in groupby(listed, key=lambda kind: kind.group)
    ]


def _group(name: str, versions: list[tuple[str, list[Kind]]]) -> dict[str, Any]:
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version, _ in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def _resource(kind: Kind, name: str, verbs: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": name,
        "singularName": "" if "/" in name else kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": verbs,
    }
    if kind.short_names and "/" not in name:
        found["shortNames"] = list(kind.short_names)
    if kind.categories and "/" not in name:
        found["categories"] = list(kind.categories)
    return found


def _subresource(kind: Kind, name: str) -> dict[str, Any]:
    served = kind.served[name]
    found: dict[str, Any] = {
        "name": f"{kind.plural}/{name}",
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": served.kind,
        "verbs": list(served.verbs),
    }
    if served.version:
        found |= {"group": served.group, "version": served.version}
    return found


def _discovered(kind: Kind) -> dict[str, Any]:
    # Of what is in the same group and version, the real server names neither.
    response = {"group": "", "version": "", "kind": kind.kind}
    if kind.is_custom:
        response |= {"group": kind.group, "version": kind.version}
    found: dict[str, Any] = {
        "resource": kind.plural,
        "responseKind": response,
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": list(kind.verbs),
    }
    if kind.short_names:
        found["shortNames"] = list(kind.short_names)
    if kind.categories:
        found["categories"] = list(kind.categories)
    if kind.subresources:
        found["subresources"] = [_discovered_below(kind, sub) for sub in sorted(kind.subresources)]
    return found


def _discovered_below(kind: Kind, name: str) -> dict[str, Any]:
    served = kind.served[name]
    response = {"group": served.group, "version": served.version, "kind": served.kind}
    if kind.is_custom and not served.version:
        response |= {"group": kind.group, "version": kind.version}
    return {
        "subresource": name,
        "responseKind": response,
        "verbs": list(served.verbs),
    }
