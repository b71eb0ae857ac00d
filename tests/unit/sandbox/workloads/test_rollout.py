"""How a Deployment moves from one template to the next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.sandbox.workloads.owners import count_or_percent
from tiphys.sandbox.workloads.rollout import Counts, Rollout


@pytest.mark.parametrize(
    ("current", "old", "new", "left"),
    [
        pytest.param((0, 0, 0), {}, 4, {}, id="a first rollout starts all at once"),
        pytest.param(
            (0, 0, 0), {"a": (4, 4, 4)}, 1, {"a": 3}, id="an update starts with its slack"
        ),
        pytest.param((1, 1, 0), {"a": (3, 3, 3)}, 2, {"a": 3}, id="what was let go makes room"),
        pytest.param((2, 2, 2), {"a": (3, 3, 3)}, 2, {"a": 1}, id="ready ones replace old ones"),
        pytest.param((4, 4, 4), {"a": (1, 1, 1)}, 4, {"a": 0}, id="the last old one goes"),
        pytest.param((1, 1, 0), {"a": (4, 4, 0)}, 1, {"a": 3}, id="broken old ones go first"),
        pytest.param((6, 6, 6), {}, 4, {}, id="fewer are wanted"),
    ],
)
def test_a_rolling_update_of_four_with_a_slack_of_one(
    current: Counts, old: dict[str, Counts], new: int, left: dict[str, int]
) -> None:
    plan = Rollout.plan(4, (1, 1), current, old)

    assert (plan.new, plan.old) == (new, left)


@pytest.mark.parametrize(("there", "new"), [(2, 0), (0, 4)])
def test_recreating_waits_until_the_old_pods_are_gone(there: int, new: int) -> None:
    plan = Rollout.plan(4, (0, 4), (0, 0, 0), {"a": (0, there, 0)}, is_recreate=True)

    assert (plan.new, plan.old) == (new, {"a": 0})


@given(st.integers(1, 12), st.integers(0, 4), st.integers(0, 4))
def test_a_rollout_ends_and_keeps_within_its_slack(
    replicas: int, surge: int, unavailable: int
) -> None:
    slack = (surge, unavailable if surge or unavailable else 1)
    new, old = 0, replicas
    for _ in range(4 * replicas + 4):
        plan = Rollout.plan(replicas, slack, (new, new, new), {"a": (old, old, old)})
        new, old = plan.new, plan.old["a"]

        assert new + old <= replicas + slack[0]
        assert new + old >= replicas - slack[1] or new == 0
    assert (new, old) == (replicas, 0)


@pytest.mark.parametrize(
    ("value", "up", "expected"),
    [("25%", True, 3), ("25%", False, 2), (3, True, 3), ("0%", True, 0), ("100%", False, 10)],
)
def test_percentages_of_ten(value: object, up: bool, expected: int) -> None:
    assert count_or_percent(value, 10, up=up) == expected
