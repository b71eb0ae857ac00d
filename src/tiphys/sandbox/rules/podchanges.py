"""What an update of a Pod may change: little, since its containers run already.

Source: Kubernetes documentation, "Pod update and replacement"; pkg/apis/core/validation
(ValidatePodUpdate). The real server adds to its message how the Pods differ as Go has them.
"""

from collections.abc import Iterator
from typing import Any

from tiphys.sandbox.problems import Problem

_TEXT = (
    "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
    "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set "
    "to 1 if it was previously negative)"
)
_WAITED_FOR = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_CONTAINERS = ("containers", "initContainers")
# Gates may be taken away; a node is given by the scheduler, once.
_FREE = {"activeDeadlineSeconds", "tolerations", "schedulingGates", "ephemeralContainers"}


def tolerate(spec: dict[str, Any]) -> None:
    """Have a Pod wait for its node for five minutes where it says nothing else, in place."""
    given = spec.get("tolerations") or []
    for key in _WAITED_FOR:
        is_there = any(
            item.get("key", "") in {key, ""} and item.get("effect", "") in {"NoExecute", ""}
            for item in given
        )
        if not is_there:
            added = {"key": key, "operator": "Exists", "effect": "NoExecute"}
            given = [*given, {**added, "tolerationSeconds": 300}]
    spec["tolerations"] = given


def pod_change_problems(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Problem]:
    """Yield what a Pod's update may not change."""
    before, after = old.get("spec") or {}, new.get("spec") or {}
    for field in _CONTAINERS:
        if _names(before, field) != _names(after, field):
            kind = "containers" if field == "containers" else "init containers"
            text = f"Forbidden: pod updates may not add or remove {kind}"
            yield f"spec.{field}", "FieldValueForbidden", text
            return
    tolerating: dict[str, Any] = {"tolerations": after.get("tolerations")}
    tolerate(tolerating)  # as admission will
    kept = before.get("tolerations") or []
    has_lost = any(one not in tolerating["tolerations"] for one in kept)
    if has_lost or _fixed(before, before) != _fixed(after, before):
        yield "spec", "FieldValueForbidden", _TEXT


def _names(spec: dict[str, Any], field: str) -> list[Any]:
    return [container.get("name") for container in spec.get(field) or ()]


def _fixed(spec: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """Return a spec without what may change."""
    fixed = {name: value for name, value in spec.items() if name not in _FREE}
    if not before.get("nodeName"):
        fixed.pop("nodeName", None)
    if (before.get("terminationGracePeriodSeconds") or 0) < 0:
        fixed.pop("terminationGracePeriodSeconds", None)
    for field in _CONTAINERS:
        fixed[field] = [
            {name: value for name, value in container.items() if name != "image"}
            for container in spec.get(field) or ()
        ]
    return fixed
