"""From rendered manifests to the targets of an Application.

Namespaces are settled first, because everything after it (tracking, pairing, duplicates) goes by
key. What cannot be a target leaves a condition and stays out.

Source: Kubernetes API concepts, "Resource URIs" (scope); Argo CD operator manual, "Resource
Exclusion/Inclusion". Where we differ on purpose: the scope of a kind that the cluster does not
know yet is read from its definition when that is among the targets.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from tiphys.model.application import Condition
from tiphys.model.keys import GroupKind, GroupVersionKind, Manifest, ResourceKey, gvk_of, key_of
from tiphys.model.words import ConditionType

ScopeLookup = Callable[[GroupKind], bool | None]
"""True for a namespaced kind, False for a cluster-scoped one, None for an unknown one."""


class Targets(NamedTuple):
    """Manifests with settled keys, in their order, and what had to be said about them."""

    manifests: tuple[Manifest, ...]
    conditions: tuple[Condition, ...]


def normalise_targets(
    manifests: Sequence[Manifest],
    destination_namespace: str,
    is_namespaced: ScopeLookup,
    is_excluded: Callable[[GroupKind], bool],
) -> Targets:
    """Return the targets that rendered manifests stand for.

    Args:
        manifests: all sources in order; empty documents are dropped.
        destination_namespace: for namespaced objects that name none.
        is_namespaced: the scope of a kind in the destination cluster.
        is_excluded: see `filters.is_excluded`.

    Returns:
        The targets, one a key (the last one wins), and a condition for every manifest that was
        left out, was repeated or lacks a namespace. Manifests that change are new objects.
    """
    scope = _with_definitions(manifests, is_namespaced)
    conditions: list[Condition] = []
    kept: dict[object, Manifest] = {}
    repeated: dict[ResourceKey, int] = {}
    for position, manifest in enumerate(manifests):
        if not manifest:
            continue
        target = with_namespace(manifest, destination_namespace, scope)
        key = key_of(target)
        if is_excluded(key.group_kind):
            conditions.append(_excluded(key))
            continue
        if scope(key.group_kind) and not key.namespace:
            conditions.append(_without_namespace(key, gvk_of(target)))
        # Without a name every create makes another object, so equal ones are not the same.
        identity = key if key.name else position
        if identity in kept:
            repeated[key] = repeated.get(key, 1) + 1
            del kept[identity]  # the survivor stands where the last one stood
        kept[identity] = target
    conditions += [_repeated(key, count) for key, count in repeated.items()]
    return Targets(tuple(kept.values()), tuple(conditions))


def with_namespace(
    manifest: Manifest, destination_namespace: str, is_namespaced: ScopeLookup
) -> Manifest:
    """Return the manifest with the namespace it will have in the cluster.

    A kind that nobody knows is taken for namespaced: most are, and the API server will say.
    """
    key = key_of(manifest)
    metadata = dict(manifest.get("metadata") or {})
    if is_namespaced(key.group_kind) is False:
        if "namespace" not in metadata:
            return manifest
        del metadata["namespace"]
    elif key.namespace or not destination_namespace:
        return manifest
    else:
        metadata["namespace"] = destination_namespace
    return {**manifest, "metadata": metadata}


def _with_definitions(manifests: Iterable[Manifest], is_namespaced: ScopeLookup) -> ScopeLookup:
    defined: dict[GroupKind, bool] = {}
    for manifest in manifests:
        if manifest and manifest.get("kind") == "CustomResourceDefinition":
            spec = manifest.get("spec") or {}
            kind = (spec.get("names") or {}).get("kind")
            if kind and spec.get("scope"):
                defined[GroupKind(str(spec.get("group")), str(kind))] = (
                    spec["scope"] == "Namespaced"
                )

    def scope(kind: GroupKind) -> bool | None:
        known = is_namespaced(kind)
        return defined.get(kind) if known is None else known

    return scope


def _excluded(key: ResourceKey) -> Condition:
    return Condition(
        type=ConditionType.EXCLUDED_RESOURCE_WARNING,
        message=f"Resource {key.group}/{key.kind} {key.name} is excluded in the settings",
    )


def _repeated(key: ResourceKey, count: int) -> Condition:
    return Condition(
        type=ConditionType.REPEATED_RESOURCE_WARNING,
        message=f"Resource {'/'.join(key)} appeared {count} times among application resources.",
    )


def _without_namespace(key: ResourceKey, gvk: GroupVersionKind) -> Condition:
    kind = f"{gvk.group}/{gvk.version}, Kind={gvk.kind}"
    return Condition(
        type=ConditionType.INVALID_SPEC_ERROR,
        message=f"Namespace for {key.name} {kind} is missing.",
    )
