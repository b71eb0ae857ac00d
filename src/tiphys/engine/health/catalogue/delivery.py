"""What delivers: Flux, Flagger, GitOps Promoter, Keptn, Pulumi, Atlas, Ansible, cluster operators.

Source: the status documentation of each project.
"""

from typing import Final

from tiphys.engine.health.catalogue.promotion import PROMOTION
from tiphys.engine.health.rules import (
    DEGRADED,
    HEALTHY,
    PROGRESSING,
    UNKNOWN,
    Check,
    Claim,
    Row,
    Said,
    absent,
    always,
    both,
    check,
    claim,
    condition,
    either,
    field,
    in_order,
    missing,
    present,
    unless,
)
from tiphys.engine.health.shapes import STALE, flux, ready, words
from tiphys.model.keys import Manifest

_reconciling: Final = both(condition("Ready", "Unknown"), condition("Reconciling", "True"))


def _retrying(*reasons: str) -> Claim:
    return both(condition("Ready", "False"), condition("Reconciling", "True", reasons=reasons))


_stored: Final = condition("ArtifactInStorage", "True")
_flux_source: Final = flux(busy=_reconciling, also=_stored)

_CANARY: Final = {
    HEALTHY: ("Initialized", "Succeeded"),
    PROGRESSING: (
        "Initializing",
        "Waiting",
        "WaitingPromotion",
        "Progressing",
        "Promoting",
        "Finalising",
    ),
    DEGRADED: ("Failed",),
}
_KEPTN: Final = {HEALTHY: ("Succeeded",), DEGRADED: ("Failed",)}

_stack: Final = check(
    STALE,
    in_order(
        Said("Stalled", "True", DEGRADED),
        Said("Reconciling", "True", PROGRESSING),
        Said("Ready", "True", HEALTHY),
    ),
    Row(always, PROGRESSING, "Waiting for the stack to be reconciled"),
)


_is_upgrade_for_a_person: Final = both(
    field("spec.installPlanApproval", "Manual"),
    present("status.installedCSV"),
    field("status.state", "UpgradePending"),
    condition("InstallPlanPending", "True", reasons=("RequiresApproval",)),
)


def _atlas(busy: Claim) -> Check:
    return check(
        Row(condition("Ready", "True"), HEALTHY, "{reason:Ready}"),
        Row(both(condition("Ready"), busy), PROGRESSING, "{reason:Ready}"),
        Row(condition("Ready"), DEGRADED, "{condition:Ready|reason:Ready}"),
        Row(always, PROGRESSING, "Waiting for condition Ready"),
    )


_is_migrating: Final = condition("Ready", reasons=("Reconciling",))


@claim("the message of `Ready` is `Reconciling` or `GettingDevDB`")
def _prepares_schema(live: Manifest) -> bool:
    said = in_order(Said("Ready", "", PROGRESSING, message="{message}"))(live)
    return said is not None and said.message in {"Reconciling", "GettingDevDB"}


