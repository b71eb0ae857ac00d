"""Lines of logs, their times, and which of them are wanted."""

from datetime import UTC, datetime

import pytest

from tiphys.engine.log_lines import LineFilter, LogLine, moment_of, parse_line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "2026-01-02T03:04:05.123456789Z hello you",
            LogLine("2026-01-02T03:04:05.123456789Z", "hello you", "p"),
            id="a time and a text",
        ),
        pytest.param("2026-01-02T03:04:05Z ", LogLine("2026-01-02T03:04:05Z", "", "p"), id="empty"),
        pytest.param("2026-01-02T03:04:05Z", LogLine("2026-01-02T03:04:05Z", "", "p"), id="bare"),
        pytest.param("hello you", LogLine("", "hello you", "p"), id="no time"),
        pytest.param(
            "2026-99-99T99:99:99Z x", LogLine("", "2026-99-99T99:99:99Z x", "p"), id="no date"
        ),
    ],
)
def test_a_line_begins_with_its_time(text: str, expected: LogLine) -> None:
    assert parse_line(text, "p") == expected


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2026-01-02T03:04:05Z", 0),
        ("2026-01-02T03:04:05.1Z", 100_000),
        ("2026-01-02T03:04:05.123456789Z", 123_456),
        ("2026-01-02T05:04:05.5+02:00", 500_000),
    ],
)
def test_times_have_up_to_nine_digits_of_a_second(text: str, microsecond: int) -> None:
    wanted = datetime(2026, 1, 2, 3, 4, 5, microsecond, tzinfo=UTC)
    assert moment_of(text) == wanted


@pytest.mark.parametrize(
    ("line_filter", "wanted"),
    [
        (LineFilter(), True),
        (LineFilter(text="ERROR"), True),
        (LineFilter(text="error", matches_case=True), False),
        (LineFilter(text="!error"), False),
        (LineFilter(text="!warning"), True),
        (LineFilter(text="!"), True),
    ],
)
def test_a_filter_asks_for_a_text_or_its_absence(line_filter: LineFilter, *, wanted: bool) -> None:
    assert line_filter.wants(LogLine("", "an Error happened", "p")) is wanted


def test_what_comes_after_the_end_is_over() -> None:
    until = LineFilter(until=datetime(2026, 1, 1, tzinfo=UTC))

    assert until.is_over(LogLine("2026-01-01T00:00:01Z", "", "p"))
    assert not until.is_over(LogLine("2025-12-31T23:59:59Z", "", "p"))
    assert not until.is_over(LogLine("", "no time", "p"))
