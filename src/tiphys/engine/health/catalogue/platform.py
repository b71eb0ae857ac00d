"""Clusters, nodes, storage, backups, monitoring, and the rest of a platform.

Source: the status documentation of each project.
"""

from typing import Final

from tiphys.engine.health.catalogue.clusters import CLUSTERS
from tiphys.engine.health.catalogue.threescale import THREESCALE
from tiphys.engine.health.rules import (
    DEGRADED,
    HEALTHY,
    MISSING,
    PROGRESSING,
    SUSPENDED,
    UNKNOWN,
    Check,
    Row,
    Said,
    always,
    any_condition,
    both,
    check,
    condition,
    either,
    field,
    get,
    in_order,
    missing,
    present,
    unless,
)
from tiphys.engine.health.shapes import ready, words
from tiphys.model.application import HealthStatus
from tiphys.model.keys import Manifest

_CEPH: Final = {"HEALTH_OK": HEALTHY, "HEALTH_WARN": DEGRADED, "HEALTH_ERR": DEGRADED}
_CEPH_STATE: Final = {"Created": HEALTHY, "Connected": HEALTHY, "Error": DEGRADED}


def _ceph_cluster(live: Manifest) -> HealthStatus:
    """Ceph's own health decides: a warning is Degraded; only then the state of the cluster."""
    ceph = get(live, "status.ceph.health")
    status = _CEPH.get(str(ceph), PROGRESSING)
    state = get(live, "status.state")
    if status is HEALTHY and state is not None:
        status = _CEPH_STATE.get(str(state), PROGRESSING)
    said = (ceph, *_ceph_details(live), state, get(live, "status.message"))
    return HealthStatus(status=status, message=" - ".join(str(text) for text in said if text))


def _ceph_details(live: Manifest) -> list[str]:
    details = get(live, "status.ceph.details") or {}
    return [str(get(details[kind], "message") or kind) for kind in sorted(details)]


_FAILED_BACKUP: Final = (
    "FailedValidation",
    "Failed",
    "PartiallyFailed",
    "WaitingForPluginOperationsPartiallyFailed",
    "FinalizingPartiallyFailed",
)
_velero: Final = words(
    "status.phase",
    {HEALTHY: ("Completed",), DEGRADED: _FAILED_BACKUP},
    message="{status.failureReason|status.phase}",
)

_prometheus: Final = check(
    Row(condition("Available", "True"), HEALTHY),
    Row(condition("Available", reasons=("SomePodsNotReady",)), PROGRESSING, "SomePodsNotReady"),
    Row(condition("Available"), DEGRADED, "{condition:Available|reason:Available}"),
    Row(always, PROGRESSING, "Waiting for condition Available"),
)

_POLARITY: Final = "FolderUIDMismatch"  # the one condition of which True is bad
_grafana_said: Final = check(
    Row(any_condition("False", but=(_POLARITY,)), DEGRADED, "a condition is False"),
    Row(condition(_POLARITY, "True"), DEGRADED, f"{{condition:{_POLARITY}}}"),
    Row(any_condition("True"), HEALTHY),
    Row(always, PROGRESSING, "Waiting for status"),
)
_grafana: Final = check(
    Row(field("status.stageStatus", None), PROGRESSING, "Waiting for status"),
    Row(field("status.stageStatus", "failed"), DEGRADED, "failed at stage {status.stage}"),
    Row(both(field("status.stage", "complete"), field("status.stageStatus", "success")), HEALTHY),
    Row(always, PROGRESSING, "{status.stage}"),
)

_REPLICAS: Final = "status.scale.statusReplicas"


def _collector(live: Manifest) -> HealthStatus | None:
    """`status.scale.statusReplicas` decides: none ready is Degraded, all ready is Healthy."""
    mode = get(live, "spec.mode")
    text = str(get(live, _REPLICAS) or "")
    ready_count, slash, total = text.partition("/")
    if not text and mode == "sidecar" and get(live, "status") is not None:
        return HealthStatus(status=HEALTHY, message="runs as a sidecar")
    if not (slash and ready_count.isdecimal() and total.isdecimal()):
        return HealthStatus(status=PROGRESSING, message="Waiting for the replicas")
    message = f"{ready_count} of {total} replicas are ready"
    if int(ready_count) == 0 and not (mode == "daemonset" and int(total) == 0):
        return HealthStatus(status=DEGRADED, message=message)
    status = HEALTHY if int(ready_count) == int(total) else PROGRESSING
    return HealthStatus(status=status, message=message)


_nmstate_policy: Final = check(
    in_order(
        Said("Available", "True", HEALTHY),
        Said("Degraded", "True", DEGRADED),
        Said("Progressing", "True", PROGRESSING),
        Said("Ignored", "True", SUSPENDED),
    ),
    Row(always, PROGRESSING, "Waiting for the policy to be applied"),
)
_nmstate_enactment: Final = check(
    Row(
        both(condition("Failing", "True"), condition("Progressing", "True")),
        PROGRESSING,
        "{condition:Failing|reason:Failing}",
    ),
    in_order(
        Said("Available", "True", HEALTHY),
        Said("Failing", "True", DEGRADED),
        Said("Progressing", "True", PROGRESSING),
        Said("Pending", "True", PROGRESSING),
        Said("Aborted", "True", SUSPENDED),
    ),
    Row(always, PROGRESSING, "Waiting for the enactment"),
)

