"""Health of the kinds that every cluster has, apart from Pods.

Source: Argo CD operator manual, "Resource Health", and the status fields of apps/v1, batch/v1,
networking.k8s.io/v1 and policy/v1. Where we differ on purpose: a Job that was suspended and runs
again is Progressing, not Healthy.
"""

from typing import Final

from tiphys.engine.health.rules import (
    DEGRADED,
    HEALTHY,
    PROGRESSING,
    SUSPENDED,
    UNKNOWN,
    Check,
    Row,
    absent,
    always,
    both,
    check,
    claim,
    condition,
    conditions_of,
    either,
    field,
    get,
    less,
    not_observed,
    number,
    present,
    same,
    unless,
)
from tiphys.model.keys import Manifest

_WAITING: Final = "Waiting for rollout to finish: "

deployment: Final[Check] = check(
    Row(present("spec.paused"), SUSPENDED, "Deployment is paused"),
    Row(
        not_observed,
        PROGRESSING,
        _WAITING + "observed deployment generation less than desired generation",
    ),
    Row(
        condition("Progressing", reasons=("ProgressDeadlineExceeded",)),
        DEGRADED,
        'Deployment "{metadata.name}" exceeded its progress deadline',
    ),
    Row(
        less("status.updatedReplicas", "spec.replicas"),
        PROGRESSING,
        _WAITING
        + "{#status.updatedReplicas} out of {#spec.replicas} new replicas have been updated...",
    ),
    Row(
        claim("`status.replicas` > `status.updatedReplicas`")(
            lambda live: number(live, "status.replicas") > number(live, "status.updatedReplicas")
        ),
        PROGRESSING,
        _WAITING
        + "{status.replicas - status.updatedReplicas} old replicas are pending termination...",
    ),
    Row(
        less("status.availableReplicas", "status.updatedReplicas"),
        PROGRESSING,
        _WAITING
        + "{#status.availableReplicas} of {#status.updatedReplicas} updated replicas "
        + "are available...",
    ),
    Row(always, HEALTHY),
)


@claim("`status.updatedReplicas` < `spec.replicas` - the partition")
def _is_partition_pending(live: Manifest) -> bool:
    wanted = number(live, "spec.replicas") - number(
        live, "spec.updateStrategy.rollingUpdate.partition"
    )
    return number(live, "status.updatedReplicas") < wanted


@claim("the update strategy is a RollingUpdate in parts")
def _is_rolling_update_in_parts(live: Manifest) -> bool:
    return (
        get(live, "spec.updateStrategy.type") == "RollingUpdate"
        and get(live, "spec.updateStrategy.rollingUpdate") is not None
    )


_is_at_new_revision: Final = same("status.updateRevision", "status.currentRevision")


stateful_set: Final[Check] = check(
    Row(
        either(absent("status.observedGeneration"), not_observed),
        PROGRESSING,
        "Waiting for statefulset spec update to be observed...",
    ),
    Row(
        less("status.readyReplicas", "spec.replicas"),
        PROGRESSING,
        "Waiting for {spec.replicas - status.readyReplicas} pods to be ready...",
    ),
    Row(
        both(_is_rolling_update_in_parts, _is_partition_pending),
        PROGRESSING,
        "Waiting for partitioned roll out to finish: {#status.updatedReplicas} out of "
        "{spec.replicas - spec.updateStrategy.rollingUpdate.partition} new pods have been "
        "updated...",
    ),
    Row(
        _is_rolling_update_in_parts,
        HEALTHY,
        "partitioned roll out complete: {#status.updatedReplicas} new pods have been updated...",
    ),
    Row(
        field("spec.updateStrategy.type", "OnDelete"),
        HEALTHY,
        "statefulset has {#status.readyReplicas} ready pods",
    ),
    Row(
        unless(_is_at_new_revision),
        PROGRESSING,
        "waiting for statefulset rolling update to complete {#status.updatedReplicas} pods at "
        "revision {status.updateRevision}...",
    ),
    Row(
        always,
        HEALTHY,
        "statefulset rolling update complete {#status.currentReplicas} pods at revision "
        "{status.currentRevision}...",
    ),
)

daemon_set: Final[Check] = check(
    Row(
        not_observed,
        PROGRESSING,
        _WAITING + "observed daemon set generation less than desired generation",
    ),
    Row(
        field("spec.updateStrategy.type", "OnDelete"),
        HEALTHY,
        "daemon set {#status.updatedNumberScheduled} out of {#status.desiredNumberScheduled} "
        "new pods have been updated",
    ),
    Row(
        less("status.updatedNumberScheduled", "status.desiredNumberScheduled"),
        PROGRESSING,
        'Waiting for daemon set "{metadata.name}" rollout to finish: '
        "{#status.updatedNumberScheduled} out of {#status.desiredNumberScheduled} new pods have "
        "been updated...",
    ),
    Row(
        less("status.numberAvailable", "status.desiredNumberScheduled"),
        PROGRESSING,
        'Waiting for daemon set "{metadata.name}" rollout to finish: {#status.numberAvailable} '
        "of {#status.desiredNumberScheduled} updated pods are available...",
    ),
    Row(always, HEALTHY),
)

