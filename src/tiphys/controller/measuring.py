"""What the controller's work looks like from outside: syncs that ended, pushes that went live.

Both are read off the Applications themselves, so that they are counted once, whoever caused them.
"""

import time

from tiphys.delivery.clock import parse_timestamp
from tiphys.model.keys import Manifest
from tiphys.model.labels import DEFAULT_PROJECT
from tiphys.telemetry.metrics import AppLabels, ControllerMetrics

_ENDED = frozenset({"Succeeded", "Failed", "Error"})
_LATEST_S = 900.0  # a push that took longer waited for a person, not for us


class Measuring:
    """Counts what changes of Applications tell."""

    def __init__(self, metrics: ControllerMetrics) -> None:
        self._metrics = metrics
        self._pushed_at: dict[str, float] = {}

    def pushed(self, key: str) -> None:
        """Note that a push touched an Application."""
        self._pushed_at.setdefault(key, time.monotonic())

    def changed(self, key: str, before: Manifest | None, after: Manifest | None) -> None:
        """Take note of a change of an Application; must return at once."""
        if after is None:
            self._pushed_at.pop(key, None)
            if before is not None:
                self._metrics.forget(labels_of(before))
            return
        ended = _ended(before, after) if before is not None else None
        if ended is None:
            return
        is_dry_run = bool((ended.get("operation") or {}).get("sync", {}).get("dryRun"))
        labels, phase = labels_of(after), str(ended["phase"])
        self._metrics.synced(labels, phase, _seconds(ended), is_dry_run=is_dry_run)
        if phase == "Succeeded" and not is_dry_run and key in self._pushed_at:
            seconds = time.monotonic() - self._pushed_at.pop(key)
            if seconds < _LATEST_S:
                self._metrics.live(seconds)


def labels_of(app: Manifest) -> AppLabels:
    """Return the labels by which an Application is counted."""
    metadata, spec = app["metadata"], app.get("spec") or {}
    destination = spec.get("destination") or {}
    return AppLabels(
        str(metadata.get("namespace", "")),
        str(metadata["name"]),
        str(spec.get("project") or DEFAULT_PROJECT),
        str(destination.get("server") or destination.get("name") or ""),
    )


def _ended(before: Manifest, after: Manifest) -> Manifest | None:
    """Return the operation that has ended with this change, None when none has."""
    old, new = (((app.get("status") or {}).get("operationState") or {}) for app in (before, after))
    if new.get("phase") not in _ENDED or not new.get("finishedAt"):
        return None
    is_same = old.get("phase") in _ENDED and old.get("startedAt") == new.get("startedAt")
    return None if is_same else new


def _seconds(state: Manifest) -> float:
    started = parse_timestamp(str(state.get("startedAt") or ""))
    finished = parse_timestamp(str(state.get("finishedAt") or ""))
    if started is None or finished is None:
        return 0.0
    return (finished - started).total_seconds()
