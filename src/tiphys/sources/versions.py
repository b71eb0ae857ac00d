"""Versions and ranges of versions, as tags and charts have them.

Source: semver.org 2.0.0; the constraints are those of Masterminds/semver.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_VERSION = re.compile(
    r"v?(?P<major>\d+)(?:\.(?P<minor>\d+))?(?:\.(?P<patch>\d+))?"
    r"(?:-(?P<pre>[0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?"
)
# As the specification advises; Python refuses to read numbers of thousands of digits.
_MAX_LENGTH = 255
_TERM = re.compile(r"(?P<op>=|!=|>=|<=|=>|=<|>|<|~>|~|\^)?\s*(?P<version>v?[0-9xX*][^\s,|]*)")


class Version(NamedTuple):
    """A version in the order of precedence; a release comes after its prereleases."""

    numbers: tuple[int, int, int]
    release: bool
    pre: tuple[tuple[int, int, str], ...]


def parse_version(text: str) -> Version | None:
    """Return a version; None for what is none."""
    found = _VERSION.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    if found is None:
        return None
    numbers = tuple(int(found[name] or 0) for name in ("major", "minor", "patch"))
    pre = tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part)
        for part in (found["pre"] or "").split(".")
        if part
    )
    return Version((numbers[0], numbers[1], numbers[2]), not pre, pre)


def is_constraint(text: str) -> bool:
    """Return whether a targetRevision is a range of versions."""
    if not text or (parse_version(text) and text.count(".") >= 2):
        return False
    alternatives = [part.strip() for part in text.split("||")]
    return all(
        _TERM.sub("", part).replace(",", "").replace(" - ", "").strip() == "" and part
        for part in alternatives
    ) and any(mark in text for mark in "*xX^~<>=|, ")


def best_match(constraint: str, versions: Iterable[str], prefix: str = "") -> str | None:
    """Return the highest version that a constraint allows, None when it allows none.

    Prereleases count only where the constraint names one.
    """
    allowed: list[tuple[Version, str]] = []
    for name in versions:
        version = parse_version(name.removeprefix(prefix)) if name.startswith(prefix) else None
        if version is not None and satisfies(version, constraint):
            allowed.append((version, name))
    return max(allowed)[1] if allowed else None


def named_version(wanted: str, versions: Sequence[str]) -> str | None:
    """Return the version that a chart's version or range names, None when none does.

    The very text comes first, then the highest version that satisfies it as a range: `1.2.0` finds
    `v1.2.0` too.

    Source: Helm, `IndexFile.Get` and `registry.GetTagMatchingVersionOrConstraint`.
    """
    if wanted in versions:
        return wanted
    if wanted and parse_version(wanted) is None and not is_constraint(wanted):
        return None
    return best_match(wanted or "*", versions)


def satisfies(version: Version, constraint: str) -> bool:
    """Return whether a version is in a range."""
    for alternative in constraint.split("||"):
        terms = [_bounds(match["op"] or "", match["version"]) for match in _terms(alternative)]
        names_pre = "-" in alternative.replace(" - ", " ")
        is_within = bool(terms) and all(_within(version, term) for term in terms)
        if is_within and (version.release or names_pre):
            return True
    return False


def _terms(text: str) -> Iterable[re.Match[str]]:
    ranged = re.sub(r"(?<!\S)(\S+)\s+-\s+(\S+)", r">=\1 <=\2", text)
    return _TERM.finditer(ranged)


class _Bounds(NamedTuple):
    low: Version | None
    high: Version | None
    high_is_open: bool = True
    low_is_open: bool = False
    is_negated: bool = False


def _bounds(operator: str, text: str) -> _Bounds:
    wildcards = [part for part in re.split(r"[.\-+]", text.lstrip("v")) if part in {"x", "X", "*"}]
    digits = re.findall(r"\d{1,18}", text.partition("-")[0].partition("x")[0].partition("*")[0])
    given = min(len(digits), 3)
    version = parse_version(text) if not wildcards else None
    low = version or _release(*[int(part) for part in digits[:3]])
    if operator in {">", ">=", "=>"}:
        high_of_partial = _bumped(low, given - 1) if operator == ">" and given < 3 else None
        return _Bounds(high_of_partial or low, None, low_is_open=operator == ">" and given == 3)
    if operator in {"<", "<=", "=<"}:
        if operator != "<" and given < 3:
            return _Bounds(None, _bumped(low, given - 1))
        return _Bounds(None, low, high_is_open=operator == "<")
    if operator == "^":
        first = next((place for place, part in enumerate(low.numbers) if part), max(given - 1, 0))
        return _Bounds(low, _bumped(low, min(first, max(given - 1, 0))))
    if operator in {"~", "~>"}:
        return _Bounds(low, _bumped(low, 1 if given >= 2 else 0))
    if given == 0:
        return _Bounds(None, None)
    if given < 3:
        return _Bounds(low, _bumped(low, given - 1), is_negated=operator == "!=")
    return _Bounds(low, low, high_is_open=False, is_negated=operator == "!=")


def _within(version: Version, bounds: _Bounds) -> bool:
    above = bounds.low is None or (
        version > bounds.low if bounds.low_is_open else version >= bounds.low
    )
    below = bounds.high is None or (
        version < bounds.high if bounds.high_is_open else version <= bounds.high
    )
    return (above and below) != bounds.is_negated


def _release(*numbers: int) -> Version:
    padded = (*numbers, 0, 0, 0)
    return Version((padded[0], padded[1], padded[2]), True, ())  # noqa: FBT003 -- a tuple's field


def _bumped(version: Version, place: int) -> Version:
    numbers = list(version.numbers)
    numbers[place] += 1
    return Version(tuple([*numbers[: place + 1], 0, 0, 0][:3]), False, ())  # type: ignore[arg-type] # noqa: FBT003 -- below every prerelease
