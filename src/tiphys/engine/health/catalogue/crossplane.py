"""Crossplane and its providers; Config Connector; AWS Controllers for Kubernetes.

Source: Crossplane, "Managed resources", conditions; Config Connector, "Events and conditions"; AWS
Controllers for Kubernetes, "Resource conditions".
"""

from typing import Final

from tiphys.engine.health.rules import (
    DEGRADED,
    HEALTHY,
    PROGRESSING,
    SUSPENDED,
    Check,
    Row,
    Said,
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
    in_order,
    missing,
    present,
    unless,
)
from tiphys.engine.health.shapes import STALE
from tiphys.model.keys import Manifest

_STATIC: Final = field(
    "kind",
    "ClusterProviderConfig",
    "ClusterProviderConfigUsage",
    "Composition",
    "CompositionRevision",
    "ControllerConfig",
    "DeploymentRuntimeConfig",
    "EnvironmentConfig",
    "ImageConfig",
    "ProviderConfig",
    "ProviderConfigUsage",
    "StoreConfig",
)
"""Kinds that report nothing, or only who uses them."""

_waiting: Final = Row(always, PROGRESSING, "{condition:Ready|reason:Ready}")
_untouched: Final = Row(both(_STATIC, absent("status.conditions")), HEALTHY)


def _managed(*ready: str) -> Check:
    return check(
        _untouched,
        Row(condition("LastAsyncOperation", "False"), DEGRADED, "{condition:LastAsyncOperation}"),
        Row(condition("Synced", "False"), DEGRADED, "{condition:Synced}"),
        Row(either(*(condition(type_, "True") for type_ in ready)), HEALTHY),
        _waiting,
    )


_crossplane: Final = _managed(
    "Ready", "Healthy", "Offered", "Established", "ValidPipeline", "RevisionHealthy"
)
_upbound: Final = _managed("Ready")

_is_synced: Final = condition("Synced", "True")
_is_ready: Final = condition("Ready", "True")
_classic: Final = check(
    Row(missing("status.conditions"), PROGRESSING, "Waiting for the resource to be created"),
    Row(both(_is_ready, _is_synced), HEALTHY, "{reason:Ready}"),
    Row(
        both(unless(_is_synced), condition("Synced", reasons=("ReconcilePaused",))),
        SUSPENDED,
        "reconciliation is paused",
    ),
    Row(both(_is_synced, unless(_is_ready)), PROGRESSING, "Waiting for the resource"),
    Row(always, DEGRADED, "{condition:Synced}"),
)

_package: Final = check(
    Row(missing("status.conditions"), PROGRESSING, "Waiting for the package"),
    Row(both(condition("Installed", "True"), condition("Healthy", "True")), HEALTHY),
    Row(always, DEGRADED, "{condition:Healthy|condition:Installed|reason:Healthy}"),
)
_package_revision: Final = check(
    Row(missing("status.conditions"), PROGRESSING, "Waiting for the package"),
    Row(either(condition("Healthy", "True"), condition("RevisionHealthy", "True")), HEALTHY),
    Row(always, DEGRADED, "{condition:Healthy|condition:RevisionHealthy|reason:Healthy}"),
)

_is_connector: Final = both(
    field("kind", "ConfigConnector", "ConfigConnectorContext"), unless(missing("status.healthy"))
)
_config_connector: Final = check(
    STALE,
    Row(both(_is_connector, present("status.healthy")), HEALTHY),
    Row(_is_connector, DEGRADED, "not healthy"),
    in_order(
        *(
            Said("", status, health, reasons=(reason,))
            for reason, status, health in (
                ("UpToDate", "True", HEALTHY),
                ("UpdateFailed", "", DEGRADED),
                ("DependencyNotFound", "", DEGRADED),
                ("DependencyNotReady", "", SUSPENDED),
            )
        )
    ),
    Row(always, PROGRESSING, "{reason:Ready}"),
)

_ack: Final = check(
    Row(condition("ACK.Terminal", "True"), DEGRADED, "{condition:ACK.Terminal}"),
    Row(condition("Ready", "True"), HEALTHY),
    Row(condition("Ready", "False"), PROGRESSING, "{condition:Ready}"),
    # Controllers from before they had a Ready condition.
    Row(condition("ACK.Recoverable", "True"), DEGRADED, "{condition:ACK.Recoverable}"),
    Row(condition("ACK.ResourceSynced", "True"), HEALTHY),
    _waiting,
)


@claim("condition `Ready` of `status.conditionedStatus` is True")
def _is_stack_ready(live: Manifest) -> bool:
    return any(
        entry.get("type") == "Ready" and entry.get("status") == "True"
        for entry in conditions_of({"status": get(live, "status.conditionedStatus")})
    )


KINDS: Final[dict[str, Check]] = {
    "cloudfront.aws.crossplane.io/Distribution": _classic,
    "iam.aws.crossplane.io/Policy": _classic,
    "iam.aws.crossplane.io/Role": _classic,
    "iam.aws.crossplane.io/RolePolicyAttachment": _classic,
    "rds.aws.crossplane.io/DBCluster": _classic,
    "rds.aws.crossplane.io/DBInstance": _classic,
    "route53.aws.crossplane.io/ResourceRecordSet": _classic,
    "s3.aws.crossplane.io/Bucket": _classic,
    "pkg.crossplane.io/Configuration": _package,
    "pkg.crossplane.io/ConfigurationRevision": _package_revision,
    "pkg.crossplane.io/Function": _package,
    "pkg.crossplane.io/FunctionRevision": _package_revision,
    "pkg.crossplane.io/Provider": _package,
    "pkg.crossplane.io/ProviderRevision": _package_revision,
    "stacks.crossplane.io/ClusterStackInstall": check(
        Row(_is_stack_ready, HEALTHY), Row(always, PROGRESSING, "Waiting for the stack")
    ),
    "*.crossplane.io/*": _crossplane,
    "*.upbound.io/*": _upbound,
    "*.cnrm.cloud.google.com/*": _config_connector,
    "*.services.k8s.aws/*": _ack,
}
