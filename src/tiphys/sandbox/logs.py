"""Logs of simulated pods: what their annotation says, else a line for each thing that happened."""

from collections.abc import Mapping
from typing import Any

LOG_ANNOTATION = "sandbox.tiphys.dev/log"


def pod_log(pod: dict[str, Any], query: Mapping[str, str]) -> str:
    """Return the log of a pod's container."""
    metadata, spec = pod["metadata"], pod.get("spec") or {}
    text = (metadata.get("annotations") or {}).get(LOG_ANNOTATION)
    if text is None:
        containers = spec.get("containers") or [{}]
        wanted = query.get("container") or containers[0].get("name", "")
        image = next((c.get("image", "") for c in containers if c.get("name") == wanted), "")
        phase = (pod.get("status") or {}).get("phase", "Pending")
        text = f"{wanted}: started {image}\n{wanted}: simulated, the pod is {phase}"
    lines = str(text).rstrip("\n").split("\n")
    tail = query.get("tailLines", "")
    if tail.isdigit():
        lines = lines[len(lines) - min(int(tail), len(lines)) :]
    return "\n".join(lines) + "\n"