KINDS: Final[dict[str, Check]] = {
    **PROMOTION,
    "db.atlasgo.io/AtlasMigration": _atlas(_is_migrating),
    "db.atlasgo.io/AtlasSchema": _atlas(_prepares_schema),
    "flagger.app/Canary": words("status.phase", _CANARY, other=UNKNOWN, unset=UNKNOWN),
    "helm.toolkit.fluxcd.io/HelmRelease": flux(
        busy=_reconciling,
        # A release whose tests have passed too is as healthy as one that has none.
        also=either(condition("Released", "True"), condition("TestSuccess", "True")),
    ),
    "image.toolkit.fluxcd.io/ImagePolicy": flux(
        busy=_retrying("NewGeneration", "AccessingRepository", "ApplyingPolicy")
    ),
    "image.toolkit.fluxcd.io/ImageRepository": flux(busy=_retrying("NewGeneration", "Scanning")),
    "image.toolkit.fluxcd.io/ImageUpdateAutomation": flux(busy=_reconciling),
    "kustomize.toolkit.fluxcd.io/Kustomization": flux(busy=_reconciling),
    "notification.toolkit.fluxcd.io/Receiver": check(
        Row(missing("status.conditions"), PROGRESSING, "Waiting for status"),
        Row(condition("Ready", "True"), HEALTHY, "{condition:Ready}"),
        Row(always, DEGRADED, "{condition:Ready|reason:Ready}"),
    ),
    "source.toolkit.fluxcd.io/HelmRepository": flux(
        busy=_reconciling, also=_stored, healthy_without_status=field("spec.type", "oci")
    ),
    "source.toolkit.fluxcd.io/*": _flux_source,
    "lifecycle.keptn.sh/KeptnEvaluation": words("status.overallStatus", _KEPTN),
    "lifecycle.keptn.sh/*": words("status.status", _KEPTN),
    "metrics.keptn.sh/Analysis": check(
        Row(field("status.pass", True), HEALTHY),
        Row(field("status.warning", True), HEALTHY, "passed with warnings"),
        Row(field("status.pass", False), DEGRADED, "not passed"),
        Row(always, PROGRESSING, "Waiting for the result"),
    ),
    "metrics.keptn.sh/KeptnMetric": check(
        Row(present("status.errMsg"), DEGRADED, "{status.errMsg}"),
        Row(unless(missing("status.value")), HEALTHY),
        Row(always, PROGRESSING, "Waiting for a value"),
    ),
    "operators.coreos.com/ClusterServiceVersion": words(
        "status.phase", {HEALTHY: ("Succeeded",), DEGRADED: ("Failed", "Unknown")}
    ),
    "operators.coreos.com/Subscription": check(
        Row(missing("status.conditions"), PROGRESSING, "Waiting for the install plan"),
        Row(
            either(
                condition("CatalogSourcesUnhealthy", "True"),
                condition("InstallPlanFailed", "True"),
                condition("ResolutionFailed", "True"),
                field("status.state", "UpgradeFailed"),
                both(
                    condition("InstallPlanMissing"),
                    unless(
                        condition("InstallPlanMissing", reasons=("ReferencedInstallPlanNotFound",))
                    ),
                ),
            ),
            DEGRADED,
            "{condition:ResolutionFailed|condition:InstallPlanFailed"
            "|condition:CatalogSourcesUnhealthy|condition:InstallPlanMissing}",
        ),
        Row(_is_upgrade_for_a_person, HEALTHY, "an upgrade waits for approval"),
        Row(condition("InstallPlanPending", "True"), PROGRESSING, "{reason:InstallPlanPending}"),
        Row(
            either(
                absent("status.state"), field("status.state", "UpgradeAvailable", "UpgradePending")
            ),
            PROGRESSING,
            "{status.state}",
        ),
        Row(always, HEALTHY, "{status.state}"),
    ),
    "pulumi.com/Stack": _stack,
    "tower.ansible.com/AnsibleJob": words(
        "status.ansibleJobResult.status",
        {HEALTHY: ("successful",), DEGRADED: ("failed", "error", "canceled")},
    ),
    "work.karmada.io/ResourceBinding": check(
        Row(
            either(absent("spec.clusters"), absent("status.aggregatedStatus")),
            PROGRESSING,
            "Waiting for the clusters",
        ),
        Row(
            claim("not every cluster of `spec.clusters` is in `status.aggregatedStatus`")(
                lambda live: (
                    len(live["spec"]["clusters"]) != len(live["status"]["aggregatedStatus"])
                )
            ),
            PROGRESSING,
            "Waiting for the clusters",
        ),
        Row(
            claim("a cluster is `Unhealthy`, or `Unknown` and not applied")(
                lambda live: any(
                    entry.get("health") == "Unhealthy"
                    or (entry.get("health") == "Unknown" and entry.get("applied") is not True)
                    for entry in live["status"]["aggregatedStatus"]
                )
            ),
            DEGRADED,
            "unhealthy in a cluster",
        ),
        Row(always, HEALTHY),
    ),
    "policy.open-cluster-management.io/CertificatePolicy": words(
        "status.compliant", {HEALTHY: ("Compliant",)}, other=DEGRADED
    ),
    "policy.open-cluster-management.io/ConfigurationPolicy": check(
        Row(absent("status.compliant"), PROGRESSING, "Waiting for status"),
        Row(
            claim("`status.lastEvaluatedGeneration` is not `metadata.generation`")(
                lambda live: (
                    live["status"].get("lastEvaluatedGeneration")
                    != live["metadata"].get("generation")
                )
            ),
            PROGRESSING,
            "Waiting for the latest change to be evaluated",
        ),
        Row(missing("status.compliancyDetails"), PROGRESSING, "Waiting for compliance"),
        Row(field("status.compliant", "Compliant"), HEALTHY),
        Row(always, DEGRADED, "{status.compliant}"),
    ),
    "policy.open-cluster-management.io/OperatorPolicy": ready(
        "Compliant", is_observed=True, unknown=DEGRADED
    ),
    "policy.open-cluster-management.io/Policy": check(
        Row(present("spec.disabled"), HEALTHY, "disabled"),
        Row(
            both(absent("status.compliant"), missing("status.status"), present("status.placement")),
            HEALTHY,
            "no cluster matches the policy",
        ),
        Row(absent("status.compliant"), PROGRESSING, "Waiting for status"),
        Row(field("status.compliant", "Compliant"), HEALTHY),
        Row(always, DEGRADED, "{status.compliant}"),
    ),
    "kyverno.io/ClusterPolicy": ready(unknown=DEGRADED),
    "kyverno.io/Policy": ready(unknown=DEGRADED),
}
