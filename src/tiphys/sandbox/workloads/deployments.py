"""Deployments: a ReplicaSet for each template, the new one grows as the old ones shrink.

Source: Kubernetes documentation, "Deployments"; conditions, reasons, messages and annotations as a
real controller manager wrote them.
"""

from collections.abc import Callable

from tiphys.sandbox.workloads.cluster import REPLICA_SETS, Cluster, Manifest, seconds_since
from tiphys.sandbox.workloads.owners import (
    Conditions,
    conditions_of,
    count_or_percent,
    owned,
    template_hash,
)
from tiphys.sandbox.workloads.rollout import Rollout

_HASH = "pod-template-hash"
_REVISION = "deployment.kubernetes.io/revision"
_DESIRED = "deployment.kubernetes.io/desired-replicas"
_MOST = "deployment.kubernetes.io/max-replicas"
_HISTORY = "deployment.kubernetes.io/revision-history"
_OWN = {
    "kubectl.kubernetes.io/last-applied-configuration",
    "deprecated.deployment.rollback.to",
    _REVISION, _DESIRED, _MOST, _HISTORY,
}  # fmt: skip
DEPLOYMENTS = ("apps", "deployments")


def step(cluster: Cluster, deployment: Manifest) -> float | None:
    """Move a rollout one step on."""
    sets = cluster.children(deployment, REPLICA_SETS)
    current = next((s for s in sets if _is_of(s, deployment)), None)
    old = [found for found in sets if found is not current]
    reason = ""
    rollout = _rollout(deployment, current, old)
    if not deployment["spec"].get("paused"):
        current, reason = _current(cluster, deployment, (current, old), rollout)
        if current is not None:
            current = _scaled(cluster, current, rollout.new, rollout)
        for found in old:
            _scaled(cluster, found, rollout.old[found["metadata"]["name"]], rollout)
        _forget(cluster, deployment, old)
    if current is not None:
        deployment = _with_revision(cluster, deployment, current)
    return _report(cluster, deployment, (current, old), reason)


def _is_of(replica_set: Manifest, deployment: Manifest) -> bool:
    template = replica_set["spec"]["template"]
    metadata = template.get("metadata") or {}
    labels = {k: v for k, v in (metadata.get("labels") or {}).items() if k != _HASH}
    bare: Manifest = {**template, "metadata": {**metadata, "labels": labels}}
    return bool(bare == deployment["spec"]["template"])


def _rollout(deployment: Manifest, current: Manifest | None, old: list[Manifest]) -> Rollout:
    spec = deployment["spec"]
    replicas = spec.get("replicas", 1)
    rolling = (spec.get("strategy") or {}).get("rollingUpdate") or {}
    surge = count_or_percent(rolling.get("maxSurge", "25%"), replicas, up=True)
    unavailable = count_or_percent(rolling.get("maxUnavailable", "25%"), replicas, up=False)
    is_recreate = (spec.get("strategy") or {}).get("type") == "Recreate"
    return Rollout.plan(
        replicas,
        (0, replicas) if is_recreate else (surge, unavailable if surge or unavailable else 1),
        _counts(current),
        {found["metadata"]["name"]: _counts(found) for found in old},
        is_recreate=is_recreate,
    )


def _counts(replica_set: Manifest | None) -> tuple[int, int, int]:
    """Return (wanted, there, available)."""
    if replica_set is None:
        return 0, 0, 0
    status = replica_set.get("status") or {}
    there, available = status.get("replicas", 0), status.get("availableReplicas", 0)
    return replica_set["spec"].get("replicas", 0), there, available


def _current(
    cluster: Cluster,
    deployment: Manifest,
    sets: tuple[Manifest | None, list[Manifest]],
    rollout: Rollout,
) -> tuple[Manifest | None, str]:
    """Return the ReplicaSet of the current template, and what was done to have it."""
    current, old = sets
    latest = max((_revision(found) for found in old), default=0)
    if current is None:
        return cluster.create(REPLICA_SETS, _new(deployment, latest + 1, rollout)), (
            "NewReplicaSetCreated"
        )
    before = current["metadata"]["annotations"]
    annotations = {**before, **_copied(deployment)}
    if _revision(current) > latest:
        if annotations != before:
            current = cluster.change(REPLICA_SETS, current, _annotated(annotations))
        return current, ""
    past = [text for text in (before.get(_HISTORY), before.get(_REVISION)) if text]
    annotations |= {_REVISION: str(latest + 1), _HISTORY: ",".join(past)}
    return cluster.change(REPLICA_SETS, current, _annotated(annotations)), "FoundNewReplicaSet"


