"""Failed logins: what blocks whom, and for how long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.engine.logins import (
    Limits,
    Place,
    Places,
    after_failure,
    after_success,
    is_blocked,
    merged,
    pruned,
)

LIMITS = Limits(most_failures=5, most_failures_from_new_places=50, window_s=300)
NOW = 1_000_000


def failing(count: int, *names: str, places: Places = {}, now: int = NOW) -> Places:  # noqa: B006
    for _ in range(count):
        for name in names:
            places = after_failure(places, name, LIMITS, now)
    return places


@pytest.mark.parametrize(
    ("failures", "later_s", "blocked"),
    [
        pytest.param(4, 0, False, id="four are borne"),
        pytest.param(5, 0, True, id="five are too many"),
        pytest.param(5, 299, True, id="until the window ends"),
        pytest.param(5, 300, False, id="and no longer"),
    ],
)
def test_a_place_is_blocked_by_its_failures(failures: int, later_s: int, blocked: bool) -> None:
    places = failing(failures, "here")

    assert is_blocked(places, "here", LIMITS, NOW + later_s) is blocked


def test_a_window_of_zero_never_ends() -> None:
    limits = Limits(window_s=0)
    places = failing(5, "here")

    assert is_blocked(places, "here", limits, NOW + 10**9)


def test_a_place_does_not_block_another() -> None:
    assert not is_blocked(failing(5, "attacker"), "owner", LIMITS, NOW)


def test_many_places_together_block_new_ones_and_not_the_owner() -> None:
    """Fails when the failures of new places are not added up, or count for known ones."""
    places: Places = after_success({}, "owner", LIMITS, NOW)
    places = failing(5, *(f"attacker-{n}" for n in range(10)), places=places)

    assert is_blocked(places, "attacker-10", LIMITS, NOW)
    assert not is_blocked(places, "owner", LIMITS, NOW)


def test_the_right_password_forgives_the_place_that_it_comes_from() -> None:
    places = after_success(failing(4, "here", "there"), "here", LIMITS, NOW)

    assert not is_blocked(failing(4, "here", places=places), "here", LIMITS, NOW)
    assert is_blocked(failing(1, "there", places=places), "there", LIMITS, NOW)


def test_what_is_kept_stays_small() -> None:
    """CVE-2024-21662. Fails when `pruned` keeps places that say nothing."""
    places: Places = {}
    for number in range(500):
        places = after_success(places, f"device-{number}", LIMITS, NOW + number)
    assert len(places) <= 50
    places = failing(1, *(f"address-{n}" for n in range(300)), places=places)

    assert len(pruned(places, LIMITS, NOW + 10_000)) <= 50


@st.composite
def histories(draw: st.DrawFn) -> Places:
    places: Places = {}
    now = NOW
    for _ in range(draw(st.integers(0, 12))):
        now += draw(st.integers(0, 40))
        name = draw(st.sampled_from("abc"))
        step = after_failure if draw(st.integers(0, 3)) else after_success
        places = step(places, name, LIMITS, now)
    return places


@given(histories(), histories(), st.sampled_from("abc"))
def test_merging_never_forgets_a_block(one: Places, other: Places, name: str) -> None:
    now = NOW + 480
    fresh = {n: p for n, p in one.items() if not p.logged_in_at}
    both = merged(fresh, {n: p for n, p in other.items() if not p.logged_in_at})

    assert is_blocked(both, name, LIMITS, now) >= is_blocked(fresh, name, LIMITS, now)


@given(histories())
def test_merging_with_oneself_changes_nothing(places: Places) -> None:
    assert merged(places, places) == places


def test_what_one_replica_forgave_another_does_not_bring_back() -> None:
    before = {"here": Place(failures=4, failed_at=NOW)}
    after = {"here": Place(logged_in_at=NOW + 1)}

    assert merged(after, before) == merged(before, after) == after
