"""Sync windows: when a project lets its Applications sync.

A window that cannot be read blocks, and is named. Source: Argo CD user guide, "Sync Windows".
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from tiphys.engine.cron import parse_schedule
from tiphys.engine.globs import matches as glob_matches
from tiphys.model.application import Application
from tiphys.model.errors import TiphysError
from tiphys.model.project import SyncWindow

_LONGEST_S = 5 * 366 * 86400.0
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


class Unreadable(NamedTuple):
    """A window that nobody can read, and why."""

    window: SyncWindow
    problem: str


class Assessment(NamedTuple):
    """What the windows of a project say of a sync.

    Attributes:
        blocking: the windows because of which it must wait; none when it may run.
        unreadable: the windows that cannot be read; any of them blocks.
    """

    blocking: tuple[SyncWindow, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()

    @property
    def may_sync(self) -> bool:
        """True when nothing stands in the way."""
        return not (self.blocking or self.unreadable)

    @property
    def reasons(self) -> str:
        """What stands in the way, by name."""
        named = [describe_window(window) for window in self.blocking]
        named += [
            f"{describe_window(window)}, which cannot be read: {problem}"
            for window, problem in self.unreadable
        ]
        return "; ".join(named)


def describe_window(window: SyncWindow) -> str:
    """Return a window as people know it again: `deny window "0 0 * * *" for 24h`."""
    return f'{window.kind} window "{window.schedule}" for {window.duration}'


def may_sync(
    app: Application, windows: Sequence[SyncWindow], attempt: Attempt, parse: Parse
) -> bool:
    """Return whether an Application may sync; see `assess`."""
    return assess(app, windows, attempt, parse).may_sync


def assess(
    app: Application, windows: Sequence[SyncWindow], attempt: Attempt, parse: Parse
) -> Assessment:
    """Return whether an Application may sync, and what stands in the way.

    Args:
        app: the Application.
        windows: all windows of its project.
        attempt: the sync that is wanted.
        parse: reads durations; raises for what is none.
    """
    matching = assigned(windows, app)
    unreadable = tuple(
        Unreadable(window, problem) for window in matching if (problem := _problem(window, parse))
    )
    if unreadable:
        return Assessment(unreadable=unreadable)  # it must not open the gate
    blocking = _blocking(matching, attempt.now, parse, is_manual=attempt.is_manual)
    if blocking and attempt.began_at is not None:
        began = _blocking(matching, attempt.began_at, parse, is_manual=attempt.is_manual)
        if not began and all(window.sync_overrun for window in blocking):
            return Assessment()
    return Assessment(blocking=tuple(blocking))


def _problem(window: SyncWindow, parse: Parse) -> str:
    try:
        parse_schedule(window.schedule)
        parse(window.duration)
        ZoneInfo(window.time_zone or "UTC")
    except TiphysError as err:
        return err.what
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return f"`{window.time_zone[:64]}` is no time zone"
    return ""


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
    """Return whether a window that can be read is open.

    Raises:
        ValueError: its time zone cannot be read.
        TiphysError: its schedule or its duration cannot be read.
    """
    length = timedelta(seconds=min(parse(window.duration), _LONGEST_S))
    # The schedule says when the window opens, so the question is whether it opened lately. What
    # lies between is counted in UTC: a local clock jumps twice a year.
    since = (now.astimezone(UTC) - length).astimezone(ZoneInfo(window.time_zone or "UTC"))
    return parse_schedule(window.schedule).next(since, now) is not None


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
