"""Quantities that are written differently and mean the same: `1000m` and `1`.

Source: Kubernetes API reference, "Quantity".
"""

import re
from fractions import Fraction
from typing import Any

_QUANTITY = re.compile(
    r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2}|)\Z"
)
_BINARY = {f"{letter}i": Fraction(1024) ** (i + 1) for i, letter in enumerate("KMGTPE")}
_DECIMAL = {letter: Fraction(1000) ** (i - 3) for i, letter in enumerate(("n", "u", "m", ""))}
_LARGE = {letter: Fraction(1000) ** (i + 1) for i, letter in enumerate("kMGTPE")}
_FACTORS = {**_BINARY, **_DECIMAL, **_LARGE}


def same_quantity(one: Any, other: Any) -> bool:
    """Return whether two values are quantities of the same size; numbers count as quantities."""
    size = _size(one)
    return size is not None and size == _size(other)


def _size(value: Any) -> Fraction | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    match = _QUANTITY.match(str(value).strip())
    if match is None:
        return None
    number, suffix = match.groups()
    if suffix in _FACTORS:
        return Fraction(number.rstrip(".")) * _FACTORS[suffix]
    return Fraction(number.rstrip(".")) * Fraction(10) ** int(suffix[1:])
