"""Checks of popular custom resources, most of which speak in conditions.

Source: Kubernetes API conventions, "Typical status properties", and the status documentation of
each project.
"""

from typing import Final

from tiphys.engine.health.rules import (
    DEGRADED,
    HEALTHY,
    PROGRESSING,
    SUSPENDED,
    Check,
    Claim,
    Row,
    absent,
    always,
    behind_spec,
    both,
    check,
    condition,
    conditions_of,
    either,
    field,
    less,
    number,
    present,
)
from tiphys.model.keys import Manifest


def ready(
    type_: str = "Ready", *, busy: tuple[str, ...] = (), suspended: Claim | None = None
) -> Check:
    """Return the check of a kind that says how it is in one condition.

    Args:
        type_: the condition; False is Degraded, Unknown or absent is Progressing.
        busy: reasons of a False that only mean "not yet".
        suspended: claims that a person stopped it.
    """
    stopped = [Row(suspended, SUSPENDED, "suspended")] if suspended is not None else []
    message = f"{{condition:{type_}}}"
    return check(
        *stopped,
        Row(behind_spec, PROGRESSING, "Waiting for the latest change to be observed"),
        Row(condition(type_, "True"), HEALTHY, message),
        Row(condition(type_, "False", reasons=busy) if busy else _never, PROGRESSING, message),
        Row(condition(type_, "False"), DEGRADED, message),
        Row(always, PROGRESSING, f"Waiting for condition {type_}"),
    )


def phases(path: str, *, good: tuple[str, ...], bad: tuple[str, ...]) -> Check:
    """Return the check of a kind that says how it is in one word; other words mean "not yet"."""
    quoted = f"{{{path}}}"
    return check(
        Row(field(path, *good), HEALTHY, quoted),
        Row(field(path, *bad), DEGRADED, quoted),
        Row(absent(path), PROGRESSING, "Waiting for status"),
        Row(always, PROGRESSING, quoted),
    )


def _never(_live: Manifest) -> bool:
    return False


def _any_condition_false(live: Manifest) -> bool:
    return any(entry.get("status") == "False" for entry in conditions_of(live))


flux: Final = check(
    Row(present("spec.suspend"), SUSPENDED, "suspended"),
    Row(condition("Stalled", "True"), DEGRADED, "{condition:Stalled}"),
    Row(behind_spec, PROGRESSING, "Waiting for the latest change to be observed"),
    Row(condition("Reconciling", "True"), PROGRESSING, "{condition:Reconciling}"),
    Row(condition("Ready", "True"), HEALTHY, "{condition:Ready}"),
    Row(condition("Ready", "False"), DEGRADED, "{condition:Ready}"),
    Row(always, PROGRESSING, "Waiting for condition Ready"),
)

crossplane: Final = check(
    Row(condition("Synced", "False"), DEGRADED, "{condition:Synced}"),
    Row(
        condition("Ready", "False", reasons=("Creating", "Deleting")),
        PROGRESSING,
        "{reason:Ready}",
    ),
    Row(condition("Ready", "False"), DEGRADED, "{condition:Ready}"),
    Row(condition("Ready", "True"), HEALTHY),
    # Providers' configurations have no Ready; being in use is all they report.
    Row(condition("Synced", "True"), PROGRESSING, "Waiting for condition Ready"),
    Row(present("status.users"), HEALTHY),
    Row(always, PROGRESSING, "Waiting for status conditions"),
)

certificate: Final = check(
    Row(condition("Issuing", "True", reasons=("Failed",)), DEGRADED, "{condition:Issuing}"),
    Row(condition("Issuing", "True"), PROGRESSING, "{condition:Issuing}"),
    Row(behind_spec, PROGRESSING, "Waiting for the latest change to be observed"),
    Row(condition("Ready", "True"), HEALTHY, "{condition:Ready}"),
    Row(condition("Ready", "False"), DEGRADED, "{condition:Ready}"),
    Row(always, PROGRESSING, "Waiting for certificate"),
)