_HUMIO: Final = words(
    "status.state",
    {
        HEALTHY: ("Exists",),
        MISSING: ("NotFound",),
        DEGRADED: ("ConfigError",),
        UNKNOWN: ("Unknown",),
    },
)
_APIGEE: Final = words("status.state", {HEALTHY: ("running",)})
_PHASES: Final = {HEALTHY: ("Ready",), DEGRADED: ("Failure", "Error")}
_ASTRA: Final = {HEALTHY: ("Completed",), PROGRESSING: ("Running",)}

KINDS: Final[dict[str, Check]] = {
    **CLUSTERS,
    **THREESCALE,
    "apigee.cloud.google.com/*": _APIGEE,
    "astra.netapp.io/AppVault": words(
        "status.state", {HEALTHY: ("available", "Available"), DEGRADED: ("failed", "Failed")}
    ),
    "astra.netapp.io/Application": ready(),
    "astra.netapp.io/ExecHook": check(
        Row(field("spec.enabled", True), HEALTHY),
        Row(field("spec.enabled", False), SUSPENDED, "disabled"),
        Row(always, PROGRESSING),
    ),
    "astra.netapp.io/Schedule": check(Row(always, HEALTHY, "{status.lastScheduleTime}")),
    "astra.netapp.io/*": words("status.state", _ASTRA, other=DEGRADED),
    "ceph.rook.io/CephCluster": _ceph_cluster,
    "ceph.rook.io/*": words("status.phase", _PHASES),
    "coralogix.com/*": ready("RemoteSynced"),
    "core.humio.com/HumioCluster": words(
        "status.state",
        {HEALTHY: ("Running",), DEGRADED: ("ConfigError",), UNKNOWN: ("Unknown",)},
        message="{status.message|status.state}",
    ),
    "core.humio.com/*": _HUMIO,
    "datadoghq.com/DatadogMetric": check(
        Row(condition("Error", "True"), DEGRADED, "{condition:Error|reason:Error}"),
        Row(condition("Valid", "False"), DEGRADED, "{condition:Valid|reason:Valid}"),
        Row(always, HEALTHY),
    ),
    "grafana.integreatly.org/Grafana": _grafana,
    "grafana.integreatly.org/GrafanaDashboard": _grafana_said,
    "grafana.integreatly.org/GrafanaDatasource": check(
        Row(either(missing("status"), field("status.uid", "")), PROGRESSING, "Waiting for a uid"),
        Row(present("status.NoMatchingInstances"), DEGRADED, "no Grafana matches"),
        Row(always, HEALTHY),
    ),
    "grafana.integreatly.org/GrafanaFolder": _grafana_said,
    "jaegertracing.io/Jaeger": words(
        "status.phase", {HEALTHY: ("Running",), DEGRADED: ("Failed",)}
    ),
    "monitoring.coreos.com/Alertmanager": _prometheus,
    "monitoring.coreos.com/Prometheus": _prometheus,
    "monitoring.coreos.com/ThanosRuler": _prometheus,
    "nmstate.io/NodeNetworkConfigurationEnactment": _nmstate_enactment,
    "nmstate.io/NodeNetworkConfigurationPolicy": _nmstate_policy,
    "objectbucket.io/ObjectBucketClaim": words(
        "status.phase", {HEALTHY: ("Bound",), DEGRADED: ("Failed",)}
    ),
    "ocs.openshift.io/StorageCluster": check(
        in_order(
            Said("Degraded", "True", DEGRADED),
            Said("Progressing", "False", PROGRESSING),
            Said("Upgradeable", "True", HEALTHY),
            Said("Available", "True", HEALTHY),
        ),
        Row(always, PROGRESSING, "Waiting for status"),
    ),
    "opentelemetry.io/OpenTelemetryCollector": _collector,
    "snapshot.storage.k8s.io/*": check(
        Row(present("status.readyToUse"), HEALTHY),
        Row(unless(missing("status.error")), DEGRADED, "{status.error.message}"),
        Row(always, PROGRESSING, "Waiting for the snapshot"),
    ),
    "trident.netapp.io/TridentBackendConfig": check(
        Row(
            both(field("status.phase", "Bound"), field("status.lastOperationStatus", "Success")),
            HEALTHY,
            "{status.message}",
        ),
        Row(field("status.lastOperationStatus", "Failed"), DEGRADED, "{status.message}"),
        Row(always, PROGRESSING, "Waiting for the backend"),
    ),
    "trident.netapp.io/TridentOrchestrator": words(
        "status.status",
        {HEALTHY: ("Installed",), DEGRADED: ("Failed", "Error")},
        message="{status.message|status.status}",
    ),
    "velero.io/Backup": _velero,
    "velero.io/Restore": _velero,
    "velero.io/Schedule": words(
        "status.phase", {HEALTHY: ("Enabled",), DEGRADED: ("FailedValidation",)}
    ),
}
