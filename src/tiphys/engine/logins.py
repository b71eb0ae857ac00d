"""How many failed logins an account bears, and why that locks nobody else out.

Failures are counted for each account and place: a device that has our cookie, else a network
address. Who fails too often is turned away from that place. So that many places together cannot go
on guessing, all places from which the account never logged in share a second, larger count; who has
logged in from their place before is not touched by it.

Source: OWASP, "Slow Down Online Guessing Attacks with Device Cookies"; Argo CD operator manual,
"User Management", "Failed logins rate limiting", for the numbers.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

_REMEMBERED_S: Final = 90 * 24 * 3600
_MOST_KNOWN: Final = 50


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one account at one place; times in Unix seconds, 0 for never."""

    failures: int = 0
    failed_at: int = 0
    logged_in_at: int = 0


Places = Mapping[str, Place]
"""The places of one account."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How many failures there may be.

    Attributes:
        most_failures: from one place, within the window.
        most_failures_from_new_places: from all new places together, within the window.
        window_s: how long a failure counts; 0 means for ever.
    """

    most_failures: int = 5
    most_failures_from_new_places: int = 50
    window_s: int = 300


def is_blocked(places: Places, place: str, limits: Limits, now: int) -> bool:
    """Return whether an account must not be tried from a place, be the password right or wrong."""
    own = places.get(place, Place())
    if _failures(own, limits, now) >= limits.most_failures:
        return True
    if own.logged_in_at:
        return False
    new = [known for known in places.values() if not known.logged_in_at]
    total = sum(_failures(each, limits, now) for each in new)
    return total >= limits.most_failures_from_new_places


def after_failure(places: Places, place: str, limits: Limits, now: int) -> dict[str, Place]:
    """Return the places after a wrong password."""
    own = places.get(place, Place())
    failed = Place(
        failures=_failures(own, limits, now) + 1, failed_at=now, logged_in_at=own.logged_in_at
    )
    return pruned({**places, place: failed}, limits, now)


def after_success(places: Places, place: str, limits: Limits, now: int) -> dict[str, Place]:
    """Return the places after the right password: the failures from there are forgiven."""
    return pruned({**places, place: Place(logged_in_at=now)}, limits, now)


def merged(one: Places, other: Places) -> dict[str, Place]:
    """Return what two replicas know of an account; no failure gets lost."""
    places = dict(one)
    for name, place in other.items():
        places[name] = _newest(places[name], place) if name in places else place
    return places


def pruned(places: Places, limits: Limits, now: int) -> dict[str, Place]:
    """Return the places without those that no longer say anything, and at most so many known."""
    alive = {
        name: place
        for name, place in places.items()
        if _failures(place, limits, now) or now - place.logged_in_at < _REMEMBERED_S
    }
    known = sorted(
        (name for name, place in alive.items() if not _failures(place, limits, now)),
        key=lambda name: alive[name].logged_in_at,
    )
    for name in known[:-_MOST_KNOWN]:
        del alive[name]
    return alive


def _newest(one: Place, other: Place) -> Place:
    last = max(one, other, key=lambda place: max(place.failed_at, place.logged_in_at))
    is_forgiven = last.logged_in_at > last.failed_at or not last.failures
    failures = 0 if is_forgiven else max(one.failures, other.failures)
    return Place(
        failures=failures,
        failed_at=last.failed_at if failures else 0,
        logged_in_at=max(one.logged_in_at, other.logged_in_at),
    )


def _failures(place: Place, limits: Limits, now: int) -> int:
    is_over = limits.window_s and now - place.failed_at >= limits.window_s
    return 0 if is_over else place.failures
