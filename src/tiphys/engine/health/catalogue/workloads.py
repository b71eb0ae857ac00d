"""Workloads that are not Kubernetes' own: OpenKruise, Knative, KEDA, KubeVirt, Spark, Flink, ...

Source: the status documentation of each project.
"""

from typing import Final

from tiphys.engine.health.catalogue.kruise import KRUISE
from tiphys.engine.health.catalogue.numa import NUMA
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
    claim,
    condition,
    conditions_of,
    either,
    field,
    find_condition,
    get,
    in_order,
    missing,
    number,
    present,
    unless,
)
from tiphys.engine.health.shapes import STALE, ready
from tiphys.model.keys import Manifest

_no_status: Final = Row(missing("status.conditions"), PROGRESSING, "Waiting for status")


def _all_true(*types: str) -> Row:
    return Row(both(*(condition(type_, "True") for type_ in types)), HEALTHY)


_knative_service: Final = check(
    Row(any_condition("False"), DEGRADED, "{condition:Ready|reason:Ready}"),
    Row(any_condition("Unknown"), PROGRESSING, "{condition:Ready|reason:Ready}"),
    _all_true("ConfigurationsReady", "RoutesReady", "Ready"),
    Row(always, PROGRESSING, "Waiting for status"),
)
_TRANSITION: Final = "status.modelStatus.transitionStatus"
_inference_service: Final = check(
    Row(condition("Stopped", "True"), SUSPENDED, "stopped"),
    # Stopped is the one condition of which False is good.
    Row(any_condition("False", but=("Stopped",)), DEGRADED, "{condition:Ready|reason:Ready}"),
    Row(any_condition("Unknown"), PROGRESSING, "{condition:Ready|reason:Ready}"),
    Row(field(_TRANSITION, "BlockedByFailedLoad", "InvalidSpec"), DEGRADED, f"{{{_TRANSITION}}}"),
    Row(field(_TRANSITION, "InProgress"), PROGRESSING, f"{{{_TRANSITION}}}"),
    Row(condition("Ready", "True"), HEALTHY),
    Row(always, PROGRESSING, "Waiting for status"),
)


@claim("a condition has reason `Stopped`")
def _is_stopped(live: Manifest) -> bool:
    return any(entry.get("reason") == "Stopped" for entry in conditions_of(live))


_llm_inference_service: Final = check(STALE, Row(_is_stopped, SUSPENDED, "stopped"), *ready().parts)

_INSTALLED: Final = ("DependenciesInstalled", "DeploymentsAvailable", "InstallSucceeded", "Ready")
_knative_serving: Final = check(
    _no_status,
    Row(condition("DeploymentsAvailable", "False"), PROGRESSING, "{condition:Ready}"),
    Row(condition("Ready", "False"), PROGRESSING, "{condition:Ready}"),
    Row(any_condition("Unknown"), PROGRESSING, "{condition:Ready}"),
    _all_true(*_INSTALLED),
    Row(always, DEGRADED, "{condition:Ready|reason:Ready}"),
)
_knative_eventing: Final = check(
    _no_status,
    Row(condition("Ready", "False"), PROGRESSING, "{condition:Ready}"),
    Row(any_condition("Unknown"), PROGRESSING, "{condition:Ready}"),
    _all_true("InstallSucceeded", "Ready"),
    Row(always, DEGRADED, "{condition:Ready|reason:Ready}"),
)

_is_ready: Final = condition("Ready", "True")
_is_paused: Final = condition("Paused", "True")
_scaled_object: Final = check(
    Row(condition("Ready", "False"), DEGRADED, "{condition:Ready}"),
    Row(condition("Fallback", "True"), DEGRADED, "{condition:Fallback}"),
    Row(both(_is_ready, _is_paused), SUSPENDED, "{condition:Paused}"),
    Row(_is_ready, HEALTHY, "{condition:Ready}"),
    Row(always, PROGRESSING, "Waiting for condition Ready"),
)
_scaled_job: Final = check(
    Row(condition("Ready", "False", "Unknown"), DEGRADED, "{condition:Ready}"),
    Row(both(_is_ready, _is_paused), SUSPENDED, "{condition:Paused}"),
    Row(_is_ready, HEALTHY, "{condition:Ready}"),
    Row(always, PROGRESSING, "Waiting for condition Ready"),
)

