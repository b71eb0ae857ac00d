"""How fast statuses are written that say little new."""

from hypothesis import given
from hypothesis import strategies as st

from tiphys.controller.application.pacing import Pace, Trickle


def _written(
    changes: list[float], *, is_health: bool, trickle: Trickle | None = None
) -> list[float]:
    """Return when one Application's status is written, if it changes at some moments."""
    pace, trickle, written = Pace(), trickle or Trickle(), []
    due: float | None = None
    for moment in [*changes, float("inf")]:
        while due is not None and due <= moment:
            at, due = due, None
            wait_s = pace.wait_s(at, trickle, is_health=is_health)
            if wait_s:
                due = at + wait_s
            else:
                written.append(at)
        if moment == float("inf"):
            break
        wait_s = pace.wait_s(moment, trickle, is_health=is_health)
        if wait_s:
            due = moment + wait_s
        else:
            written.append(moment)
            due = None
    return written


def test_details_of_one_application_are_gathered_for_a_second() -> None:
    assert _written([0.0, 0.1, 0.2, 0.3], is_health=False) == [1.0]


def test_a_commit_over_many_applications_is_written_at_a_limited_rate() -> None:
    trickle = Trickle()

    written = sorted(
        at for _ in range(100) for at in _written([0.0], is_health=False, trickle=trickle)
    )

    assert written[0] == 1.0
    assert 10.8 < written[-1] < 11.0


def test_rows_of_a_large_application_wait_for_more_to_come() -> None:
    pace, trickle = Pace(), Trickle()

    assert pace.wait_s(0.0, trickle, is_health=False, rows=5000) == 11.0


def test_a_few_changes_of_health_are_written_at_once() -> None:
    assert _written([10.0, 10.2, 10.4, 10.6], is_health=True) == [10.0, 10.2, 10.4, 10.6]


def test_health_that_flaps_is_written_every_other_second() -> None:
    written = _written([10 + n / 5 for n in range(300)], is_health=True)

    assert len([at for at in written if at > 20]) <= 26


@given(st.lists(st.floats(0, 60), min_size=1, max_size=60), st.booleans())
def test_the_last_change_is_written_in_the_end(moments: list[float], is_health: bool) -> None:
    changes = sorted(moments)

    written = _written(changes, is_health=is_health)

    assert written
    assert changes[-1] <= written[-1] <= changes[-1] + 10
