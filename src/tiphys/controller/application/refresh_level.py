"""How thoroughly an Application is looked at again, and when the next look is due.

Source: Argo CD's levels of refresh; the numbers order them, the higher includes the lower.
"""

from datetime import datetime, timedelta
from enum import IntEnum

import msgspec

from tiphys.model.application import Application, SyncPolicy
from tiphys.model.labels import REFRESH
from tiphys.settings.settings import Settings


class RefreshLevel(IntEnum):
    """What a look at an Application does.

    NONE compares nothing. RECENT compares live with the revision last compared. LATEST resolves the
    revision, from the cache when it is fresh. FORCE asks the repository. HARD renders anew too.
    """

    NONE = 0
    RECENT = 1
    LATEST = 2
    FORCE = 3
    HARD = 4


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """The last look at an Application by this process.

    Attributes:
        policy: the sync policy that it had then.
    """

    at: datetime
    hard_at: datetime
    jitter_s: float
    policy: SyncPolicy


def needed_level(
    app: Application, asked: RefreshLevel, looked: Looked | None, settings: Settings, now: datetime
) -> RefreshLevel:
    """Return the level of the look that is due now.

    Args:
        app: the Application as it stands.
        asked: what events since the last look ask for.
        looked: the last look, None when this process has not looked yet.
        settings: gives the periods.
        now: the current time.
    """
    annotation = app.metadata.annotations.get(REFRESH)
    if annotation is not None:
        return RefreshLevel.HARD if annotation == "hard" else RefreshLevel.FORCE
    if looked is None:
        return max(asked, RefreshLevel.LATEST)
    if _is_due(looked.hard_at, settings.hard_reconciliation_s, now):
        return RefreshLevel.HARD
    compared = app.status.sync.compared_to
    if (compared.source, compared.sources) != _written_sources(app):
        return RefreshLevel.FORCE
    if _is_another(app, looked):
        return max(asked, RefreshLevel.LATEST)
    if _is_due(looked.at, settings.reconciliation_s, now, looked.jitter_s):
        return max(asked, RefreshLevel.LATEST)
    return asked


def next_look_s(looked: Looked, settings: Settings, now: datetime) -> float | None:
    """Return the seconds until the periodic look is due; None when there is none."""
    if settings.reconciliation_s <= 0:
        return None
    due = looked.at + timedelta(seconds=settings.reconciliation_s + looked.jitter_s)
    return max((due - now).total_seconds(), 0.0)


def _is_another(app: Application, looked: Looked) -> bool:
    """Return whether the spec says something else about the look than it did the last time."""
    compared, spec = app.status.sync.compared_to, app.spec
    return (
        compared.destination != spec.destination
        or (compared.ignore_differences or ()) != (spec.ignore_differences or ())
        or looked.policy != spec.policy
    )


def _written_sources(app: Application) -> tuple[object, object]:
    if app.spec.sources:
        return None, app.spec.sources
    return app.spec.source, ()


def _is_due(at: datetime, period_s: float, now: datetime, jitter_s: float = 0.0) -> bool:
    return period_s > 0 and now >= at + timedelta(seconds=period_s + jitter_s)