_virtual_machine: Final = check(
    Row(_is_paused, SUSPENDED, "{status.printableStatus|condition:Paused}"),
    Row(_is_ready, HEALTHY, "{status.printableStatus}"),
    Row(
        both(condition("Ready"), present("status.created")), PROGRESSING, "{status.printableStatus}"
    ),
    Row(condition("Ready"), SUSPENDED, "{status.printableStatus}"),
    Row(field("status.printableStatus", "Stopped"), SUSPENDED, "{status.printableStatus}"),
    Row(always, PROGRESSING, "{status.printableStatus}"),
)
_virtual_machine_instance: Final = check(
    Row(field("status.phase", "Failed"), DEGRADED, "{status.phase}"),
    Row(field("status.phase", "Pending", "Scheduling", "Scheduled"), PROGRESSING, "{status.phase}"),
    Row(field("status.phase", "Succeeded"), SUSPENDED, "{status.phase}"),
    Row(field("status.phase", "Unknown"), UNKNOWN, "{status.phase}"),
    Row(_is_paused, SUSPENDED, "{condition:Paused}"),
    Row(_is_ready, HEALTHY, "{status.phase}"),
    Row(condition("Ready"), DEGRADED, "{condition:Ready}"),
    Row(always, PROGRESSING, "{status.phase}"),
)
_data_volume: Final = check(
    Row(field("status.phase", "Succeeded"), HEALTHY, "{status.phase}"),
    Row(field("status.phase", "Paused"), SUSPENDED, "{status.phase}"),
    Row(condition("Running", "False", reasons=("Error",)), DEGRADED, "{condition:Running}"),
    Row(field("status.phase", "Failed", "Unknown"), DEGRADED, "{status.phase}"),
    Row(always, PROGRESSING, "{status.phase}"),
)

_STATE: Final = "status.applicationState.state"
_SPARK_MESSAGE: Final = "{status.applicationState.errorMessage|status.applicationState.state}"


@claim("as many executors as `spec.executor.instances` are `RUNNING`")
def _runs_all_executors(live: Manifest) -> bool:
    states = get(live, "status.executorState")
    if states is None:
        return False
    running = sum(state == "RUNNING" for state in states.values())
    return bool(running == get(live, "spec.executor.instances"))


_spark: Final = check(
    Row(both(field(_STATE, "RUNNING"), _runs_all_executors), HEALTHY),
    Row(field(_STATE, "COMPLETED"), HEALTHY),
    Row(field(_STATE, "FAILED", "SUBMISSION_FAILED", "FAILING"), DEGRADED, _SPARK_MESSAGE),
    Row(field(_STATE, "INVALIDATING"), MISSING, _SPARK_MESSAGE),
    Row(always, PROGRESSING, _SPARK_MESSAGE),
)

_JOB_MANAGER: Final = "status.jobManagerDeploymentStatus"
_flink: Final = check(
    Row(
        either(
            present("status.reconciliationStatus.success"),
            field("status.reconciliationStatus.state", "DEPLOYED"),
        ),
        HEALTHY,
    ),
    Row(
        both(present("status.reconciliationStatus"), field(_JOB_MANAGER, "ERROR")),
        DEGRADED,
        "{status.reconciliationStatus.error|status.error}",
    ),
    Row(always, PROGRESSING, f"{{{_JOB_MANAGER}}}"),
)
_BLUE_GREEN: Final = field("status.blueGreenState", "ACTIVE_BLUE", "ACTIVE_GREEN")
_flink_blue_green: Final = check(
    Row(field("status.reconciliationStatus.state", "ROLLING_BACK"), PROGRESSING, "rolling back"),
    Row(field("status.reconciliationStatus.state", "ROLLED_BACK"), DEGRADED, "{status.error}"),
    Row(
        both(_BLUE_GREEN, field("status.jobStatus.state", "RESTARTING")),
        DEGRADED,
        "the job keeps restarting",
    ),
    Row(_BLUE_GREEN, HEALTHY, "{status.blueGreenState}"),
    Row(always, PROGRESSING, "{status.blueGreenState}"),
)
_flink_session_job: Final = check(
    Row(
        field("status.jobStatus.state", "RUNNING", "FINISHED"), HEALTHY, "{status.jobStatus.state}"
    ),
    Row(field("status.jobStatus.state", "RECONCILING", "CREATED"), PROGRESSING),
    Row(field("status.jobStatus.state", "SUSPENDED", "CANCELED"), SUSPENDED),
    Row(field("status.jobStatus.state", "FAILED"), DEGRADED, "{status.error}"),
    Row(present("status.error"), DEGRADED, "{status.error}"),
    Row(always, PROGRESSING, "Waiting for the job"),
)

