"""StatefulSets: numbered pods, one after the other, each with its claims.

Source: Kubernetes documentation, "StatefulSets".
"""

from typing import Any

from tiphys.sandbox.workloads.cluster import PODS, Cluster, Manifest
from tiphys.sandbox.workloads.owners import is_available, is_over, is_ready, pod
from tiphys.sandbox.workloads.revisions import HASH_LABEL, current_revision

STATEFUL_SETS = ("apps", "statefulsets")
_CLAIMS = ("", "persistentvolumeclaims")


def step(cluster: Cluster, owner: Manifest) -> float | None:
    """Make, replace or delete the next pod in order; report."""
    revision = current_revision(cluster, owner)
    pods = {found["metadata"]["name"]: found for found in cluster.children(owner, PODS)}
    name, spec = owner["metadata"]["name"], owner["spec"]
    start = (spec.get("ordinals") or {}).get("start", 0)
    wanted = [f"{name}-{n}" for n in range(start, start + spec.get("replicas", 1))]
    is_ordered = spec.get("podManagementPolicy", "OrderedReady") == "OrderedReady"
    _grow(cluster, owner, (wanted, pods, revision), is_ordered=is_ordered)
    if all(n in pods and is_ready(pods[n]) for n in wanted) or not is_ordered:
        _shrink(cluster, wanted, pods, is_ordered=is_ordered)
    _renew(cluster, owner, (wanted, pods, revision))
    return _report(cluster, owner, list(pods.values()), revision)


def _grow(
    cluster: Cluster,
    owner: Manifest,
    state: tuple[list[str], dict[str, Manifest], str],
    *,
    is_ordered: bool,
) -> None:
    wanted, pods, revision = state
    for name in wanted:
        if name in pods and is_over(pods[name]):
            cluster.delete(PODS, pods.pop(name))
        if name not in pods:
            made = cluster.create(PODS, _pod(cluster, owner, name, revision))
            if made is None:
                return
            pods[name] = made
        if is_ordered and not is_ready(pods[name]):
            return


def _pod(cluster: Cluster, owner: Manifest, name: str, revision: str) -> Manifest:
    ordinal = name.rpartition("-")[2]
    labels = {
        HASH_LABEL: revision,
        "statefulset.kubernetes.io/pod-name": name,
        "apps.kubernetes.io/pod-index": ordinal,
    }
    made = pod(owner, name=name, labels=labels)
    volumes: list[Any] = list(made["spec"].get("volumes") or [])
    for template in owner["spec"].get("volumeClaimTemplates") or ():
        claim = f"{template['metadata']['name']}-{name}"
        namespace = owner["metadata"]["namespace"]
        metadata = {**template["metadata"], "name": claim, "namespace": namespace}
        cluster.create(_CLAIMS, {"metadata": metadata, "spec": template["spec"]})
        source = {"claimName": claim}
        volumes.append({"name": template["metadata"]["name"], "persistentVolumeClaim": source})
    host = {"hostname": name, "subdomain": owner["spec"].get("serviceName")}
    return {**made, "spec": {**made["spec"], **host, "volumes": volumes}}


def _shrink(
    cluster: Cluster, wanted: list[str], pods: dict[str, Manifest], *, is_ordered: bool
) -> None:
    surplus = sorted(pods.keys() - set(wanted), key=lambda name: int(name.rpartition("-")[2]))
    for name in reversed(surplus):
        cluster.delete(PODS, pods.pop(name))
        if is_ordered:
            return


def _renew(
    cluster: Cluster, owner: Manifest, state: tuple[list[str], dict[str, Manifest], str]
) -> None:
    """Delete the last pod of an older template once all after it are ready again."""
    wanted, pods, revision = state
    strategy = owner["spec"].get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return
    partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
    for name in reversed([n for n in wanted if int(n.rpartition("-")[2]) >= partition]):
        found = pods.get(name)
        if found is None:
            return
        if (found["metadata"].get("labels") or {}).get(HASH_LABEL) != revision:
            cluster.delete(PODS, pods.pop(name))
            return
        if not is_ready(found):
            return


def _report(cluster: Cluster, owner: Manifest, pods: list[Manifest], revision: str) -> float | None:
    before, metadata = owner.get("status") or {}, owner["metadata"]
    min_ready_s = owner["spec"].get("minReadySeconds", 0)
    labels = [(found["metadata"].get("labels") or {}).get(HASH_LABEL) for found in pods]
    updated = labels.count(revision)
    current = before.get("currentRevision") or revision
    if updated == len(pods) == owner["spec"].get("replicas", 1):
        current = revision
    ready = sum(map(is_ready, pods))
    available = sum(is_available(found, min_ready_s) for found in pods)
    counts = {
        "readyReplicas": ready,
        "currentReplicas": labels.count(current),
        "updatedReplicas": updated,
    }
    status: Manifest = {
        "observedGeneration": metadata.get("generation", 1),
        "replicas": len(pods),
        **{name: count for name, count in counts.items() if count},
        "availableReplicas": available,
        "currentRevision": current,
        "updateRevision": revision,
        "collisionCount": 0,
    }
    cluster.report(STATEFUL_SETS, owner, status)
    return 1.0 if available < ready else None
