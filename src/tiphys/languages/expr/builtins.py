"""All built-in functions that take plain values: those on strings and moments, and the rest.

Source: expr-lang.org, "Language Definition", String, Date and Type Conversion Functions.
"""

import base64
import binascii
import json
import math
from collections.abc import Callable
from typing import Any, Final

from goduration import Duration, DurationParseError
from gotime import Location, LocationError, ParseError, Time

from tiphys.languages.expr.collections import COLLECTION_FUNCTIONS
from tiphys.languages.expr.errors import ExprError
from tiphys.languages.expr.limits import Budget
from tiphys.languages.expr.operators import equal
from tiphys.languages.expr.values import is_number, type_of, whole

_MAX_REPEAT: Final = 1_000_000
_SPACE: Final = "\t\n\v\f\r \x85\xa0"
_LAYOUTS: Final = (
    "2006-01-02",
    "15:04:05",
    "2006-01-02 15:04:05",
    "2006-01-02T15:04:05Z07:00",
    "02 Jan 06 15:04 MST",
    "Monday, 02-Jan-06 15:04:05 MST",
    "Mon, 02 Jan 2006 15:04:05 MST",
)


def a_string(value: Any) -> str:
    """Return a value that must be a string.

    Raises:
        ExprError: it is none.
    """
    if not isinstance(value, str):
        raise ExprError(f"expected string, got {type_of(value)}")
    return value


