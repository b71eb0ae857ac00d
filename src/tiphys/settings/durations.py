"""Durations as users write them: Go's ("1m30s", "500ms") or bare seconds ("10")."""

import re

from tiphys.model.errors import InvalidInputError

_UNIT_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_LONGEST_S = 2**63 / 1e9  # what Go's durations hold
_MAX_LENGTH = 64
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


def parse_duration(text: str, *, where: str) -> float:
    """Return seconds.

    Args:
        text: a Go duration, or digits without a unit, which are seconds.
        where: the field that the text stands in, for the error.

    Raises:
        InvalidInputError: the text is neither.

    Source: Go's time.ParseDuration; Argo CD reads a number without unit as seconds.
    """
    stripped = text.strip()
    sign, body = (-1.0, stripped[1:]) if stripped.startswith("-") else (1.0, stripped)
    if body.isascii() and body.isdecimal():
        body = f"{body}s"
    parts = _PART.findall(body[:_MAX_LENGTH])
    seconds = sum(float(number) * _UNIT_S[unit] for number, unit in parts)
    is_read = bool(parts) and "".join(number + unit for number, unit in parts) == body
    if not is_read or seconds > _LONGEST_S:
        raise InvalidInputError(
            f"`{text[:_MAX_LENGTH]}` is not a duration",
            where=where,
            hint="Write it like `30s`, `5m` or `1h30m`.",
        )
    return sign * seconds
