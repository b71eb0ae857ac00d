"""How far Applications have come, as `tiphys up` waits for it and shows it."""

from collections.abc import Iterable
from typing import Any

import msgspec

from tiphys.cli.application_text import failures
from tiphys.model.keys import Manifest
from tiphys.model.labels import TRACKING_ID


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """One Application in one line.

    Attributes:
        sync: its sync status, "" while it was never compared.
        reason: why it is not done, in a sentence; empty when nothing is wrong.
    """

    name: str
    sync: str
    health: str
    reason: str

    @property
    def is_done(self) -> bool:
        """True when it is Synced and Healthy."""
        return self.sync == "Synced" and self.health == "Healthy"


def demo_of(manifests: Iterable[Manifest], names: frozenset[str]) -> list[Manifest]:
    """Return the demo's Applications and what those brought; a person's own are not waited for."""
    found = []
    for manifest in manifests:
        annotations = manifest["metadata"].get("annotations") or {}
        parent = str(annotations.get(TRACKING_ID, "")).partition(":")[0]
        if manifest["metadata"]["name"] in names or parent in names:
            found.append(manifest)
    return found


def progress_of(manifest: dict[str, Any]) -> Progress:
    """Return how far an Application has come."""
    status = manifest.get("status") or {}
    conditions = [str(c.get("message", "")) for c in status.get("conditions") or []]
    state = status.get("operationState") or {}
    reasons = [*conditions]
    if state.get("phase") in {"Failed", "Error"}:
        # What the API server said of an object tells more than that the sync failed.
        reasons = [*failures(status), *conditions, str(state.get("message", ""))]
    return Progress(
        name=str(manifest["metadata"]["name"]),
        sync=str((status.get("sync") or {}).get("status", "")),
        health=str((status.get("health") or {}).get("status", "")),
        reason=next(iter(reasons), ""),
    )


def unfinished(applications: Iterable[Progress], expected_broken: str) -> list[Progress]:
    """Return the Applications that are still on their way.

    Args:
        applications: all of them.
        expected_broken: the one that is broken on purpose: done once it says why.
    """
    return [
        found
        for found in applications
        if not (found.reason if found.name == expected_broken else found.is_done)
    ]
