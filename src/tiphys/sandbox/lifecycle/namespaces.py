"""How a namespace ends: what it still holds, what holds it, and what it says of both.

Source: Kubernetes documentation, "Namespaces"; KEP of namespaces' deletion; conditions and their
words as a real controller manager writes them.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from tiphys.sandbox.registry.registry import Registry
from tiphys.sandbox.statuses import MODIFIED, conflict
from tiphys.sandbox.storage.stored import Collection, Stored
from tiphys.sandbox.typed.kinds import Kind

OWN_FINALIZER = "kubernetes"
Manifest = dict[str, Any]
_NOTHING_FAILED = (
    ("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered",
     "All resources successfully discovered"),
    ("NamespaceDeletionGroupVersionParsingFailure", "ParsedGroupVersions",
     "All legacy kube types successfully parsed"),
    ("NamespaceDeletionContentFailure", "ContentDeleted",
     "All content successfully deleted, may be waiting on finalization"),
)  # fmt: skip


def is_held(manifest: Manifest) -> bool:
    """Return whether finalizers of somebody else keep a namespace that is empty."""
    others = [name for name in finalizers_of(manifest) if name != OWN_FINALIZER]
    return bool(others or manifest["metadata"].get("finalizers"))


def finalizers_of(manifest: Manifest) -> list[str]:
    """Return the finalizers of a namespace's spec."""
    return list((manifest.get("spec") or {}).get("finalizers") or ())


def emptied(manifest: Manifest) -> Manifest:
    """Return a namespace that holds nothing any more, without our own finalizer."""
    kept = [name for name in finalizers_of(manifest) if name != OWN_FINALIZER]
    return {**manifest, "spec": {"finalizers": kept} if kept else {}}


def finalize(registry: Registry, kind: Kind, name: str, given: Manifest) -> Manifest:
    """Give a namespace the finalizers that somebody sends; without any it is gone if it ends.

    Raises:
        StatusError: there is none, or it has changed since.
    """
    old = registry.get(kind, "", name).manifest
    wanted = (given.get("metadata") or {}).get("resourceVersion")
    if wanted and wanted != old["metadata"]["resourceVersion"]:
        raise conflict(kind.plural, kind.group, name, MODIFIED)
    kept = finalizers_of(given)
    new = {**old, "metadata": dict(old["metadata"]), "spec": {"finalizers": kept} if kept else {}}
    metadata = registry.store.put(kind.collection, new).manifest["metadata"]
    if metadata.get("deletionTimestamp") and not kept and not metadata.get("finalizers"):
        registry.remove(kind, "", name)
    return new


def conditions(
    remaining: Iterable[tuple[Collection, Stored]], before: Manifest, now: str
) -> list[Manifest]:
    """Return the conditions of a namespace that ends.

    Args:
        remaining: what is still in it.
        before: the namespace, whose conditions keep their times as long as they say the same.
        now: the time, RFC 3339.
    """
    found = list(remaining)
    kinds = Counter(".".join(collection[::-1]) for collection, _ in found)
    finalizers = Counter(
        name for _, stored in found for name in stored.manifest["metadata"].get("finalizers") or ()
    )
    rest = ", ".join(f"{name} has {n} resource instances" for name, n in sorted(kinds.items()))
    held = ", ".join(f"{name} in {n} resource instances" for name, n in sorted(finalizers.items()))
    said = [(name, "False", reason, text) for name, reason, text in _NOTHING_FAILED]
    said += [
        ("NamespaceContentRemaining", "True", "SomeResourcesRemain",
         f"Some resources are remaining: {rest}")
        if found
        else ("NamespaceContentRemaining", "False", "ContentRemoved",
              "All content successfully removed"),
        ("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain",
         f"Some content in the namespace has finalizers remaining: {held}")
        if finalizers
        else ("NamespaceFinalizersRemaining", "False", "ContentHasNoFinalizers",
              "All content-preserving finalizers finished"),
    ]  # fmt: skip
    known = {c["type"]: c for c in (before.get("status") or {}).get("conditions") or ()}
    return [_condition(known.get(entry[0]), entry, now) for entry in said]


def _condition(before: Manifest | None, entry: tuple[str, str, str, str], now: str) -> Manifest:
    name, status, reason, text = entry
    is_same = before is not None and before["status"] == status
    since = before["lastTransitionTime"] if before is not None and is_same else now
    return {
        "type": name,
        "status": status,
        "lastTransitionTime": since,
        "reason": reason,
        "message": text,
    }
