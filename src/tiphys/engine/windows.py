"""Sync windows: when a project lets its Applications sync.

Source: Argo CD user guide, "Sync Windows".
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from tiphys.model.application import Application
from tiphys.model.project import SyncWindow

Parse = Callable[[str], float]
"""Reads a duration as users write it, in seconds."""


def may_sync(
    app: Application,
    windows: Sequence[SyncWindow],
    now: datetime,
    parse: Parse,
    *,
    is_manual: bool,
) -> bool:
    """Return whether an Application may sync now.

    Args:
        app: the Application.
        windows: all windows of its project.
        now: the current time, aware.
        parse: reads durations; raises for what is none.
        is_manual: a person asked for the sync.
    """
    matching = [window for window in windows if _matches(window, app)]
    if not matching:
        return True
    try:
        active = [window for window in matching if is_active(window, now, parse)]
    except (ValueError, CronSimError, ZoneInfoNotFoundError):
        return False  # a window that nobody can read must not open the gate
    denying = [window for window in active if window.kind == "deny"]
    if denying:
        return is_manual and all(window.manual_sync for window in denying)
    allowing = [window for window in matching if window.kind == "allow"]
    if not allowing or any(window in active for window in allowing):
        return True
    return is_manual and any(window.manual_sync for window in allowing)


def is_active(window: SyncWindow, now: datetime, parse: Parse) -> bool:
    """Return whether a window is open.

    Raises:
        ValueError: its schedule, duration or time zone cannot be read.
    """
    length = timedelta(seconds=parse(window.duration))
    local = now.astimezone(ZoneInfo(window.time_zone or "UTC"))
    # The schedule says when the window opens, so the question is whether it opened lately.
    opened = next(CronSim(window.schedule, local - length), None)
    return opened is not None and opened <= local


def _matches(window: SyncWindow, app: Application) -> bool:
    destination = app.spec.destination
    clusters = {destination.server, destination.name}
    claims = [
        (window.applications, [app.metadata.name]),
        (window.namespaces, [destination.namespace]),
        (window.clusters, sorted(clusters - {""})),
    ]
    given = [
        any(fnmatchcase(value, glob) for glob in globs for value in values)
        for globs, values in claims
        if globs
    ]
    return bool(given) and (all(given) if window.and_operator else any(given))
