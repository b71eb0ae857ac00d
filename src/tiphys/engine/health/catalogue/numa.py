"""Numaflow's pipelines and Numaplane's roll outs of them.

Source: Numaflow, "Pipeline" and "MonoVertex" status; Numaplane, status of its roll outs.
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
    any_condition,
    both,
    check,
    claim,
    condition,
    either,
    field,
    get,
    present,
    same,
    unless,
)
from tiphys.model.keys import Manifest
from tiphys.model.words import HealthStatusCode

_RESULT: Final = "numaplane.numaproj.io/progressive-result-state"
_behind: Final = unless(same("metadata.generation", "status.observedGeneration"))
_waiting: Final = Row(
    either(absent("status"), _behind),
    PROGRESSING,
    "Waiting for the latest change to be observed",
)


@claim(f"label `{_RESULT}` is `failed`")
def _has_failed_upgrade(live: Manifest) -> bool:
    return bool((get(live, "metadata.labels") or {}).get(_RESULT) == "failed")


_pipeline: Final = check(
    _waiting,
    Row(field("status.phase", "Failed"), DEGRADED, "{status.message}"),
    Row(_has_failed_upgrade, DEGRADED, "the progressive upgrade failed"),
    Row(any_condition("False"), DEGRADED, "a condition is False"),
    Row(field("status.phase", "Paused", "Pausing"), HEALTHY, "{status.phase}"),
    Row(field("status.phase", "Running"), HEALTHY, "{status.phase}"),
    Row(always, PROGRESSING, "{status.phase}"),
)

_HEALTHY_CHILDREN: Final = "ChildResourcesHealthy"
_said: Final = f"{{condition:{_HEALTHY_CHILDREN}}}"
_has_failed_progress: Final = condition("ProgressiveUpgradeSucceeded", "False")


def _rollout(
    kind: str, failure: str, *, paused: HealthStatusCode, other: HealthStatusCode
) -> Check:
    return check(
        _waiting,
        Row(
            both(
                either(present("status.upgradeInProgress"), field("status.phase", "Pending")),
                unless(_has_failed_progress),
            ),
            PROGRESSING,
            "an upgrade is in progress",
        ),
        Row(condition(_HEALTHY_CHILDREN, "False", reasons=("Progressing",)), PROGRESSING, _said),
        Row(field("status.phase", "Failed"), DEGRADED, "{status.message}"),
        Row(condition(_HEALTHY_CHILDREN, "False", reasons=(failure, "Degraded")), DEGRADED, _said),
        Row(_has_failed_progress, DEGRADED, "the progressive upgrade failed"),
        Row(condition(f"{kind}PausingOrPaused", "True"), paused, "paused"),
        Row(condition(_HEALTHY_CHILDREN, "True"), HEALTHY, _said),
        Row(always, other, _said),
    )


NUMA: Final[dict[str, Check]] = {
    "numaflow.numaproj.io/InterStepBufferService": _pipeline,
    "numaflow.numaproj.io/MonoVertex": _pipeline,
    "numaflow.numaproj.io/Pipeline": _pipeline,
    "numaflow.numaproj.io/Vertex": _pipeline,
    "numaplane.numaproj.io/ISBServiceRollout": _rollout(
        "ISBService", "ISBSvcFailed", paused=SUSPENDED, other=PROGRESSING
    ),
    "numaplane.numaproj.io/MonoVertexRollout": _rollout(
        "MonoVertex", "MonoVertexFailed", paused=HEALTHY, other=UNKNOWN
    ),
    "numaplane.numaproj.io/NumaflowControllerRollout": _rollout(
        "NumaflowController", "Failed", paused=SUSPENDED, other=UNKNOWN
    ),
    "numaplane.numaproj.io/PipelineRollout": _rollout(
        "Pipeline", "PipelineFailed", paused=SUSPENDED, other=PROGRESSING
    ),
}