_is_available: Final = condition("Available", "True")
_is_rolled_out: Final = condition(
    "Progressing", "True", reasons=("NewReplicationControllerAvailable",)
)
_deployment_config: Final = check(
    _no_status,
    Row(missing("status.replicas"), PROGRESSING, "Waiting for status"),
    Row(either(field("status.replicas", 0), both(_is_available, _is_rolled_out)), HEALTHY),
    Row(
        either(_is_available, _is_rolled_out),
        PROGRESSING,
        "{condition:Available|condition:Progressing}",
    ),
    Row(always, DEGRADED, "{condition:Available|condition:Progressing}"),
)


@claim("`status.readyReplicas` < `spec.replicas` (1 when absent)")
def _lacks_ready(live: Manifest) -> bool:
    wanted = get(live, "spec.replicas")
    return number(live, "status.readyReplicas") < (1 if wanted is None else wanted)


@claim("condition `Progressing` is False for a timeout or a failure")
def _has_spin_app_failed(live: Manifest) -> bool:
    entry = find_condition(live, "Progressing") or {}
    message = str(entry.get("message") or "").lower()
    return entry.get("status") == "False" and (
        entry.get("reason") == "ProgressDeadlineExceeded"
        or any(word in message for word in ("timeout", "failed"))
    )


_spin_app: Final = check(
    Row(missing("status"), PROGRESSING, "Waiting for status"),
    Row(_has_spin_app_failed, DEGRADED, "{condition:Progressing|reason:Progressing}"),
    Row(unless(condition("Available", "True")), DEGRADED, "{condition:Available}"),
    Row(_lacks_ready, PROGRESSING, "{#status.readyReplicas} replicas are ready"),
    Row(condition("Progressing", "True"), PROGRESSING, "{condition:Progressing}"),
    Row(always, HEALTHY),
)

KINDS: Final[dict[str, Check]] = {
    **KRUISE,
    **NUMA,
    "apps.openshift.io/DeploymentConfig": _deployment_config,
    "autoscaling.k8s.io/VerticalPodAutoscaler": check(
        Row(condition("NoPodsMatched", "True"), DEGRADED, "{condition:NoPodsMatched}"),
        Row(condition("RecommendationProvided", "True"), HEALTHY),
        Row(always, PROGRESSING, "Waiting for a recommendation"),
    ),
    "camel.apache.org/Integration": ready(),
    "cdi.kubevirt.io/DataVolume": _data_volume,
    "core.spinkube.dev/SpinApp": _spin_app,
    "eventing.knative.dev/Broker": ready(is_observed=True),
    "eventing.knative.dev/Trigger": ready(is_observed=True),
    "flink.apache.org/FlinkBlueGreenDeployment": _flink_blue_green,
    "flink.apache.org/FlinkDeployment": _flink,
    "flink.apache.org/FlinkSessionJob": _flink_session_job,
    "keda.sh/ScaledJob": _scaled_job,
    "keda.sh/ScaledObject": _scaled_object,
    "kubevirt.io/VirtualMachine": _virtual_machine,
    "kubevirt.io/VirtualMachineInstance": _virtual_machine_instance,
    "openfaas.com/Function": check(
        in_order(Said("Ready", "False", DEGRADED), Said("Stalled", "True", DEGRADED)),
        Row(both(_is_ready, present("status.replicas")), HEALTHY, "{condition:Ready}"),
        Row(_is_ready, SUSPENDED, "scaled to 0 replicas"),
        Row(always, PROGRESSING, "Waiting for condition Ready"),
    ),
    "operator.knative.dev/KnativeEventing": _knative_eventing,
    "operator.knative.dev/KnativeServing": _knative_serving,
    "serving.knative.dev/Configuration": ready(is_observed=True),
    "serving.knative.dev/Route": ready(is_observed=True),
    "serving.knative.dev/Service": _knative_service,
    "serving.kserve.io/InferenceService": _inference_service,
    "serving.kserve.io/LLMInferenceService": _llm_inference_service,
    "sparkoperator.k8s.io/SparkApplication": _spark,
}
