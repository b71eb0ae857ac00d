"""Whether an Argo CD application controller is alive beside us.

Two controllers of the same Applications would write against each other, so the one that comes
second only looks on. Its Pods are known by the program that they run: labels differ between ways
to install, and ours may be the same.

Source: architecture, "Compatibility is a feature"; Argo CD's install manifests.
"""

from collections.abc import Iterable
from typing import Any

from tiphys.model.keys import Manifest

_PROGRAM = "argocd-application-controller"


def living_rivals(pods: Iterable[Manifest]) -> list[str]:
    """Return the names of the Pods that run Argo CD's application controller now, sorted."""
    return sorted(pod["metadata"]["name"] for pod in pods if _is_alive(pod) and _is_rival(pod))


def _is_alive(pod: Manifest) -> bool:
    is_leaving = bool(pod["metadata"].get("deletionTimestamp"))
    return (pod.get("status") or {}).get("phase") == "Running" and not is_leaving


def _is_rival(pod: Manifest) -> bool:
    containers = (pod.get("spec") or {}).get("containers") or []
    return any(_runs_program(container) for container in containers)


def _runs_program(container: dict[str, Any]) -> bool:
    words = [*(container.get("command") or ()), *(container.get("args") or ())]
    return any(str(word).rpartition("/")[2] == _PROGRAM for word in words)
