"""A Pod in a few words, as `kubectl get pods` shows it.

Source: the printer of Pods in kubectl: a Pod's own reason, then what its init containers wait for,
then what its containers wait for or ended with, then that it is being deleted.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from tiphys.engine.health.rules import get
from tiphys.model.keys import Manifest


class PodText(msgspec.Struct, frozen=True):
    """A Pod's columns.

    Attributes:
        reason: what it does or why it does not: "Running", "CrashLoopBackOff", "Init:0/1".
    """

    reason: str
    ready: int
    containers: int
    restarts: int
    node: str


def pod_text(pod: Manifest) -> PodText:
    """Return a Pod in a few words."""
    statuses = _dicts(get(pod, "status.containerStatuses"))
    starting = _init_reason(pod)
    reason = starting or _running_reason(pod, statuses)
    if (pod.get("metadata") or {}).get("deletionTimestamp"):
        reason = "Unknown" if get(pod, "status.reason") == "NodeLost" else "Terminating"
    counted = [*statuses, *_sidecars(pod)] if not starting else statuses
    return PodText(
        reason=reason,
        ready=sum(bool(status.get("ready")) for status in counted),
        containers=len(_dicts(get(pod, "spec.containers"))) + len(_sidecars(pod)),
        restarts=sum(int(status.get("restartCount") or 0) for status in counted),
        node=str(get(pod, "spec.nodeName") or ""),
    )


def _own_reason(pod: Manifest) -> str:
    for condition in _dicts(get(pod, "status.conditions")):
        is_gated = condition.get("reason") == "SchedulingGated"
        if condition.get("type") == "PodScheduled" and is_gated:
            return "SchedulingGated"
    return str(get(pod, "status.reason") or get(pod, "status.phase") or "Unknown")


def _init_reason(pod: Manifest) -> str:
    """Return what a Pod's init containers are at, "" when all are done."""
    names = {str(c.get("name")) for c in _restartable(pod)}
    containers = _dicts(get(pod, "spec.initContainers"))
    for place, status in enumerate(_dicts(get(pod, "status.initContainerStatuses"))):
        state = status.get("state") or {}
        ended, waiting = state.get("terminated"), state.get("waiting")
        if ended is not None and not ended.get("exitCode"):
            continue
        if str(status.get("name")) in names and status.get("started"):
            continue
        if ended is not None:
            return f"Init:{_ending(ended)}"
        if waiting is not None and waiting.get("reason") not in {None, "", "PodInitializing"}:
            return f"Init:{waiting['reason']}"
        return f"Init:{place}/{len(containers)}"
    return ""


def _running_reason(pod: Manifest, statuses: list[Manifest]) -> str:
    reason, is_any_running = _own_reason(pod), False
    for status in reversed(statuses):
        state = status.get("state") or {}
        waiting, ended = state.get("waiting") or {}, state.get("terminated")
        if waiting.get("reason"):
            reason = str(waiting["reason"])
        elif ended is not None:
            reason = _ending(ended)
        elif status.get("ready") and state.get("running") is not None:
            is_any_running = True
    if reason == "Completed" and is_any_running:
        return "Running" if _is_ready(pod) else "NotReady"
    return reason


def _ending(ended: Manifest) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    if ended.get("signal"):
        return f"Signal:{ended['signal']}"
    return f"ExitCode:{ended.get('exitCode', 0)}"


def _is_ready(pod: Manifest) -> bool:
    return any(
        condition.get("type") == "Ready" and condition.get("status") == "True"
        for condition in _dicts(get(pod, "status.conditions"))
    )


def _restartable(pod: Manifest) -> Iterable[Manifest]:
    """Return the sidecars: init containers that go on running."""
    containers = _dicts(get(pod, "spec.initContainers"))
    return [c for c in containers if c.get("restartPolicy") == "Always"]


def _sidecars(pod: Manifest) -> list[Manifest]:
    names = {str(container.get("name")) for container in _restartable(pod)}
    statuses = _dicts(get(pod, "status.initContainerStatuses"))
    return [status for status in statuses if str(status.get("name")) in names]


def _dicts(value: Any) -> list[Manifest]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