def text_of(value: Any) -> str:
    """Return a value as Go prints it with `%v`."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, list):
        return f"[{' '.join(text_of(item) for item in value)}]"
    if isinstance(value, dict):
        entries = sorted(value.items(), key=lambda entry: str(entry[0]))
        return f"map[{' '.join(f'{text_of(key)}:{text_of(item)}' for key, item in entries)}]"
    return str(value)


def _float_text(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    shortest = repr(value)
    mantissa, _, exponent = f"{value:e}".partition("e")
    if -4 <= int(exponent) < 21:
        plain = f"{value:.0f}" if value == int(value) else shortest
        return plain if "e" not in plain else f"{value:.{_digits(shortest)}f}"
    digits = shortest.partition("e")[0].removesuffix(".0")
    del mantissa
    return f"{digits}e{int(exponent):+03d}"


def _digits(shortest: str) -> int:
    mantissa, _, exponent = shortest.partition("e")
    return len(mantissa.partition(".")[2]) - int(exponent)


def _integer(budget: Budget, value: Any) -> int:
    del budget
    if isinstance(value, str):
        try:
            return whole(int(value)) if value.strip() == value and "_" not in value else int("")
        except ValueError:
            raise ExprError(f"`{value[:32]}` is no whole number") from None
    return value.total_nanoseconds() if isinstance(value, Duration) else whole(value)


def _real(budget: Budget, value: Any) -> float:
    del budget
    if isinstance(value, str):
        try:
            return float(value if value.strip() == value else "")
        except ValueError:
            raise ExprError(f"`{value[:32]}` is no number") from None
    if not is_number(value):
        raise ExprError(f"expected a number, got {type_of(value)}")
    return float(value)


def _split(budget: Budget, text: Any, separator: Any, limit: Any = -1) -> list[str]:
    budget.build(len(a_string(text)) // 8)
    count = whole(limit)
    if count == 0:
        return []
    if not a_string(separator):
        return list(text) if count < 0 else [*text[: count - 1], text[count - 1 :]]
    return text.split(separator, count - 1 if count > 0 else -1)  # type: ignore[no-any-return]


def _split_after(budget: Budget, text: Any, separator: Any, limit: Any = -1) -> list[str]:
    parts = _split(budget, text, separator, limit)
    return [part + separator for part in parts[:-1]] + parts[-1:]


def _repeat(budget: Budget, text: Any, count: Any) -> str:
    times = whole(count)
    if not 0 <= times <= _MAX_REPEAT:
        raise ExprError("repeated too often, or less than never")
    budget.build(len(a_string(text)) * times)
    return a_string(text) * times


def _join(budget: Budget, items: Any, separator: Any = "") -> str:
    if not isinstance(items, list):
        raise ExprError(f"expected array, got {type_of(items)}")
    parts = [a_string(item) for item in items]
    budget.build(sum(map(len, parts)) + len(a_string(separator)) * len(parts))
    return str(separator).join(parts)


def _replace(budget: Budget, text: Any, old: Any, new: Any, count: Any = -1) -> str:
    found = a_string(text).count(a_string(old)) if old else len(text) + 1
    budget.build(len(text) + found * len(a_string(new)))
    return a_string(text).replace(old, new, whole(count) if whole(count) >= 0 else -1)


def _index_of(budget: Budget, text: Any, part: Any) -> int:
    del budget
    if isinstance(text, list):
        return next((at for at, item in enumerate(text) if equal(item, part)), -1)
    return len(a_string(text).partition(a_string(part))[0].encode()) if part in text else -1


def _last_index_of(budget: Budget, text: Any, part: Any) -> int:
    del budget
    if isinstance(text, list):
        return next((at for at in range(len(text) - 1, -1, -1) if equal(text[at], part)), -1)
    return len(a_string(text).rpartition(a_string(part))[0].encode()) if part in text else -1


def _to_json(budget: Budget, value: Any) -> str:
    try:
        text = json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True, default=str)
    except (ValueError, RecursionError) as err:
        raise ExprError("has no JSON") from err
    budget.build(len(text))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _from_json(budget: Budget, text: Any) -> Any:
    budget.build(len(a_string(text)))
    try:
        return json.loads(text, parse_int=float)
    except (ValueError, RecursionError) as err:
        raise ExprError("is not JSON") from err


def _from_base64(budget: Budget, text: Any) -> str:
    del budget
    try:
        return base64.b64decode(a_string(text), validate=True).decode()
    except (binascii.Error, ValueError) as err:
        raise ExprError("is not base64 of text") from err


def _duration(budget: Budget, text: Any) -> Duration:
    del budget
    try:
        return Duration.parse(a_string(text))
    except DurationParseError as err:
        raise ExprError(str(err)) from err


def _timezone(budget: Budget, name: Any) -> Location:
    del budget
    try:
        return Location.load(a_string(name))
    except LocationError as err:
        raise ExprError(str(err)) from err


def _date(budget: Budget, text: Any, layout: Any = None, zone: Any = "UTC") -> Time:
    location = _timezone(budget, zone)
    for candidate in [a_string(layout)] if layout is not None else _LAYOUTS:
        try:
            return Time.parse_in_location(candidate, a_string(text), location)
        except ParseError:
            continue
    raise ExprError(f"`{a_string(text)[:64]}` is not a date")


def _now(budget: Budget, *zone: Any) -> Time:
    raise ExprError("`now` is not known here", hint="Use time.Now().")


def _length(budget: Budget, value: Any) -> int:
    del budget
    if not isinstance(value, (str, list, dict)):
        raise ExprError(f"{type_of(value)} has no length")
    return len(value)


FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    **COLLECTION_FUNCTIONS,
    "len": _length,
    "type": lambda budget, value: type_of(value),
    "int": _integer,
    "float": _real,
    "string": lambda budget, value: text_of(value),
    "trim": lambda budget, text, characters=_SPACE: a_string(text).strip(a_string(characters)),
    "trimPrefix": lambda budget, text, part=" ": a_string(text).removeprefix(a_string(part)),
    "trimSuffix": lambda budget, text, part=" ": a_string(text).removesuffix(a_string(part)),
    "upper": lambda budget, text: a_string(text).upper(),
    "lower": lambda budget, text: a_string(text).lower(),
    "split": _split,
    "splitAfter": _split_after,
    "replace": _replace,
    "repeat": _repeat,
    "join": _join,
    "indexOf": _index_of,
    "lastIndexOf": _last_index_of,
    "hasPrefix": lambda budget, text, part: a_string(text).startswith(a_string(part)),
    "hasSuffix": lambda budget, text, part: a_string(text).endswith(a_string(part)),
    "toJSON": _to_json,
    "fromJSON": _from_json,
    "toBase64": lambda budget, text: base64.b64encode(a_string(text).encode()).decode(),
    "fromBase64": _from_base64,
    "now": _now,
    "duration": _duration,
    "date": _date,
    "timezone": _timezone,
}
