"""Health of an Argo Rollout, of versions that report a phase and of those before.

Source: Argo Rollouts, "Rollout specification" and release notes: since 1.0 `status.phase` says all;
since 0.10 `observedGeneration` is a number (before, a hash of the spec); since 0.8 `stableRS` lies
in the status itself; since 1.1 a Rollout can follow the workload that it refers to.
"""

from typing import Final

from tiphys.engine.health.rules import (
    DEGRADED,
    HEALTHY,
    PROGRESSING,
    SUSPENDED,
    Row,
    absent,
    both,
    check,
    claim,
    condition,
    either,
    entries,
    field,
    get,
    less,
    number,
    present,
)
from tiphys.model.keys import Manifest

_WORKLOAD_GENERATION: Final = "rollout.argoproj.io/workload-generation"


def _as_number(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isdecimal() else None


@claim("`status.observedGeneration` is not `metadata.generation`")
def _is_behind(live: Manifest) -> bool:
    if not live.get("status"):
        return True
    observed = _as_number(get(live, "status.observedGeneration"))
    generation = number(live, "metadata.generation")
    # A hash of digits alone cannot be told from a number, but is far above any generation.
    return observed is not None and observed < generation


@claim("the referenced workload's generation is not `status.workloadObservedGeneration`")
def _is_behind_workload(live: Manifest) -> bool:
    annotations = get(live, "metadata.annotations")
    if not get(live, "spec.workloadRef") or not annotations:
        return False
    generation = _as_number(annotations.get(_WORKLOAD_GENERATION))
    return generation != _as_number(get(live, "status.workloadObservedGeneration"))


@claim("`spec.paused` or `status.pauseConditions` is set")
def _is_paused(live: Manifest) -> bool:
    return bool(get(live, "spec.paused") or entries(live, "status.pauseConditions"))


@claim("`status.updatedReplicas` < `spec.replicas` (1 when absent)")
def _lacks_updated(live: Manifest) -> bool:
    wanted = get(live, "spec.replicas")
    return number(live, "status.updatedReplicas") < (1 if wanted is None else wanted)


def _is_stable(live: Manifest) -> bool:
    stable = get(live, "status.stableRS") or get(live, "status.canary.stableRS")
    return bool(stable == get(live, "status.currentPodHash"))


@claim("the stable ReplicaSet is not the current one")
def _is_not_stable(live: Manifest) -> bool:
    return not _is_stable(live)


@claim("`status.stableRS` is another ReplicaSet")
def _waits_for_analysis(live: Manifest) -> bool:
    return bool(get(live, "status.stableRS")) and not _is_stable(live)


@claim("the active Service does not select the current ReplicaSet")
def _is_not_cut_over(live: Manifest) -> bool:
    active = get(live, "status.blueGreen.activeSelector")
    return bool(active != get(live, "status.currentPodHash"))


_is_blue_green: Final = present("spec.strategy.blueGreen")
_is_canary: Final = present("spec.strategy.canary")

rollout: Final = check(
    Row(
        either(_is_behind, _is_behind_workload),
        PROGRESSING,
        "Waiting for the latest change to be observed",
    ),
    Row(field("status.phase", "Healthy"), HEALTHY, "{status.message}"),
    Row(field("status.phase", "Degraded"), DEGRADED, "{status.message}"),
    Row(field("status.phase", "Paused"), SUSPENDED, "{status.message}"),
    Row(present("status.phase"), PROGRESSING, "{status.message}"),
    Row(condition("InvalidSpec"), DEGRADED, "{condition:InvalidSpec}"),
    Row(
        condition("Progressing", reasons=("RolloutAborted", "ProgressDeadlineExceeded")),
        DEGRADED,
        "{condition:Progressing|reason:Progressing}",
    ),
    Row(_is_paused, SUSPENDED, "paused"),
    Row(absent("status.currentPodHash"), PROGRESSING, "Waiting for the rollout to start"),
    Row(_lacks_updated, PROGRESSING, "{#status.updatedReplicas} replicas are updated"),
    Row(
        less("status.availableReplicas", "status.updatedReplicas"),
        PROGRESSING,
        "{#status.availableReplicas} of {#status.updatedReplicas} updated replicas are available",
    ),
    Row(both(_is_blue_green, _is_not_cut_over), PROGRESSING, "Waiting for the active Service"),
    Row(both(_is_blue_green, _waits_for_analysis), PROGRESSING, "Waiting for the analysis"),
    Row(
        both(_is_canary, less("status.updatedReplicas", "status.replicas")),
        PROGRESSING,
        "{status.replicas - status.updatedReplicas} old replicas are still there",
    ),
    Row(both(_is_canary, _is_not_stable), PROGRESSING, "Waiting for the steps of the rollout"),
    Row(present("status"), HEALTHY),
)