def _new(deployment: Manifest, revision: int, rollout: Rollout) -> Manifest:
    spec, metadata = deployment["spec"], deployment["metadata"]
    template = spec["template"]
    digest = template_hash(template)
    labels = {**((template.get("metadata") or {}).get("labels") or {}), _HASH: digest}
    matched = {**(spec["selector"].get("matchLabels") or {}), _HASH: digest}
    annotations = {**_copied(deployment), _REVISION: str(revision), **_sizes(rollout)}
    body = {
        "metadata": {"labels": labels, "annotations": annotations},
        "spec": {
            "replicas": rollout.new,
            "minReadySeconds": spec.get("minReadySeconds"),
            "selector": {**spec["selector"], "matchLabels": matched},
            "template": {
                **template,
                "metadata": {**(template.get("metadata") or {}), "labels": labels},
            },
        },
    }
    return owned(deployment, body, name=f"{metadata['name']}-{digest}")


def _copied(deployment: Manifest) -> dict[str, str]:
    """Return the annotations that the current ReplicaSet has too, among them why it changed."""
    annotations = deployment["metadata"].get("annotations") or {}
    return {name: text for name, text in annotations.items() if name not in _OWN}


def _sizes(rollout: Rollout) -> dict[str, str]:
    return {_DESIRED: str(rollout.replicas), _MOST: str(rollout.replicas + rollout.surge)}


def _scaled(cluster: Cluster, found: Manifest, replicas: int, rollout: Rollout) -> Manifest:
    annotations = {**(found["metadata"].get("annotations") or {}), **_sizes(rollout)}
    is_same = found["spec"].get("replicas") == replicas
    if is_same and annotations == found["metadata"].get("annotations"):
        return found

    def change(live: Manifest) -> Manifest:
        metadata = {**live["metadata"], "annotations": annotations}
        return {**live, "metadata": metadata, "spec": {**live["spec"], "replicas": replicas}}

    return cluster.change(REPLICA_SETS, found, change)


def _forget(cluster: Cluster, deployment: Manifest, old: list[Manifest]) -> None:
    """Delete the oldest ReplicaSets beyond what the history is to hold."""
    limit = deployment["spec"].get("revisionHistoryLimit", 10)
    empty = [found for found in old if _counts(found)[:2] == (0, 0)]
    for found in sorted(empty, key=_revision)[: max(len(empty) - limit, 0)]:
        cluster.delete(REPLICA_SETS, found)


def _revision(found: Manifest) -> int:
    text = (found["metadata"].get("annotations") or {}).get(_REVISION, "")
    return int(text) if text.isdigit() else 0


def _with_revision(cluster: Cluster, deployment: Manifest, current: Manifest) -> Manifest:
    annotations = deployment["metadata"].get("annotations") or {}
    revision = str(_revision(current))
    if annotations.get(_REVISION) == revision:
        return deployment
    # Annotations written with the object itself would make it another generation.
    return cluster.change(
        DEPLOYMENTS, deployment, _annotated({**annotations, _REVISION: revision}), "status"
    )


def _annotated(annotations: dict[str, str]) -> Callable[[Manifest], Manifest]:
    return lambda live: {**live, "metadata": {**live["metadata"], "annotations": annotations}}


def _report(
    cluster: Cluster,
    deployment: Manifest,
    sets: tuple[Manifest | None, list[Manifest]],
    reason: str,
) -> float | None:
    current, old = sets
    everything = [*old, *([current] if current else [])]
    statuses = [found.get("status") or {} for found in everything]
    available = sum(status.get("availableReplicas", 0) for status in statuses)
    wanted = sum(_counts(found)[0] for found in everything)
    counts = {
        "replicas": sum(status.get("replicas", 0) for status in statuses),
        "updatedReplicas": _counts(current)[1],
        "readyReplicas": sum(status.get("readyReplicas", 0) for status in statuses),
        "availableReplicas": available,
        "unavailableReplicas": max(wanted - available, 0),
    }
    status: Manifest = {
        "observedGeneration": deployment["metadata"].get("generation", 1),
        "terminatingReplicas": 0,
        **{name: count for name, count in counts.items() if count},
    }
    before = conditions_of(deployment)
    availability = _available(deployment, available, before, cluster.now)
    progress = _progress(deployment, status, current, (before, reason, cluster.now))
    conditions = {**before, "Available": availability}
    conditions.pop("ReplicaFailure", None)
    for failure in _failures(everything[::-1])[:1]:
        conditions["ReplicaFailure"] = failure
    if progress is not None:
        conditions["Progressing"] = progress
    status["conditions"] = list(conditions.values())
    cluster.report(DEPLOYMENTS, deployment, status)
    return _next_look_s(deployment, progress)


