"""What becomes of a simulated pod, by documented rules.

- An image whose name or tag contains `does-not-exist`, `missing` or `broken` cannot be pulled.
- A command of `false`, or with `exit N`, ends with that code; `sleep N` runs for N seconds.
- A pod that restarts Always and has no such command runs and is ready at once.
"""

import re
from typing import Any, NamedTuple

_UNPULLABLE = re.compile(r"does-not-exist|missing|broken|no-such")
_EXIT = re.compile(r"\bexit\s+(\d+)")
_SLEEP = re.compile(r"\bsleep\s+(\d+(?:\.\d+)?)")
READY_AFTER = "sandbox.tiphys.dev/ready-after"
_RUN_S = 0.3


class Fate(NamedTuple):
    """What happens to a container: it waits for a reason, or it runs and ends.

    Attributes:
        waiting: why it cannot start, "" when it can.
        runs_s: how long it runs, in seconds; None for ever.
        exit_code: how it ends.
    """

    waiting: str = ""
    runs_s: float | None = None
    exit_code: int = 0


def fate_of(container: dict[str, Any], *, restarts: bool) -> Fate:
    """Return what happens to a container of a pod."""
    if _UNPULLABLE.search(str(container.get("image", ""))):
        return Fate(waiting="ImagePullBackOff")
    words = [str(w) for w in (container.get("command") or []) + (container.get("args") or [])]
    text = " ".join(words)
    slept = _SLEEP.search(text)
    ended = _EXIT.search(text)
    code = int(ended[1]) if ended else 1 if words and words[-1] == "false" else 0
    if slept and not restarts:
        return Fate(runs_s=float(slept[1]), exit_code=code)
    if restarts and code:
        return Fate(waiting="CrashLoopBackOff", exit_code=code)
    return Fate() if restarts else Fate(runs_s=_RUN_S, exit_code=code)


def pod_status(pod: dict[str, Any], age_s: float, now: str) -> tuple[dict[str, Any], float | None]:
    """Return the status of a pod of some age, and the seconds until it changes again."""
    spec, metadata = pod.get("spec") or {}, pod["metadata"]
    restarts = spec.get("restartPolicy", "Always") == "Always"
    containers = spec.get("containers") or []
    fates = [fate_of(container, restarts=restarts) for container in containers]
    ready_after = _seconds((metadata.get("annotations") or {}).get(READY_AFTER, ""))
    is_ready = age_s >= ready_after
    left = None if is_ready else ready_after - age_s
    statuses = []
    for container, fate in zip(containers, fates, strict=True):
        state, next_s = _state(fate, age_s, now)
        if next_s is not None:
            left = next_s if left is None else min(left, next_s)
        runs = "running" in state
        statuses.append(
            {
                "name": container["name"],
                "image": container.get("image", ""),
                "imageID": "",
                "ready": runs and is_ready,
                "started": runs,
                "restartCount": 2 if fate.waiting == "CrashLoopBackOff" else 0,
                "state": state,
                "lastState": {},
            }
        )
    phase = _phase(statuses)
    ready = bool(statuses) and all(status["ready"] for status in statuses)
    before = {c["type"]: c for c in (pod.get("status") or {}).get("conditions") or []}
    conditions = [
        _condition("PodScheduled", "True", before, now),
        _condition("Ready", "True" if ready else "False", before, now),
    ]
    status = {
        "phase": phase,
        "qosClass": "BestEffort",
        "conditions": conditions,
        "containerStatuses": statuses,
        "hostIP": "192.0.2.1",
        "podIP": "10.244.0.10",
        "podIPs": [{"ip": "10.244.0.10"}],
        "startTime": metadata.get("creationTimestamp", now),
    }
    return status, left


def _state(fate: Fate, age_s: float, now: str) -> tuple[dict[str, Any], float | None]:
    if fate.waiting:
        text = f"simulated: {fate.waiting}"
        return {"waiting": {"reason": fate.waiting, "message": text}}, None
    if fate.runs_s is None or age_s < fate.runs_s:
        left = None if fate.runs_s is None else fate.runs_s - age_s
        return {"running": {"startedAt": now}}, left
    reason = "Completed" if fate.exit_code == 0 else "Error"
    ended = {"exitCode": fate.exit_code, "reason": reason, "finishedAt": now, "startedAt": now}
    return {"terminated": ended}, None


def _phase(statuses: list[dict[str, Any]]) -> str:
    states = [status["state"] for status in statuses]
    if any("waiting" in s and s["waiting"]["reason"] == "ImagePullBackOff" for s in states):
        return "Pending"
    if states and all("terminated" in state for state in states):
        failed = any(state["terminated"]["exitCode"] for state in states)
        return "Failed" if failed else "Succeeded"
    return "Running"


def _condition(kind: str, status: str, before: dict[str, Any], now: str) -> dict[str, str]:
    known = before.get(kind)
    if known is not None and known.get("status") == status:
        return dict(known)
    return {"type": kind, "status": status, "lastTransitionTime": now}


def _seconds(text: str) -> float:
    digits = text.removesuffix("s")
    return float(digits) if digits.replace(".", "", 1).isdigit() else 0.0
