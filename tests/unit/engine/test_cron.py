from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.engine.cron import parse_schedule
from tiphys.model.errors import InvalidInputError

TUESDAY = datetime(2026, 12, 1, 12, 30, tzinfo=UTC)
WEEK = timedelta(days=7)


def _days(schedule: str, count: int = 14) -> list[int]:
    """Return the days of December 2026 on which a daily schedule comes about."""
    found: list[int] = []
    moment, end = datetime(2026, 11, 30, 23, 59, tzinfo=UTC), TUESDAY + 4 * WEEK
    parsed = parse_schedule(schedule)
    while len(found) < count:
        following = parsed.next(moment, end)
        if following is None:
            break
        found.append(following.day)
        moment = following
    return found


@pytest.mark.parametrize(
    ("schedule", "days"),
    [
        pytest.param("0 0 * * 1", [7, 14, 21, 28], id="a weekday"),
        pytest.param("0 0 ? * 1", [7, 14, 21, 28], id="a question mark is a star"),
        pytest.param("0 0 1,15 * *", [1, 15], id="days of the month"),
        pytest.param("0 0 1 * 1", [1, 7, 14, 21, 28], id="two restricted fields: either"),
        pytest.param(
            "0 0 */10 * 1", [1, 7, 11, 14, 21, 28], id="a star with a step is a restriction"
        ),
        pytest.param("0 0 */1 * 1", [7, 14, 21, 28], id="a step of one is none"),
        pytest.param("0 0 ?/10 * MON", [1, 7, 11, 14, 21, 28], id="names, and ? with a step"),
        pytest.param("0 0 27/2 * *", [27, 29], id="from a day on, every other"),
        pytest.param("0 0 * dec-dec sun", [6, 13, 20, 27], id="names in any case"),
        pytest.param("0 0 * 11 *", [], id="another month"),
        pytest.param("0 0 31 2 *", [], id="a day that never comes"),
        pytest.param("0 0 1,,2 * *", [1, 2], id="an empty part counts for nothing"),
    ],
)
def test_a_schedule_names_days(schedule: str, days: list[int]) -> None:
    assert _days(schedule) == days


@pytest.mark.parametrize(
    "schedule",
    [
        "", "* * * *", "0 * * * * *", "not a cron", "60 * * * *", "* 24 * * *", "* * 0 * *",
        "* * * 13 *", "* * * * 7", "* * L * *", "* * * * 1#1", "5-1 * * * *", "*/0 * * * *",
        "1/2/3 * * * *", "@daily", "@every 1h", "1-2-3 * * * *", ", * * * *", "-1 * * * *",
        "* * * * mon-foo", "9" * 30 + " * * * *", "* " * 400, "* * * * ²",
    ],
)  # fmt: skip
def test_what_argo_cd_cannot_read_is_not_read(schedule: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_schedule(schedule)


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        pytest.param(
            "30 2 * * *",
            datetime(2026, 3, 29, 0, 0, tzinfo=BERLIN),
            datetime(2026, 3, 30, 0, 30, tzinfo=UTC),
            id="a time that summer time leaves out",
        ),
        pytest.param(
            "30 2 * * *",
            datetime(2026, 10, 25, 0, 0, tzinfo=BERLIN),
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
            id="the first of two equal times",
        ),
        pytest.param(
            "30 2 * * *",
            datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN),
            datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
            id="and then the second",
        ),
    ],
)
def test_where_clocks_change(schedule: str, after: datetime, expected: datetime) -> None:
    assert parse_schedule(schedule).next(after, after + WEEK) == expected


@given(
    st.integers(0, 59),
    st.integers(0, 23),
    st.integers(0, 10**8),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
)
def test_the_next_time_shows_what_the_schedule_says_and_lies_ahead(
    minute: int, hour: int, second: int, zone: str
) -> None:
    after = (TUESDAY + timedelta(seconds=second)).astimezone(ZoneInfo(zone))

    found = parse_schedule(f"{minute} {hour} * * *").next(after, after + WEEK)

    assert found is not None
    local = found.astimezone(ZoneInfo(zone))
    assert (local.minute, local.hour) == (minute, hour)
    assert timedelta() < found - after.astimezone(UTC) <= timedelta(hours=49)