replica_set: Final[Check] = check(
    Row(
        not_observed,
        PROGRESSING,
        _WAITING + "observed replica set generation less than desired generation",
    ),
    Row(condition("ReplicaFailure", "True"), DEGRADED, "{condition:ReplicaFailure}"),
    Row(
        less("status.availableReplicas", "spec.replicas"),
        PROGRESSING,
        _WAITING
        + "{#status.availableReplicas} out of {#spec.replicas} new replicas are available...",
    ),
    Row(always, HEALTHY),
)

job: Final[Check] = check(
    Row(condition("Failed", "True"), DEGRADED, "{condition:Failed}"),
    Row(condition("Suspended", "True"), SUSPENDED, "{condition:Suspended}"),
    Row(condition("Complete", "True"), HEALTHY, "{condition:Complete}"),
    Row(always, PROGRESSING),
)


@claim("`status.lastSuccessfulTime` < `status.lastScheduleTime`")
def _has_missed_its_last_run(live: Manifest) -> bool:
    # RFC 3339 in UTC sorts as text.
    return str(get(live, "status.lastSuccessfulTime") or "") < str(
        get(live, "status.lastScheduleTime")
    )


cron_job: Final[Check] = check(
    Row(present("spec.suspend"), HEALTHY, "CronJob is Suspended"),
    Row(absent("status"), PROGRESSING, "Waiting for CronJob"),
    Row(absent("status.lastScheduleTime"), HEALTHY, "CronJob has not been scheduled yet"),
    Row(present("status.active"), HEALTHY, "CronJob is running"),
    Row(absent("status.lastSuccessfulTime"), HEALTHY, "CronJob has not completed any run yet"),
    Row(
        _has_missed_its_last_run,
        DEGRADED,
        "CronJob has not completed its last execution successfully",
    ),
    Row(always, HEALTHY, "CronJob has completed its last execution successfully"),
)

service: Final[Check] = check(
    Row(
        both(field("spec.type", "LoadBalancer"), absent("status.loadBalancer.ingress")), PROGRESSING
    ),
    Row(always, HEALTHY),
)

ingress: Final[Check] = check(
    Row(present("status.loadBalancer.ingress"), HEALTHY),
    Row(always, PROGRESSING),
)

persistent_volume_claim: Final[Check] = check(
    Row(field("status.phase", "Lost"), DEGRADED),
    Row(field("status.phase", "Pending"), PROGRESSING),
    Row(field("status.phase", "Bound"), HEALTHY),
    Row(always, UNKNOWN),
)

api_service: Final[Check] = check(
    Row(condition("Available", "True"), HEALTHY, "{reason:Available}: {condition:Available}"),
    Row(condition("Available"), PROGRESSING, "{reason:Available}: {condition:Available}"),
    Row(always, PROGRESSING, "Waiting to be processed"),
)


@claim("a condition is False for another reason than `InsufficientPods`")
def _has_failed(live: Manifest) -> bool:
    false = (entry for entry in conditions_of(live) if entry.get("status") == "False")
    return any(entry.get("reason") != "InsufficientPods" for entry in false)


pod_disruption_budget: Final[Check] = check(
    Row(_has_failed, DEGRADED, "{condition:DisruptionAllowed|reason:DisruptionAllowed}"),
    Row(
        condition("DisruptionAllowed", "False"),
        HEALTHY,
        "no pod may be disrupted now: {#status.currentHealthy} of {#status.desiredHealthy} "
        "needed pods are healthy",
    ),
    Row(present("status.conditions"), HEALTHY),
    Row(always, PROGRESSING, "Waiting for status"),
)

custom_resource_definition: Final[Check] = check(
    Row(condition("Terminating", "True"), PROGRESSING, "{condition:Terminating}"),
    Row(condition("NamesAccepted", "False"), DEGRADED, "{condition:NamesAccepted}"),
    Row(absent("status.conditions"), PROGRESSING, "Status conditions not found"),
    # Names are accepted a moment before a new definition is served.
    Row(
        condition("Established", "False", reasons=("Installing",)),
        PROGRESSING,
        "{condition:Established}",
    ),
    Row(unless(condition("Established", "True")), DEGRADED, "CRD is not established"),
    Row(condition("NonStructuralSchema", "True"), DEGRADED, "{condition:NonStructuralSchema}"),
    Row(always, HEALTHY, "CRD is healthy"),
)
