"""What the API server adds to an object after its fields have owners, and before it is stored.

What admission adds, addresses of Services, the selector of Jobs, the name label of namespaces, and
what Go's structs cannot leave out. Nobody owns any of it.
"""

from collections.abc import Callable
from typing import Any

from tiphys.sandbox.registry.addresses import Addresses
from tiphys.sandbox.registry.admission import PROTECTION, Admission
from tiphys.sandbox.registry.carryover import untouched
from tiphys.sandbox.rules.podchanges import tolerate
from tiphys.sandbox.storage.store import Store
from tiphys.sandbox.typed.defaulting import (
    TEMPLATE_GENERATION,
    kind_name,
    quality_of_service,
    table,
)
from tiphys.sandbox.typed.kinds import Kind
from tiphys.sandbox.typed.structs import filled


class Allocation:
    """Allocates and derives."""

    def __init__(self, store: Store) -> None:
        self._addresses, self._admission = Addresses(store), Admission(store)
        self._create: dict[str, Callable[[dict[str, Any]], None]] = {
            "Pod": self._pod,
            "Service": self._addresses.complete,
            "Job.batch": _job,
            "DaemonSet.apps": lambda new: _count_templates({}, new),
            "PersistentVolume": _volume,
        }

    def create(self, kind: Kind, new: dict[str, Any], subresource: str = "") -> dict[str, Any]:
        """Return a new object complete.

        A Service that begins with an apply of its status gets no address, as on a real server.

        Raises:
            StatusError: what it asks for is not to be had.
        """
        name = kind_name(kind)
        for field, value in table()["initial"].get(name, {}).items():
            new[field] = {**value, **(new.get(field) or {})}
        if name in PROTECTION:
            kept = new["metadata"].get("finalizers") or []
            new["metadata"]["finalizers"] = list(dict.fromkeys([*kept, PROTECTION[name]]))
        act = self._create.get(name)
        if name == "Service" and subresource:
            new.setdefault("status", {"loadBalancer": {}})
        elif act is not None:
            act(new)
        return _complete(kind, new)

    def update(self, kind: Kind, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
        """Return a changed object with what was allocated, and what the change needs.

        Raises:
            StatusError: what it asks for is not to be had.
        """
        name = kind_name(kind)
        if name == "Service":
            self._addresses.update(old, new)
        elif name == "Pod":
            tolerate(new["spec"])
        elif name == "DaemonSet.apps":
            _count_templates(old, new)
        return _complete(kind, new, untouched(kind, old, new))

    def _pod(self, new: dict[str, Any]) -> None:
        self._admission.pod(new)
        new["status"]["qosClass"] = quality_of_service(new["spec"])


def _complete(
    kind: Kind, new: dict[str, Any], complete: frozenset[str] = frozenset()
) -> dict[str, Any]:
    if kind.is_custom:
        return new
    return filled(new, f"{kind.gvk.api_version}/{kind.kind}", complete)


def _volume(new: dict[str, Any]) -> None:
    new["status"].setdefault("lastPhaseTransitionTime", new["metadata"]["creationTimestamp"])


def _job(new: dict[str, Any]) -> None:
    spec, metadata = new["spec"], new["metadata"]
    if spec.get("manualSelector"):
        return
    uid = metadata["uid"]
    template = spec["template"].setdefault("metadata", {})
    made = {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": metadata["name"],
        "controller-uid": uid,
        "job-name": metadata["name"],
    }
    template["labels"] = {**(template.get("labels") or {}), **made}
    metadata["labels"] = {**made, **(metadata.get("labels") or {})}
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}


def _count_templates(old: dict[str, Any], new: dict[str, Any]) -> None:
    before = ((old.get("metadata") or {}).get("annotations") or {}).get(TEMPLATE_GENERATION, "0")
    is_other = (old.get("spec") or {}).get("template") != new["spec"].get("template")
    annotations = new["metadata"].get("annotations") or {}
    count = {TEMPLATE_GENERATION: str(int(before) + is_other)}
    new["metadata"]["annotations"] = {**annotations, **count}
