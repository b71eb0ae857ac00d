"""What a deletion does to an object: who holds it, for how long, and what it may refuse.

Source: Kubernetes API concepts, "Resource deletion"; "Pod Lifecycle", "Termination of Pods".
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from tiphys.sandbox.statuses import StatusError, conflict
from tiphys.sandbox.typed.kinds import Kind

CONTROLLER_PROPAGATION = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}
_NAMESPACES = ("", "namespaces")
_KEPT_NAMESPACES = frozenset({"default", "kube-system", "kube-public"})
_FINISHED = frozenset({"Succeeded", "Failed"})
_USUAL_GRACE_S = 30


def is_pod(kind: Kind) -> bool:
    """Return whether a kind is that of Pods, which alone leave by and by."""
    return kind.collection == ("", "pods")


def grace_for(kind: Kind, old: dict[str, Any], options: dict[str, Any]) -> int:
    """Return the seconds that an object has left: of a Pod that a node runs, else none."""
    spec, phase = old.get("spec") or {}, (old.get("status") or {}).get("phase")
    if not is_pod(kind) or not spec.get("nodeName") or phase in _FINISHED:
        return 0
    usual = spec.get("terminationGracePeriodSeconds", _USUAL_GRACE_S)
    given = options.get("gracePeriodSeconds")
    grace_s = usual if given is None else given if given >= 0 else 1
    left_s = old["metadata"].get("deletionGracePeriodSeconds")
    return int(grace_s if left_s is None else min(grace_s, left_s))


def leaving(metadata: dict[str, Any], grace_s: int) -> dict[str, Any]:
    """Return what the metadata of an object say from its deletion on."""
    is_first = not metadata.get("deletionTimestamp")
    if not is_first and grace_s == metadata.get("deletionGracePeriodSeconds"):
        return {}
    ends = datetime.now(UTC) + timedelta(seconds=grace_s)
    found: dict[str, Any] = {
        "deletionTimestamp": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "deletionGracePeriodSeconds": grace_s,
    }
    if is_first and metadata.get("generation"):
        found["generation"] = metadata["generation"] + 1
    return found


def check_deletable(kind: Kind, name: str) -> None:
    """Refuse to delete what a cluster cannot be without.

    Raises:
        StatusError: it is a namespace of the cluster itself.
    """
    if kind.collection == _NAMESPACES and name in _KEPT_NAMESPACES:
        text = f'namespaces "{name}" is forbidden: this namespace may not be deleted'
        raise StatusError(403, "Forbidden", text, {"name": name, "kind": kind.plural})


def check_preconditions(kind: Kind, old: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Refuse to delete another object than is meant.

    Raises:
        StatusError: its uid or version is another.
    """
    metadata = old["metadata"]
    for field, word, why in (
        ("uid", "UID", "deleted and then recreated"),
        ("resourceVersion", "ResourceVersion", "modified"),
    ):
        given = wanted.get(field)
        if given and given != metadata[field]:
            text = (
                f"the {word} in the precondition ({given}) does not match the {word} in record "
                f"({metadata[field]}). The object might have been {why}"
            )
            raise conflict(kind.kind, kind.group, metadata["name"], text)


def finalizers_for(old: dict[str, Any], options: dict[str, Any]) -> list[str]:
    """Return the finalizers during a deletion: the object's own, and those of the propagation."""
    policy = options.get("propagationPolicy")
    if options.get("orphanDependents") is True:
        policy = "Orphan"
    kept = [
        name
        for name in old["metadata"].get("finalizers") or []
        if policy is None or name not in CONTROLLER_PROPAGATION.values()
    ]
    added = CONTROLLER_PROPAGATION.get(policy or "")
    return [*kept, added] if added else kept
