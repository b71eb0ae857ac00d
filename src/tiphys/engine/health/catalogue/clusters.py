"""Clusters and their nodes: Cluster API, Gardener, Karpenter.

Source: Cluster API, "Cluster" and "MachineDeployment" conditions of v1beta1 and v1beta2; Gardener,
"Shoot status"; Karpenter, "NodeClaims". Where we differ on purpose: an unhealthy Shoot is Degraded
at once; Argo CD waits for 15 minutes, and our checks know no clock.
"""

from typing import Final

from tiphys.engine.health.rules import (
    DEGRADED,
    HEALTHY,
    PROGRESSING,
    SUSPENDED,
    UNKNOWN,
    Check,
    Claim,
    Row,
    absent,
    always,
    both,
    check,
    claim,
    condition,
    entries,
    field,
    get,
    missing,
    number,
    present,
    same,
    unless,
)
from tiphys.engine.health.shapes import STALE, paused, ready, words
from tiphys.model.keys import Manifest


def _newer(type_: str, *statuses: str) -> Claim:
    """Claim something of a condition of v1beta2, wherever the object keeps it."""

    def holds(live: Manifest) -> bool:
        found = [*entries(live, "status.v1beta2.conditions"), *entries(live, "status.conditions")]
        return any(e.get("type") == type_ and e.get("status") in statuses for e in found)

    return Claim(holds, f"condition `{type_}` is {' or '.join(statuses)}")


_cluster: Final = check(
    paused(),
    Row(_newer("RollingOut", "True"), PROGRESSING, "{condition:RollingOut}"),
    Row(
        both(field("status.phase", "Provisioned"), _newer("TopologyReconciled", "False")),
        PROGRESSING,
        "{condition:TopologyReconciled}",
    ),
    Row(condition("Ready", "False"), DEGRADED, "{condition:Ready|reason:Ready}"),
    Row(field("status.phase", "Provisioned"), HEALTHY, "{status.phase}"),
    Row(field("status.phase", "Failed"), DEGRADED, "{status.failureMessage|status.phase}"),
    Row(always, PROGRESSING, "{status.phase}"),
)

_machine_deployment: Final = check(
    paused(),
    Row(field("status.phase", "Failed"), DEGRADED, "{status.phase}"),
    Row(
        both(
            field("status.phase", "Running"),
            same("status.replicas", "status.updatedReplicas", "status.readyReplicas"),
        ),
        HEALTHY,
        "{status.phase}",
    ),
    Row(always, PROGRESSING, "{#status.readyReplicas} of {#status.replicas} machines are ready"),
)

_kubeadm: Final = check(
    Row(absent("status"), PROGRESSING, "Waiting for status"),
    Row(
        both(condition("EtcdClusterHealthy"), unless(condition("EtcdClusterHealthy", "True"))),
        DEGRADED,
        "etcd is not healthy",
    ),
    *(
        Row(_newer(type_, "False", "Unknown"), PROGRESSING, f"{type_} is not True")
        for type_ in ("MachinesReady", "MachinesUpToDate", "ControlPlaneComponentsHealthy")
    ),
    Row(_newer("RollingOut", "True"), PROGRESSING, "rolling out"),
    Row(
        claim("not all of `status.replicas` are updated and ready")(
            lambda live: (
                number(live, "status.updatedReplicas") < number(live, "status.replicas")
                or number(live, "status.readyReplicas") != number(live, "status.replicas")
            )
        ),
        PROGRESSING,
        "{#status.readyReplicas} of {#status.replicas} replicas are ready",
    ),
    Row(always, HEALTHY),
)


@claim("a condition is False with severity `Error`")
def _has_error(live: Manifest) -> bool:
    return any(
        entry.get("status") == "False" and entry.get("severity") == "Error"
        for entry in entries(live, "status.conditions")
    )


_managed_control_plane: Final = check(
    Row(missing("status.conditions"), PROGRESSING, "Waiting for status"),
    Row(present("status.failureMessage"), DEGRADED, "{status.failureMessage}"),
    Row(condition("EKSControlPlaneUpdating", "True"), PROGRESSING, "updating"),
    Row(condition("Ready", "True"), HEALTHY),
    Row(_has_error, DEGRADED, "{condition:Ready|reason:Ready}"),
    Row(always, PROGRESSING, "{condition:Ready}"),
)

_SHOOT_LABEL: Final = "shoot.gardener.cloud/status"
_SHOOT: Final = {"healthy": HEALTHY, "unhealthy": DEGRADED, "unknown": UNKNOWN}


def _shoot_is(label: str) -> Claim:
    def holds(live: Manifest) -> bool:
        return bool((get(live, "metadata.labels") or {}).get(_SHOOT_LABEL) == label)

    return Claim(holds, f"label `{_SHOOT_LABEL}` is `{label}`")


_node_claim: Final = check(
    STALE,
    Row(condition("Disrupting", "True"), SUSPENDED, "{condition:Disrupting}"),
    *ready().parts,
)


def _node_class(*types: str) -> Check:
    false = (Row(condition(t, "False"), DEGRADED, f"{{condition:{t}}}") for t in types)
    return check(
        Row(condition("Ready", "False"), DEGRADED, "{condition:Ready}"),
        Row(condition("Ready", "True"), HEALTHY, "{condition:Ready}"),
        *false,
        Row(always, PROGRESSING, "Waiting for condition Ready"),
    )


_MACHINE: Final = words(
    "status.phase",
    {HEALTHY: ("Running",), DEGRADED: ("Failed",)},
    message="{condition:Ready|status.phase}",
)
_NODE_CLASS: Final = _node_class("SubnetsReady", "SecurityGroupsReady", "ValidationSucceeded")

CLUSTERS: Final[dict[str, Check]] = {
    "addons.cluster.x-k8s.io/ClusterResourceSet": ready("ResourcesApplied"),
    "cluster.x-k8s.io/Cluster": _cluster,
    "cluster.x-k8s.io/Machine": _MACHINE,
    "cluster.x-k8s.io/MachineDeployment": _machine_deployment,
    "cluster.x-k8s.io/MachineHealthCheck": check(
        Row(missing("status.currentHealthy"), PROGRESSING, "Waiting for status"),
        Row(same("status.expectedMachines", "status.currentHealthy"), HEALTHY),
        Row(
            always,
            DEGRADED,
            "{#status.currentHealthy} of {#status.expectedMachines} machines are healthy",
        ),
    ),
    "cluster.x-k8s.io/MachinePool": words(
        "status.phase", {HEALTHY: ("Running", "Scaling"), DEGRADED: ("Failed", "Unknown")}
    ),
    "controlplane.cluster.x-k8s.io/AWSManagedControlPlane": _managed_control_plane,
    "controlplane.cluster.x-k8s.io/KubeadmControlPlane": _kubeadm,
    "core.gardener.cloud/Shoot": check(
        *(Row(_shoot_is(label), health, label) for label, health in _SHOOT.items()),
        Row(always, PROGRESSING, "Waiting for the Shoot"),
    ),
    "karpenter.k8s.aws/EC2NodeClass": _NODE_CLASS,
    "karpenter.sh/EC2NodeClass": _NODE_CLASS,
    "karpenter.sh/NodeClaim": _node_claim,
    "karpenter.sh/NodePool": _node_class("NodeClassReady"),
}
