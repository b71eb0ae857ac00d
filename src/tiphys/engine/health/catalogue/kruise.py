"""OpenKruise: workloads whose roll out can be held at a partition, and jobs.

Source: OpenKruise, "CloneSet", "Advanced StatefulSet", "Advanced DaemonSet", "BroadcastJob",
"AdvancedCronJob", "Rollouts"; OpenKruiseGame, "GameServers lifecycle". A roll out that has reached
its partition waits for a person, as Argo CD has it.
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
    either,
    entries,
    field,
    get,
    missing,
    number,
    present,
    same,
    unless,
)
from tiphys.model.keys import Manifest

_current: Final = same("metadata.generation", "status.observedGeneration")
_starting: Final = Row(
    either(absent("status"), unless(_current)),
    PROGRESSING,
    "Waiting for the latest change to be observed",
)
_ROLLING: Final = "spec.updateStrategy.rollingUpdate"


def _is_held(path: str) -> Claim:
    return Claim(
        lambda live: get(live, path) not in (None, 0) and number(live, "metadata.generation") > 1,
        f"`{path}` is set, not 0, and the object was changed",
    )


def _reached(updated: str, wanted: str, partition: str = "") -> Claim:
    """Claim that enough is updated for a person to look; beyond it where there is a partition."""

    def holds(live: Manifest) -> bool:
        if not partition:
            return number(live, updated) >= number(live, wanted)
        return number(live, updated) > number(live, wanted) - number(live, partition)

    less_partition = f" - `{partition}`" if partition else ""
    return Claim(holds, f"`{updated}` has reached `{wanted}`{less_partition}")


def _held_rollout(stopped: Claim, held: Claim, reached: Claim) -> tuple[Row, ...]:
    return (
        _starting,
        Row(stopped, SUSPENDED, "paused"),
        Row(both(held, reached), SUSPENDED, "the partition is reached"),
        Row(held, PROGRESSING, "{#status.updatedReplicas} replicas are updated"),
    )


_all_available: Final = same("status.updatedAvailableReplicas", "status.replicas")
_replicas: Final = (
    Row(_all_available, HEALTHY),
    Row(always, DEGRADED, "{#status.updatedAvailableReplicas} of {#status.replicas} are available"),
)

_clone_set: Final = check(
    *_held_rollout(
        either(present("spec.updateStrategy.paused"), missing("status.updatedAvailableReplicas")),
        _is_held("spec.updateStrategy.partition"),
        _reached("status.updatedReplicas", "status.expectedUpdatedReplicas"),
    ),
    *_replicas,
)
_stateful_set: Final = check(
    *_held_rollout(
        either(present(f"{_ROLLING}.paused"), missing("status.updatedAvailableReplicas")),
        _is_held(f"{_ROLLING}.partition"),
        _reached("status.updatedReplicas", "status.replicas", f"{_ROLLING}.partition"),
    ),
    *_replicas,
)
_DESIRED: Final = "status.desiredNumberScheduled"
_daemon_set: Final = check(
    *_held_rollout(
        either(present(f"{_ROLLING}.paused"), missing("status.updatedNumberScheduled")),
        _is_held(f"{_ROLLING}.partition"),
        _reached("status.updatedNumberScheduled", _DESIRED, f"{_ROLLING}.partition"),
    ),
    Row(same(_DESIRED, "status.updatedNumberScheduled", "status.numberAvailable"), HEALTHY),
    Row(
        same(_DESIRED, "status.updatedNumberScheduled", "status.numberUnavailable"),
        DEGRADED,
        "no pod is available",
    ),
    Row(always, PROGRESSING, "{#status.numberAvailable} of {#status.desiredNumberScheduled} pods"),
)

_game_server_set: Final = check(
    _starting,
    Row(present(f"{_ROLLING}.paused"), SUSPENDED, "paused"),
    Row(
        both(
            present(f"{_ROLLING}.partition"),
            claim("`status.updatedReplicas` has reached the partition")(
                lambda live: (
                    number(live, "status.updatedReplicas")
                    >= number(live, "status.replicas") - number(live, f"{_ROLLING}.partition")
                )
            ),
        ),
        SUSPENDED,
        "the partition is reached",
    ),
    Row(
        claim("`status.updatedReadyReplicas` = `status.replicas`")(
            lambda live: (
                number(live, "status.updatedReadyReplicas") == number(live, "status.replicas")
            )
        ),
        HEALTHY,
    ),
    Row(always, PROGRESSING, "{#status.readyReplicas} of {#status.replicas} are ready"),
)


@claim("condition `KruisePodReady` of `status.podStatus` is not True")
def _is_pod_unready(live: Manifest) -> bool:
    return any(
        entry.get("type") == "KruisePodReady" and entry.get("status") != "True"
        for entry in entries(live, "status.podStatus.conditions")
    )


_game_server: Final = check(
    Row(absent("status"), UNKNOWN, "no status"),
    Row(
        unless(same("status.currentState", "status.desiredState")),
        PROGRESSING,
        "{status.currentState}",
    ),
    Row(_is_pod_unready, DEGRADED, "the pod is not ready"),
    Row(field("status.currentState", "Ready"), HEALTHY),
    Row(always, UNKNOWN, "{status.currentState}"),
)

_step: Final = "status.canaryStatus.currentStepState"
_rollout: Final = check(
    _starting,
    Row(
        both(field(_step, "StepPaused"), field("status.phase", "Progressing")),
        SUSPENDED,
        "a step waits for a person",
    ),
    Row(both(field(_step, "Completed"), field("status.phase", "Healthy")), HEALTHY),
    Row(
        both(field(_step, "StepPaused"), field("status.phase", "Terminating", "Disabled")),
        DEGRADED,
        "{status.phase}",
    ),
    Row(always, PROGRESSING, "{status.message|status.phase}"),
)

KRUISE: Final[dict[str, Check]] = {
    "apps.kruise.io/AdvancedCronJob": check(
        Row(both(absent("status.lastScheduleTime"), present("spec.paused")), SUSPENDED, "paused"),
        Row(present("status.active"), PROGRESSING, "a job is running"),
        Row(absent("status"), PROGRESSING, "Waiting for status"),
        Row(absent("status.lastScheduleTime"), DEGRADED, "no job was ever started"),
        Row(always, HEALTHY),
    ),
    "apps.kruise.io/BroadcastJob": check(
        Row(
            both(field("status.phase", "completed"), same("status.desired", "status.succeeded")),
            HEALTHY,
        ),
        Row(
            both(field("status.phase", "failed"), unless(field("status.failed", 0))),
            DEGRADED,
            "{#status.failed} pods failed",
        ),
        Row(both(field("status.phase", "paused"), present("spec.paused")), SUSPENDED, "paused"),
        Row(always, PROGRESSING, "{status.phase}"),
    ),
    "apps.kruise.io/CloneSet": _clone_set,
    "apps.kruise.io/DaemonSet": _daemon_set,
    "apps.kruise.io/StatefulSet": _stateful_set,
    "game.kruise.io/GameServer": _game_server,
    "game.kruise.io/GameServerSet": _game_server_set,
    "rollouts.kruise.io/Rollout": _rollout,
}
