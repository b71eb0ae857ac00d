"""Sync windows: when a project lets its Applications sync.

Source: Argo CD user guide, "Sync Windows".
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from cronsim import CronSim, CronSimError

from tiphys.engine.globs import matches as glob_matches
from tiphys.model.application import Application
from tiphys.model.errors import TiphysError
from tiphys.model.project import SyncWindow

Parse = Callable[[str], float]
"""Reads a duration as users write it, in seconds."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A sync that somebody wants.

    Attributes:
        now: the current time, aware.
        is_manual: a person asked for it.
        began_at: when it began, None when it has not; windows with `syncOverrun` let it go on.
    """

    now: datetime
    is_manual: bool
    began_at: datetime | None = None


def may_sync(
    app: Application, windows: Sequence[SyncWindow], attempt: Attempt, parse: Parse
) -> bool:
    """Return whether an Application may sync.

    Args:
        app: the Application.
        windows: all windows of its project.
        attempt: the sync that is wanted.
        parse: reads durations; raises for what is none.
    """
    is_manual = attempt.is_manual
    matching = assigned(windows, app)
    try:
        blocking = _blocking(matching, attempt.now, parse, is_manual=is_manual)
        if not blocking or attempt.began_at is None:
            return not blocking
        return all(window.sync_overrun for window in blocking) and not _blocking(
            matching, attempt.began_at, parse, is_manual=is_manual
        )
    except (ValueError, TiphysError, CronSimError, ZoneInfoNotFoundError):
        return False  # a window that nobody can read must not open the gate


def _blocking(
    matching: Sequence[SyncWindow], at: datetime, parse: Parse, *, is_manual: bool
) -> list[SyncWindow]:
    """Return the windows because of which a sync must wait; none when it may run."""
    active = [window for window in matching if is_active(window, at, parse)]
    denying = [window for window in active if window.kind == "deny"]
    if denying:
        is_excused = is_manual and all(window.manual_sync for window in denying)
        return [] if is_excused else denying
    allowing = [window for window in matching if window.kind == "allow"]
    if any(window in active for window in allowing):
        return []
    is_excused = is_manual and any(window.manual_sync for window in allowing)
    return [] if is_excused else allowing


def assigned(windows: Sequence[SyncWindow], app: Application) -> list[SyncWindow]:
    """Return the windows of a project that are about an Application."""
    return [window for window in windows if _matches(window, app)]


def is_active(window: SyncWindow, now: datetime, parse: Parse) -> bool:
    """Return whether a window is open.

    Raises:
        ValueError: its schedule or time zone cannot be read.
        TiphysError: its duration cannot be read.
    """
    length = timedelta(seconds=parse(window.duration))
    # The schedule says when the window opens, so the question is whether it opened lately. What
    # lies between is counted in UTC: a local clock jumps twice a year.
    since = (now.astimezone(UTC) - length).astimezone(ZoneInfo(window.time_zone or "UTC"))
    opened = next(CronSim(window.schedule, since), None)
    return opened is not None and opened.astimezone(UTC) <= now


def _matches(window: SyncWindow, app: Application) -> bool:
    destination = app.spec.destination
    clusters = {destination.server, destination.name}
    claims = [
        (window.applications, [app.metadata.name]),
        (window.namespaces, [destination.namespace]),
        (window.clusters, sorted(clusters - {""})),
    ]
    given = [
        any(glob_matches(glob, value) for glob in globs for value in values)
        for globs, values in claims
        if globs
    ]
    return bool(given) and (all(given) if window.and_operator else any(given))