def _failures(sets: list[Manifest]) -> list[Manifest]:
    """Return what keeps ReplicaSets from having their pods, as a Deployment says it."""
    found = [conditions_of(replica_set).get("ReplicaFailure") for replica_set in sets]
    return [{**f, "lastUpdateTime": f["lastTransitionTime"]} for f in found if f is not None]


def _next_look_s(deployment: Manifest, progress: Manifest | None) -> float | None:
    if progress is None or progress["status"] != "True":
        return None
    if progress["reason"] == "NewReplicaSetAvailable":
        return None
    deadline_s = deployment["spec"].get("progressDeadlineSeconds", 600)
    left_s = float(deadline_s) - seconds_since(progress["lastUpdateTime"])
    return max(left_s, 0.0) + 0.5


def _available(deployment: Manifest, available: int, before: Conditions, now: str) -> Manifest:
    spec = deployment["spec"]
    replicas = spec.get("replicas", 1)
    rolling = (spec.get("strategy") or {}).get("rollingUpdate") or {}
    missing = count_or_percent(rolling.get("maxUnavailable", 0), replicas, up=False)
    if available >= replicas - missing:
        text = "Deployment has minimum availability."
        new = _condition("Available", "True", "MinimumReplicasAvailable", text)
    else:
        text = "Deployment does not have minimum availability."
        new = _condition("Available", "False", "MinimumReplicasUnavailable", text)
    return _dated(before.get("Available"), new, now)


def _progress(
    deployment: Manifest,
    status: Manifest,
    current: Manifest | None,
    context: tuple[Conditions, str, str],
) -> Manifest | None:
    before, reason, now = context
    last = before.get("Progressing")
    if deployment["spec"].get("paused"):
        return _dated(last, _condition("Progressing", "Unknown", *_PAUSED), now)
    if current is None:
        return last
    if last is not None and last["reason"] == _PAUSED[0]:
        return _dated(last, _condition("Progressing", "Unknown", *_RESUMED), now)
    named = f'"{current["metadata"]["name"]}"'
    if reason:
        verb = "Created" if reason == "NewReplicaSetCreated" else "Found"
        text = f"{verb} new replica set {named}"
        return {**_condition("Progressing", "True", reason, text), **_times(last, now)}
    if _is_complete(deployment, status):
        text = f"ReplicaSet {named} has successfully progressed."
        return _dated(last, _condition("Progressing", "True", "NewReplicaSetAvailable", text), now)
    if last is None or _has_moved(deployment, status):
        text = f"ReplicaSet {named} is progressing."
        moved = _condition("Progressing", "True", "ReplicaSetUpdated", text)
        return {**moved, **_times(last, now)}
    if _is_late(deployment, last):
        text = f"ReplicaSet {named} has timed out progressing."
        late = _condition("Progressing", "False", "ProgressDeadlineExceeded", text)
        return _dated(last, late, now)
    return last


_PAUSED = ("DeploymentPaused", "Deployment is paused")
_RESUMED = ("DeploymentResumed", "Deployment is resumed")


def _is_complete(deployment: Manifest, status: Manifest) -> bool:
    wanted = deployment["spec"].get("replicas", 1)
    names = ("updatedReplicas", "replicas", "availableReplicas")
    return all(status.get(name, 0) == wanted for name in names)


def _has_moved(deployment: Manifest, status: Manifest) -> bool:
    before = deployment.get("status") or {}
    grown = ("updatedReplicas", "readyReplicas", "availableReplicas")
    old = [s.get("replicas", 0) - s.get("updatedReplicas", 0) for s in (before, status)]
    return old[1] < old[0] or any(status.get(n, 0) > before.get(n, 0) for n in grown)


def _is_late(deployment: Manifest, last: Manifest) -> bool:
    if last["reason"] in {"NewReplicaSetAvailable", "ProgressDeadlineExceeded"}:
        return bool(last["reason"] == "ProgressDeadlineExceeded")
    deadline_s = deployment["spec"].get("progressDeadlineSeconds", 600)
    return seconds_since(last["lastUpdateTime"]) >= float(deadline_s)


def _condition(kind: str, status: str, reason: str, message: str) -> Manifest:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def _dated(last: Manifest | None, new: Manifest, now: str) -> Manifest:
    """Return a condition with its times; the last one when it says the same."""
    if last is not None and (last["status"], last["reason"]) == (new["status"], new["reason"]):
        return last
    return {**new, **_times(last if last and last["status"] == new["status"] else None, now)}


def _times(last: Manifest | None, now: str) -> Manifest:
    keeps = last is not None and last["status"] == "True"
    since = last["lastTransitionTime"] if last is not None and keeps else now
    return {"lastTransitionTime": since, "lastUpdateTime": now}
