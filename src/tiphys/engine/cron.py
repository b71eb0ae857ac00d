"""When a cron schedule next comes about, in the dialect of sync windows.

Five fields: minute, hour, day of the month, month, day of the week. `?` means `*`. Where both day
fields are restricted a day counts that either of them names; only `*` and `?` without a step leave
a field unrestricted. Seconds, descriptors (`@daily`), `L`, `#` and 7 for Sunday are not understood.

Source: robfig/cron v3, which Argo CD reads the schedules of sync windows with.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from tiphys.model.errors import InvalidInputError

_MAX_LENGTH: Final = 512
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_MONTHS: Final = (
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
)  # fmt: skip
_DAYS: Final = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]


class _Field(NamedTuple):
    name: str
    low: int
    high: int
    words: dict[str, int]


_FIELDS: Final = (
    _Field("minute", 0, 59, {}),
    _Field("hour", 0, 23, {}),
    _Field("day of the month", 1, 31, {}),
    _Field("month", 1, 12, {word: place for place, word in enumerate(_MONTHS, 1)}),
    _Field("day of the week", 0, 6, {word: place for place, word in enumerate(_DAYS)}),
)


class Schedule(NamedTuple):
    """A schedule: the values of each field, and whether the day fields are restricted."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool

    def next(self, after: datetime, until: datetime) -> datetime | None:
        """Return the first time after a moment, None when it comes about later than another one.

        Args:
            after: aware, in the time zone that the schedule is meant in.
            until: aware; the search ends there.

        Returns:
            A time in UTC. One that summer time leaves out does not come about.
        """
        day, last = after.date(), until.astimezone(after.tzinfo).date()
        while day <= last:
            if self._names(day):
                found = self._first(day, after)
                if found is not None:
                    return found if found <= until else None
            day += timedelta(days=1)
        return None

    def _names(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        is_day, is_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return is_day and is_weekday
        return is_day or is_weekday

    def _first(self, day: date, after: datetime) -> datetime | None:
        # A clock is changed by an hour at most, so the hour beside counts as well.
        begin = after.hour - 1 if day == after.date() else 0
        start, best = after.astimezone(UTC), None
        for hour in self.hours:
            if best is not None and best.astimezone(after.tzinfo).hour < hour - 1:
                break
            for minute in self.minutes if hour >= begin else ():
                ahead = [
                    moment
                    for moment in _moments(day, time(hour, minute, tzinfo=after.tzinfo))
                    if moment > start
                ]
                best = min([*ahead, *([best] if best is not None else [])], default=None)
        return best


def _moments(day: date, clock: time) -> list[datetime]:
    """Return when a clock shows a time on a day: once, never or twice where it is changed."""
    shown = [datetime.combine(day, clock.replace(fold=fold)) for fold in (0, 1)]
    found = {moment.astimezone(UTC) for moment in shown}
    naive = shown[0].replace(tzinfo=None)
    return [
        moment
        for moment in sorted(found)
        if moment.astimezone(clock.tzinfo).replace(tzinfo=None, fold=0) == naive
    ]


@lru_cache(maxsize=1024)
def parse_schedule(text: str) -> Schedule:
    """Return a schedule.

    Raises:
        InvalidInputError: it cannot be read; the error names the field.
    """
    fields = text.split() if len(text) <= _MAX_LENGTH else []
    if len(fields) != len(_FIELDS):
        raise InvalidInputError(
            f"expected 5 fields (minute, hour, day, month, weekday), got `{text[:64]}`"
        )
    values = [_values(field, part) for field, part in zip(_FIELDS, fields, strict=True)]
    (minutes, _), (hours, _), (days, any_day), (months, _), (weekdays, any_weekday) = values
    return Schedule(
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=days,
        months=months,
        weekdays=weekdays,
        any_day=any_day,
        any_weekday=any_weekday,
    )


def _values(field: _Field, text: str) -> tuple[frozenset[int], bool]:
    """Return the values of a field, and whether it leaves all open."""
    found: set[int] = set()
    is_any = False
    parts = [part for part in text.split(",") if part]
    if not parts:
        raise _unreadable(field, text)
    for part in parts:
        span, slash, step_text = part.partition("/")
        step = _number(field, step_text, part) if slash else 1
        if step < 1:
            raise _unreadable(field, part)
        low, high = _span(field, span, part, is_open=bool(slash))
        is_any = is_any or (span in {"*", "?"} and step == 1)
        found.update(range(low, high + 1, step))
    return frozenset(found), is_any


def _span(field: _Field, span: str, part: str, *, is_open: bool) -> tuple[int, int]:
    if span in {"*", "?"}:
        return field.low, field.high
    first, dash, last = span.partition("-")
    low = _number(field, first, part)
    high = _number(field, last, part) if dash else field.high if is_open else low
    if not field.low <= low <= high <= field.high:
        raise _unreadable(field, part)
    return low, high


def _number(field: _Field, text: str, part: str) -> int:
    if _NUMBER.fullmatch(text):
        return int(text)
    word = field.words.get(text.lower())
    if word is None:
        raise _unreadable(field, part)
    return word


def _unreadable(field: _Field, part: str) -> InvalidInputError:
    return InvalidInputError(
        f"{field.name}: `{part[:64]}` is no value of {field.low} to {field.high}"
    )