rollout: Final = check(
    Row(condition("InvalidSpec", "True"), DEGRADED, "{condition:InvalidSpec}"),
    Row(field("status.phase", "Healthy"), HEALTHY, "{status.message}"),
    Row(field("status.phase", "Degraded"), DEGRADED, "{status.message}"),
    Row(field("status.phase", "Paused"), SUSPENDED, "{status.message}"),
    Row(absent("status.phase"), PROGRESSING, "Waiting for rollout status"),
    Row(always, PROGRESSING, "{status.message}"),
)

analysis: Final = check(
    Row(field("status.phase", "Successful"), HEALTHY, "{status.message}"),
    Row(field("status.phase", "Failed", "Error"), DEGRADED, "{status.message}"),
    Row(field("status.phase", "Inconclusive"), SUSPENDED, "{status.message}"),
    Row(always, PROGRESSING, "{status.message}"),
)

application_set: Final = check(
    Row(condition("ErrorOccurred", "True"), DEGRADED, "{condition:ErrorOccurred}"),
    Row(condition("ResourcesUpToDate", "False"), DEGRADED, "{condition:ResourcesUpToDate}"),
    Row(condition("RolloutProgressing", "True"), PROGRESSING, "{condition:RolloutProgressing}"),
    Row(condition("ResourcesUpToDate", "True"), HEALTHY, "{condition:ResourcesUpToDate}"),
    Row(always, PROGRESSING, "Waiting for the status to be reported"),
)

workflow: Final = check(
    Row(field("status.phase", None, "", "Pending", "Running"), PROGRESSING, "{status.message}"),
    Row(field("status.phase", "Succeeded"), HEALTHY, "{status.message}"),
    Row(field("status.phase", "Failed", "Error"), DEGRADED, "{status.message}"),
)

gateway: Final = check(
    Row(condition("Accepted", "False"), DEGRADED, "{condition:Accepted}"),
    Row(
        condition("Programmed", "False", reasons=("Pending",)),
        PROGRESSING,
        "{condition:Programmed}",
    ),
    Row(condition("Programmed", "False"), DEGRADED, "{condition:Programmed}"),
    Row(condition("Programmed", "True"), HEALTHY, "{condition:Programmed}"),
    Row(always, PROGRESSING, "Waiting for condition Programmed"),
)


def _parent_conditions(live: Manifest) -> list[Manifest]:
    parents = (live.get("status") or {}).get("parents") or []
    return [entry for parent in parents for entry in parent.get("conditions") or []]


def _parents_say(type_: str, status: str) -> Claim:
    return lambda live: any(
        entry.get("type") == type_ and entry.get("status") == status
        for entry in _parent_conditions(live)
    )


route: Final = check(
    Row(_parents_say("Accepted", "False"), DEGRADED, "a parent does not accept the route"),
    Row(_parents_say("ResolvedRefs", "False"), DEGRADED, "a reference cannot be resolved"),
    Row(_parents_say("Accepted", "True"), HEALTHY, "accepted"),
    Row(always, PROGRESSING, "Waiting for a parent to accept the route"),
)

knative: Final = ready()

sealed_secret: Final = check(
    Row(condition("Synced", "False"), DEGRADED, "{condition:Synced}"),
    Row(either(condition("Synced", "True"), absent("status.conditions")), HEALTHY),
    Row(always, PROGRESSING, "Waiting for the secret to be unsealed"),
)

cnpg: Final = check(
    Row(field("status.phase", "Cluster in healthy state"), HEALTHY, "{status.phase}"),
    Row(
        field(
            "status.phase",
            "Failing over",
            "Not enough disk space",
            "Unrecoverable",
            "Cluster is unrecoverable and needs manual intervention",
        ),
        DEGRADED,
        "{status.phase}",
    ),
    Row(condition("Ready", "True"), HEALTHY),
    Row(less("status.readyInstances", "spec.instances"), PROGRESSING, "{status.phase}"),
    Row(absent("status.phase"), PROGRESSING, "Waiting for status"),
    Row(always, PROGRESSING, "{status.phase}"),
)

