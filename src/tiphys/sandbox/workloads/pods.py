"""What becomes of a simulated pod, by documented rules.

- An image whose name or tag contains `does-not-exist`, `missing` or `broken` cannot be pulled.
- A command of `false`, or with `exit N`, ends with that code; `sleep N` runs for N seconds.
- A pod that restarts Always and has no such command runs and is ready at once.
- Init containers run one after the other; when one fails, the pod has failed.
"""

import re
import zlib
from typing import Any, NamedTuple

from tiphys.sandbox.workloads.cluster import PODS, Cluster, Manifest, seconds_since

_UNPULLABLE = re.compile(r"does-not-exist|missing|broken|no-such")
_EXIT = re.compile(r"\bexit\s+(\d+)")
_SLEEP = re.compile(r"\bsleep\s+(\d+(?:\.\d+)?)")
READY_AFTER = "sandbox.tiphys.dev/ready-after"
_RUN_S = 0.3
_TIMES = ("Time", "startedAt", "finishedAt")


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


def step(cluster: Cluster, found: Manifest) -> float | None:
    """Report what a pod is at its age; return the seconds until that changes."""
    status, left_s = pod_status(found, seconds_since(_begun(found)), cluster.now)
    if _without_times(found.get("status") or {}) != _without_times(status):
        cluster.report(PODS, found, status)
    return left_s


def pod_status(pod: Manifest, age_s: float, now: str) -> tuple[Manifest, float | None]:
    """Return the status of a pod of some age, and the seconds until it changes again."""
    spec, metadata = pod.get("spec") or {}, pod["metadata"]
    restarts = spec.get("restartPolicy", "Always") == "Always"
    begun = _begun_containers(spec.get("initContainers") or [], age_s, now)
    ready_after = _seconds((metadata.get("annotations") or {}).get(READY_AFTER, ""))
    is_ready = begun.is_over and begun.left_age_s >= ready_after
    left = begun.next_s if not begun.is_over else None if is_ready else ready_after - age_s
    statuses = []
    for container in spec.get("containers") or []:
        if begun.is_over:
            state, next_s = _state(fate_of(container, restarts=restarts), begun.left_age_s, now)
        else:
            state, next_s = {"waiting": {"reason": "PodInitializing"}}, None
        left = next_s if left is None else left if next_s is None else min(left, next_s)
        is_up = is_ready and "running" in state
        statuses.append(_container_status(container, state, is_ready=is_up))
    ready = bool(statuses) and all(status["ready"] for status in statuses)
    before = {c["type"]: c for c in (pod.get("status") or {}).get("conditions") or []}
    text = {
        name: "True" if value else "False" for name, value in (("r", ready), ("i", begun.is_over))
    }
    conditions = [
        _condition("PodReadyToStartContainers", "True", before, now),
        _condition("Initialized", text["i"], before, now),
        _condition("Ready", text["r"], before, now),
        _condition("ContainersReady", text["r"], before, now),
        _condition("PodScheduled", "True", before, now),
    ]
    address = _address(metadata.get("uid", ""))
    status: Manifest = {
        "phase": begun.phase or _phase(statuses),
        "qosClass": _quality(spec),
        "conditions": conditions,
        "containerStatuses": statuses,
        "hostIP": "192.0.2.1",
        "hostIPs": [{"ip": "192.0.2.1"}],
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": metadata.get("creationTimestamp", now),
        "observedGeneration": metadata.get("generation", 1),
    }
    if begun.statuses:
        status["initContainerStatuses"] = begun.statuses
    return status, left


class _Begun(NamedTuple):
    """How far init containers have come.

    Attributes:
        is_over: all have succeeded.
        left_age_s: how long the others have been running.
        next_s: the seconds until this changes.
        phase: of the pod, when they decide it.
    """

    statuses: list[Manifest]
    is_over: bool
    left_age_s: float
    next_s: float | None = None
    phase: str = ""


def _begun_containers(containers: list[Manifest], age_s: float, now: str) -> _Begun:
    """Run init containers one after the other."""
    statuses: list[Manifest] = []
    for container in containers:
        if container.get("restartPolicy") == "Always":  # a sidecar: it starts, and stays
            state: Manifest = {"running": {"startedAt": now}}
            statuses.append(_container_status(container, state, is_ready=True))
            continue
        fate = fate_of(container, restarts=False)
        state, next_s = _state(fate, age_s, now)
        is_done = "terminated" in state and fate.exit_code == 0
        statuses.append(_container_status(container, state, is_ready=is_done))
        if not is_done:
            failed = "terminated" in state
            phase = "Failed" if failed else "Pending"
            return _Begun(statuses, is_over=False, left_age_s=0.0, next_s=next_s, phase=phase)
        age_s -= fate.runs_s or 0.0
    return _Begun(statuses, is_over=True, left_age_s=max(age_s, 0.0))


def _container_status(container: Manifest, state: Manifest, *, is_ready: bool) -> Manifest:
    runs = "running" in state
    crashes = (state.get("waiting") or {}).get("reason") == "CrashLoopBackOff"
    ended = {"terminated": {"exitCode": 1, "reason": "Error"}} if crashes else {}
    return {
        "name": container["name"],
        "image": container.get("image", ""),
        "imageID": "",
        "ready": is_ready,
        "started": runs,
        "restartCount": 2 if crashes else 0,
        "state": state,
        "lastState": ended,
    }


def _begun(found: Manifest) -> str:
    begun: str = found["metadata"]["creationTimestamp"]
    return begun


def _address(uid: str) -> str:
    """Return an address of the pod network that stays a pod's own, as far as a hash can tell."""
    number = zlib.crc32(uid.encode()) % 0xFFFE + 1
    return f"10.244.{number >> 8}.{number & 0xFF}"


def _quality(spec: Manifest) -> str:
    """Return the quality of service class."""
    asked = [container.get("resources") or {} for container in spec.get("containers") or ()]
    if not any(a.get("limits") or a.get("requests") for a in asked):
        return "BestEffort"
    full = all(
        {"cpu", "memory"} <= (a.get("limits") or {}).keys()
        and (a.get("requests") or a["limits"]) == a["limits"]
        for a in asked
    )
    return "Guaranteed" if full else "Burstable"


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


def _without_times(status: Any) -> Any:
    if isinstance(status, dict):
        kept = {name: value for name, value in status.items() if not name.endswith(_TIMES)}
        return {name: _without_times(value) for name, value in kept.items()}
    if isinstance(status, list):
        return [_without_times(item) for item in status]
    return status


def _seconds(text: str) -> float:
    digits = text.removesuffix("s")
    return float(digits) if digits.replace(".", "", 1).isdigit() else 0.0
