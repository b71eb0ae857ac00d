"""ReplicaSets: so many pods of one template, in no order.

Source: Kubernetes documentation, "ReplicaSet".
"""

from tiphys.sandbox.workloads.cluster import PODS, REPLICA_SETS, Cluster, Manifest
from tiphys.sandbox.workloads.owners import conditions_of, is_available, is_over, is_ready, pod


def step(cluster: Cluster, replica_set: Manifest) -> float | None:
    """Make or delete pods until there are as many as wanted; report."""
    spec = replica_set["spec"]
    pods = [found for found in cluster.children(replica_set, PODS) if not is_over(found)]
    wanted = spec.get("replicas", 1)
    for found in _dispensable(pods)[: max(len(pods) - wanted, 0)]:
        cluster.delete(PODS, found)
        pods.remove(found)
    for _ in range(wanted - len(pods)):
        made = cluster.create(PODS, pod(replica_set))
        if made is None:
            break
        pods.append(made)
    min_ready_s = spec.get("minReadySeconds", 0)
    ready = [found for found in pods if is_ready(found)]
    available = sum(is_available(found, min_ready_s) for found in ready)
    counts = {
        "fullyLabeledReplicas": len(pods),
        "readyReplicas": len(ready),
        "availableReplicas": available,
    }
    status: Manifest = {
        "replicas": len(pods),
        **{name: count for name, count in counts.items() if count},
        "observedGeneration": replica_set["metadata"].get("generation", 1),
        "terminatingReplicas": 0,
    }
    failure = _failure(cluster, replica_set)
    if failure is not None:
        status["conditions"] = [failure]
    cluster.report(REPLICA_SETS, replica_set, status)
    return 1.0 if available < len(ready) else None


def _failure(cluster: Cluster, replica_set: Manifest) -> Manifest | None:
    """Return the condition that says why there are too few; the first reason stays."""
    if not cluster.refusal:
        return None
    return conditions_of(replica_set).get("ReplicaFailure") or {
        "type": "ReplicaFailure",
        "status": "True",
        "lastTransitionTime": cluster.now,
        "reason": "FailedCreate",
        "message": cluster.refusal,
    }


def _dispensable(pods: list[Manifest]) -> list[Manifest]:
    """Order pods by how little is lost with them: those not ready first, then the newest."""
    by_age = sorted(pods, key=lambda found: found["metadata"]["creationTimestamp"], reverse=True)
    return sorted(by_age, key=is_ready)
