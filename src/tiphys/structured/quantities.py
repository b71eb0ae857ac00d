"""Quantities (`500m`, `0.5Gi`) and durations (`1h30m`): what they mean, how they are written.

Source: apimachinery, api/resource/quantity.go and suffix.go; Go's time.ParseDuration. A quantity is
kept as it was written where the server does so, though it knows a shorter form (`12.340`).
"""

import re
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

from tiphys.model.errors import InvalidInputError

_SYNTAX = re.compile(r"([+-]?)0*([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_DECIMAL_SUFFIX = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_BINARY_SUFFIX = {0: "", **{exponent: suffix for suffix, exponent in _BINARY.items()}}
_EXPONENT = re.compile(r"[eE]([+-]?[0-9]+)$")
_NANO = 10**9
_MAX = 2**63 - 1
_MAX_LENGTH = 100  # longer ones, and larger exponents, are an attack and not an amount
_MAX_EXPONENT = 1000
_MAX_DIGITS = 18  # an int64 certainly holds that many

_FORMAT_WRONG = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)
_UNITS_NS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6,  # both are
             "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}  # fmt: skip
_DURATION = re.compile(r"([0-9]*)(?:\.([0-9]*))?(ns|us|µs|μs|ms|s|m|h)")  # accepted


class QuantityError(InvalidInputError):
    """A text is no quantity; what is wrong is in the API server's words."""

    reason = "InvalidQuantity"


class DurationError(InvalidInputError):
    """A text is no duration."""

    reason = "InvalidDuration"


class Quantity(NamedTuple):
    """A parsed quantity.

    Attributes:
        value: exact, never finer than a billionth.
        canonical: how the API server writes it.
    """

    value: Fraction
    canonical: str


class _Parts(NamedTuple):
    sign: str
    digits: str
    decimals: str
    exponent: int
    style: str  # "decimal", "binary" or "exponent"


def parse_quantity(given: Any) -> Quantity:
    """Return the quantity that a string or a JSON number stands for.

    Raises:
        QuantityError: it stands for none.
    """
    if isinstance(given, bool):
        raise QuantityError(_FORMAT_WRONG)
    return _parsed(str(given))


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Quantity:
    if not text or len(text) > _MAX_LENGTH:
        raise QuantityError(_FORMAT_WRONG)
    if text == "0":
        return Quantity(Fraction(0), "0")
    parts = _parts(text)
    value = Fraction(int(parts.digits + parts.decimals), 10 ** len(parts.decimals))
    base = 2 if parts.style == "binary" else 10
    value *= Fraction(base) ** parts.exponent
    value = Fraction(-(-value * _NANO // 1), _NANO)  # too fine a share is rounded up, not lost
    style = parts.style
    if style == "binary":
        value = min(value, Fraction(_MAX))
        style = "decimal" if 0 < value < 1 else style
    value = -value if parts.sign == "-" else value
    return Quantity(value, text if _is_kept(parts) else _written(value, style))


def canonical_quantity(given: Any) -> str:
    """Return a quantity as the API server writes it: "1000m" is "1", "0.5Gi" is "512Mi".

    Raises:
        QuantityError: it is no quantity.
    """
    return parse_quantity(given).canonical


def same_quantity(one: Any, other: Any) -> bool:
    """Tell whether two strings or numbers are the same amount; what is no quantity never is."""
    try:
        return parse_quantity(one).value == parse_quantity(other).value
    except QuantityError:
        return False


def added_quantities(one: str, other: str) -> str:
    """Return a sum as the API server writes it: in the way of the first, unless that is nothing.

    Raises:
        QuantityError: one of them is no quantity.
    """
    first, second = parse_quantity(one), parse_quantity(other)
    style = _parts(one if first.value else other).style
    return _written(first.value + second.value, style)


def _parts(text: str) -> _Parts:
    match = _SYNTAX.match(text)
    if match is None:
        raise QuantityError(_FORMAT_WRONG)
    sign, digits, decimals, suffix = match.groups(default="")
    if suffix in _DECIMAL:
        return _Parts(sign, digits or "0", decimals, _DECIMAL[suffix], "decimal")
    if suffix in _BINARY:
        return _Parts(sign, digits or "0", decimals, _BINARY[suffix], "binary")
    power = _EXPONENT.match(suffix)
    if power is None or abs(int(power[1])) > _MAX_EXPONENT:
        raise QuantityError("unable to parse quantity's suffix")
    return _Parts(sign, digits or "0", decimals, int(power[1]), "exponent")


def _is_kept(parts: _Parts) -> bool:
    """Tell whether the server keeps the text: cheaply parsed, and taken to be canonical."""
    digits = parts.digits + parts.decimals
    if parts.style == "binary":
        room = 15 - len(parts.digits) - int(parts.exponent * 3 / 10) - 1
        return not parts.decimals and room >= 0 and int(digits) % 8 != 0
    scale = parts.exponent - len(parts.decimals)
    cheap = len(digits) <= _MAX_DIGITS and scale >= -9
    return cheap and scale % 3 == 0 and not digits.endswith("000") and digits[0] != "0"


def _written(value: Fraction, style: str) -> str:
    if value == 0:
        return "0"
    if style == "binary" and abs(value) >= 1024 and value.denominator == 1:
        number, power = int(value), 0
        while number % 1024 == 0 and power < 60:
            number, power = number // 1024, power + 10
        return f"{number}{_BINARY_SUFFIX[power]}"
    number, exponent = int(value * _NANO), -9
    while number % 1000 == 0:
        number, exponent = number // 1000, exponent + 3
    if style == "exponent":
        return f"{number}e{exponent}" if exponent else str(number)
    return f"{number}{_DECIMAL_SUFFIX.get(exponent, '')}"


def parse_duration_ns(text: str) -> int:
    """Return the nanoseconds of a Go duration such as "1h30m" or "-1.5s".

    Raises:
        DurationError: it is none.
    """
    unsigned = text[1:] if text[:1] in {"-", "+"} else text
    if unsigned == "0":
        return 0
    total, place = Fraction(0), 0
    while place < len(unsigned):
        match = _DURATION.match(unsigned, place)
        if match is None or not (match[1] or match[2]):
            break
        amount = Fraction(int((match[1] or "") + (match[2] or "")), 10 ** len(match[2] or ""))
        total += amount * _UNITS_NS[match[3]]
        place = match.end()
    if not unsigned or place < len(unsigned):
        raise DurationError(f'time: invalid duration "{text}"')
    return -int(total) if text.startswith("-") else int(total)


def canonical_duration(text: str) -> str:
    """Return a duration as Go writes it: "90m" is "1h30m0s", "1500ms" is "1.5s".

    Raises:
        DurationError: it is none.
    """
    total = parse_duration_ns(text)
    sign, rest = ("-" if total < 0 else ""), abs(total)
    if rest == 0:
        return "0s"
    if rest < 10**9:
        unit = next(unit for unit in ("ms", "µs", "ns") if rest >= _UNITS_NS[unit])
        return f"{sign}{_decimal(Fraction(rest, _UNITS_NS[unit]))}{unit}"
    minutes, seconds = divmod(Fraction(rest, 10**9), 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(seconds)}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{text}"
    return f"{sign}{minutes}m{text}" if minutes else f"{sign}{text}"


def _decimal(value: Fraction) -> str:
    whole, share = divmod(value, 1)
    digits = f"{int(share * 10**9):09}".rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)
