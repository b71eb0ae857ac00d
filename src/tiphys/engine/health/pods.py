"""Health of Pods, and of HorizontalPodAutoscalers, which no table expresses well.

Source: Argo CD operator manual, "Resource Health"; core/v1 PodStatus; autoscaling/v2
HorizontalPodAutoscalerCondition. A Pod that does not restart is taken for a task: it is done when
it has succeeded, and progresses as long as it runs.
"""

from collections.abc import Iterable
from typing import Any, Final

import orjson

from tiphys.engine.health.rules import (
    DEGRADED,
    HEALTHY,
    PROGRESSING,
    UNKNOWN,
    conditions_of,
    find_condition,
    get,
)
from tiphys.model.application import HealthStatus
from tiphys.model.keys import Manifest
from tiphys.model.labels import HELM_HOOK, HOOK, IGNORE_RESTART_POLICY
from tiphys.model.words import HealthStatusCode

_HPA_CONDITIONS: Final = "autoscaling.alpha.kubernetes.io/conditions"
_HPA_FAILURES: Final = {
    "AbleToScale": frozenset({"FailedGetScale", "FailedUpdateScale"}),
    "ScalingActive": frozenset(
        {
            "FailedComputeMetricsReplicas",
            "FailedGetExternalMetric",
            "FailedGetObjectMetric",
            "FailedGetPodsMetric",
            "FailedGetResourceMetric",
            "InvalidSelector",
        }
    ),
}
_HPA_SUCCESSES: Final = frozenset({"AbleToScale", "ScalingLimited"})


def pod(live: Manifest) -> HealthStatus:
    """Return Degraded for a container that fails to start, else what phase and readiness say."""
    if _restarts(live):
        waiting = _waiting_messages(live)
        if waiting is not None:
            return HealthStatus(status=DEGRADED, message=waiting)
    message = str(get(live, "status.message") or "")
    phase = get(live, "status.phase")
    if phase == "Failed":
        return HealthStatus(status=DEGRADED, message=message or _failure(live))
    return HealthStatus(status=_phase_health(phase, live), message=message)


def _phase_health(phase: Any, live: Manifest) -> HealthStatusCode:
    if phase == "Running":
        return _running_health(live)
    return {"Pending": PROGRESSING, "Succeeded": HEALTHY}.get(phase, UNKNOWN)


def _running_health(live: Manifest) -> HealthStatusCode:
    if not _restarts(live):
        return PROGRESSING
    ready = find_condition(live, "Ready")
    if ready is not None and ready.get("status") == "True":
        return HEALTHY
    has_crashed = any(get(status, "lastState.terminated") for status in _containers(live))
    return DEGRADED if has_crashed else PROGRESSING


def _restarts(live: Manifest) -> bool:
    if get(live, "spec.restartPolicy") in {None, "Always"}:
        return True
    annotations = (live.get("metadata") or {}).get("annotations") or {}
    is_hook = HOOK in annotations or HELM_HOOK in annotations
    return annotations.get(IGNORE_RESTART_POLICY) == "true" and not is_hook


def _containers(live: Manifest) -> list[Manifest]:
    return get(live, "status.containerStatuses") or []


def _waiting_messages(live: Manifest) -> str | None:
    """Return what failing containers wait for, None when none of them fails."""
    waiting = [get(status, "state.waiting") or {} for status in _containers(live)]
    failing = [entry for entry in waiting if _is_failure(str(entry.get("reason") or ""))]
    if not failing:
        return None
    return ", ".join(str(entry.get("message") or "") for entry in failing)


def _is_failure(reason: str) -> bool:
    return reason.startswith("Err") or reason.endswith(("Error", "BackOff"))


def _failure(live: Manifest) -> str:
    """Return why the first container that failed did so."""
    containers = [*(get(live, "status.initContainerStatuses") or []), *_containers(live)]
    return next(filter(None, map(_container_failure, containers)), "")


def _container_failure(status: Manifest) -> str:
    terminated = get(status, "state.terminated") or {}
    if terminated.get("message"):
        return str(terminated["message"])
    if terminated.get("reason") == "OOMKilled":
        return "OOMKilled"
    if terminated.get("exitCode"):
        name, code = status.get("name"), terminated["exitCode"]
        return f'container "{name}" failed with exit code {code}'
    return ""


def horizontal_pod_autoscaler(live: Manifest) -> HealthStatus:
    """Return Degraded for metrics that cannot be had, Healthy where it can scale or is at a limit.

    Version 1 keeps the conditions in an annotation.
    """
    conditions = conditions_of(live)
    if live.get("apiVersion") == "autoscaling/v1":
        conditions = _annotated_conditions(live)
    failed = _first(entry for entry in conditions if _is_hpa_failure(entry))
    if failed is not None:
        return HealthStatus(status=DEGRADED, message=str(failed.get("message") or ""))
    working = _first(
        entry
        for entry in conditions
        if entry.get("type") in _HPA_SUCCESSES and entry.get("status") == "True"
    )
    if working is not None:
        return HealthStatus(status=HEALTHY, message=str(working.get("message") or ""))
    return HealthStatus(status=PROGRESSING, message="Waiting to Autoscale")


def _is_hpa_failure(entry: Manifest) -> bool:
    return entry.get("reason") in _HPA_FAILURES.get(str(entry.get("type")), ())


def _annotated_conditions(live: Manifest) -> list[Manifest]:
    annotations = (live.get("metadata") or {}).get("annotations") or {}
    try:
        entries = orjson.loads(annotations.get(_HPA_CONDITIONS) or "[]")
    except orjson.JSONDecodeError:
        return []
    return [entry for entry in entries if isinstance(entry, dict)]


def _first(entries: Iterable[Manifest]) -> Manifest | None:
    return next(iter(entries), None)