strimzi: Final = check(
    Row(behind_spec, PROGRESSING, "Waiting for the latest change to be observed"),
    Row(condition("NotReady", "True", reasons=("Creating",)), PROGRESSING, "{condition:NotReady}"),
    Row(condition("NotReady", "True"), DEGRADED, "{condition:NotReady}"),
    Row(condition("ReconciliationPaused", "True"), SUSPENDED, "reconciliation is paused"),
    Row(condition("Ready", "True"), HEALTHY),
    Row(always, PROGRESSING, "Waiting for condition Ready"),
)

scaled_object: Final = check(
    Row(condition("Paused", "True"), SUSPENDED, "{condition:Paused}"),
    Row(condition("Ready", "False"), DEGRADED, "{condition:Ready}"),
    Row(condition("Ready", "True"), HEALTHY, "{condition:Ready}"),
    Row(always, PROGRESSING, "Waiting for condition Ready"),
)

prometheus: Final = check(
    Row(present("spec.paused"), SUSPENDED, "paused"),
    Row(condition("Reconciled", "False"), DEGRADED, "{condition:Reconciled}"),
    Row(condition("Available", "True"), HEALTHY),
    Row(condition("Available", "Degraded"), DEGRADED, "{condition:Available}"),
    Row(condition("Available", "False"), DEGRADED, "{condition:Available}"),
    Row(always, PROGRESSING, "Waiting for condition Available"),
)

node_claim: Final = check(
    Row(condition("Ready", "True"), HEALTHY),
    Row(_any_condition_false, PROGRESSING, "Waiting for the node"),
    Row(always, PROGRESSING, "Waiting for the node"),
)

volume_snapshot: Final = check(
    Row(present("status.error"), DEGRADED, "{status.error.message}"),
    Row(present("status.readyToUse"), HEALTHY),
    Row(always, PROGRESSING, "Waiting for the snapshot"),
)

elastic: Final = check(
    Row(field("status.health", "green", "yellow"), HEALTHY, "{status.health}"),
    Row(field("status.health", "red"), DEGRADED, "{status.health}"),
    Row(always, PROGRESSING, "{status.phase}"),
)

subscription: Final = check(
    Row(
        condition("CatalogSourcesUnhealthy", "True"),
        DEGRADED,
        "{condition:CatalogSourcesUnhealthy}",
    ),
    Row(condition("InstallPlanFailed", "True"), DEGRADED, "{condition:InstallPlanFailed}"),
    Row(condition("ResolutionFailed", "True"), DEGRADED, "{condition:ResolutionFailed}"),
    Row(field("status.state", "AtLatestKnown"), HEALTHY, "{status.state}"),
    Row(field("status.state", "UpgradePending"), SUSPENDED, "{status.state}"),
    Row(always, PROGRESSING, "{status.state}"),
)

cluster_api: Final = check(
    Row(present("spec.paused"), SUSPENDED, "paused"),
    Row(field("status.phase", "Failed"), DEGRADED, "{condition:Ready}"),
    Row(condition("Ready", "True"), HEALTHY),
    Row(condition("Available", "True"), HEALTHY),
    Row(always, PROGRESSING, "{condition:Ready}"),
)


def _wants_more_than_ready(live: Manifest) -> bool:
    return number(live, "status.readyReplicas") < number(live, "spec.replicas")


cloned_workload: Final = check(
    Row(behind_spec, PROGRESSING, "Waiting for the latest change to be observed"),
    Row(
        both(present("spec.replicas"), _wants_more_than_ready),
        PROGRESSING,
        "{#status.readyReplicas} of {#spec.replicas} replicas are ready",
    ),
    Row(always, HEALTHY),
)
