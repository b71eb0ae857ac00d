"""The values of expressions: which types there are, and what can be got out of each.

nil, booleans, whole numbers of 64 bits, floats, strings, lists, maps, moments and durations, and
functions. Whole numbers wrap around as Go's do.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from goduration import Duration
from gotime import Month, Time, Weekday

from tiphys.languages.expr.errors import ExprError

Method = Callable[..., Any]

_TIME: Final[dict[str, Method]] = {
    "Add": lambda time, duration: time.add(_as(duration, Duration)),
    "AddDate": lambda time, years, months, days: time.add_date(years, months, days),
    "After": lambda time, other: time.after(_as(other, Time)),
    "Before": lambda time, other: time.before(_as(other, Time)),
    "Compare": lambda time, other: time.compare(_as(other, Time)),
    "Day": lambda time: time.day,
    "Equal": lambda time, other: time.equal(_as(other, Time)),
    "Format": lambda time, layout: time.format(_as(layout, str)),
    "Hour": lambda time: time.hour,
    "IsZero": lambda time: time.is_zero(),
    "Local": lambda time: time.utc(),  # the server's own time zone is nobody's business
    "Minute": lambda time: time.minute,
    "Month": lambda time: time.month,
    "Nanosecond": lambda time: time.unix_nanoseconds() % 1_000_000_000,
    "Round": lambda time, duration: time.round(_as(duration, Duration)),
    "Second": lambda time: time.second,
    "String": str,
    "Sub": lambda time, other: time.subtract(_as(other, Time)),
    "Truncate": lambda time, duration: time.truncate(_as(duration, Duration)),
    "UTC": lambda time: time.utc(),
    "Unix": lambda time: time.unix(),
    "UnixMilli": lambda time: time.unix_milliseconds(),
    "UnixNano": lambda time: time.unix_nanoseconds(),
    "Weekday": lambda time: time.weekday,
    "Year": lambda time: time.year,
    "YearDay": lambda time: time.year_day,
}
_DURATION: Final[dict[str, Method]] = {
    "Abs": abs,
    "Hours": lambda duration: duration.total_hours(),
    "Microseconds": lambda duration: duration.total_microseconds(),
    "Milliseconds": lambda duration: duration.total_milliseconds(),
    "Minutes": lambda duration: duration.total_minutes(),
    "Nanoseconds": lambda duration: duration.total_nanoseconds(),
    "Round": lambda duration, multiple: duration.round(_as(multiple, Duration)),
    "Seconds": lambda duration: duration.total_seconds(),
    "String": str,
    "Truncate": lambda duration, multiple: duration.truncate(_as(multiple, Duration)),
}
_ENUM: Final[dict[str, Method]] = {"String": str}

_METHODS: Final[tuple[tuple[type, dict[str, Method]], ...]] = (
    (Time, _TIME),
    (Duration, _DURATION),
    (Month, _ENUM),
    (Weekday, _ENUM),
)

_NAMES: Final[tuple[tuple[type, str], ...]] = (
    (bool, "bool"),
    (Month, "time.Month"),
    (Weekday, "time.Weekday"),
    (int, "int"),
    (float, "float"),
    (str, "string"),
    (list, "array"),
    (dict, "map"),
    (Time, "time.Time"),
    (Duration, "time.Duration"),
)


def _as(value: Any, wanted: type) -> Any:
    if not isinstance(value, wanted):
        raise ExprError(f"expected {type_name(wanted)}, got {type_of(value)}")
    return value


def type_of(value: Any) -> str:
    """Return the name of a value's type, as the function `type` gives it."""
    return "nil" if value is None else type_name(type(value))


def type_name(kind: type) -> str:
    """Return the name of a type."""
    return next((name for known, name in _NAMES if issubclass(kind, known)), "func")


def method(value: Any, name: str) -> Method | None:
    """Return a method of a moment or duration, bound; None where there is no such one."""
    for kind, methods in _METHODS:
        if isinstance(value, kind):
            found = methods.get(name)
            return None if found is None else partial(found, value)
    return None


def fetch(value: Any, key: Any) -> Any:
    """Return a member of a map, list, string, moment or duration.

    Raises:
        ExprError: there can be no such member; a key that a map lacks gives nil.
    """
    if isinstance(value, dict):
        if not isinstance(key, str):
            raise ExprError(f"no member of a map has a key of type {type_of(key)}")
        return value.get(key)
    if isinstance(value, (list, str)):
        index = whole(key)
        if not -len(value) <= index < len(value):
            raise ExprError(f"index {index} out of range of {len(value)} elements")
        return ord(value[index]) if isinstance(value, str) else value[index]
    found = method(value, key) if isinstance(key, str) else None
    if found is None:
        raise ExprError(f"cannot fetch `{str(key)[:64]}` from {type_of(value)}")
    return found


def is_number(value: Any) -> bool:
    """Return whether a value is a whole number or a float."""
    return isinstance(value, (int, float)) and not isinstance(value, (bool, Month, Weekday))


def whole(value: Any) -> int:
    """Return a number without its fraction.

    Raises:
        ExprError: it is no number.
    """
    if not is_number(value) or (isinstance(value, float) and not math.isfinite(value)):
        raise ExprError(f"expected a whole number, got {type_of(value)}")
    return wrapped(int(value))


def wrapped(number: int) -> int:
    """Return a whole number within 64 bits."""
    return (number + 2**63) % 2**64 - 2**63 if not -(2**63) <= number < 2**63 else number
