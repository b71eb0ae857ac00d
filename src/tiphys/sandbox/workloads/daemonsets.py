"""DaemonSets: one pod on each node, and there is one node that pods run on.

Source: Kubernetes documentation, "DaemonSet".
"""

from tiphys.sandbox.workloads.cluster import PODS, Cluster, Manifest
from tiphys.sandbox.workloads.owners import is_available, is_over, is_ready, pod
from tiphys.sandbox.workloads.revisions import HASH_LABEL, current_revision

DAEMON_SETS = ("apps", "daemonsets")
_NODES = ("", "nodes")


def step(cluster: Cluster, owner: Manifest) -> float | None:
    """Have one pod of the current template, where a node is as it is to be; report."""
    wanted = int(_has_node(cluster, owner))
    revision = current_revision(cluster, owner)
    digest = revision.rpartition("-")[2]
    strategy = (owner["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate")
    pods = []
    for found in cluster.children(owner, PODS):
        is_old = (found["metadata"].get("labels") or {}).get(HASH_LABEL) != digest
        if not wanted or is_over(found) or (is_old and strategy == "RollingUpdate"):
            cluster.delete(PODS, found)
        else:
            pods.append(found)
    if wanted and not pods:
        made = cluster.create(PODS, pod(owner, labels={HASH_LABEL: digest}))
        pods = [] if made is None else [made]
    ready = sum(map(is_ready, pods))
    available = sum(is_available(p, owner["spec"].get("minReadySeconds", 0)) for p in pods)
    updated = sum(p["metadata"].get("labels", {}).get(HASH_LABEL) == digest for p in pods)
    status = {
        "observedGeneration": owner["metadata"].get("generation", 1),
        "currentNumberScheduled": len(pods),
        "desiredNumberScheduled": wanted,
        "numberMisscheduled": 0,
        "numberReady": ready,
    }
    optional = {
        "updatedNumberScheduled": updated,
        "numberAvailable": available,
        "numberUnavailable": wanted - available,
    }
    status |= {name: count for name, count in optional.items() if count}
    cluster.report(DAEMON_SETS, owner, status)
    return 1.0 if available < ready else None


def _has_node(cluster: Cluster, owner: Manifest) -> bool:
    wanted = owner["spec"]["template"]["spec"].get("nodeSelector") or {}
    return any(
        wanted.items() <= (node["metadata"].get("labels") or {}).items()
        for node in cluster.all(_NODES, "")
    )
