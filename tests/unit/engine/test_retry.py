import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.engine.retry import (
    AUTOMATED_RETRY,
    final_message,
    may_retry,
    retry_delay_s,
    retrying_message,
)
from tiphys.model.errors import InvalidInputError
from tiphys.model.operation import Backoff, RetryStrategy
from tiphys.settings.durations import parse_duration


def parse(text: str) -> float:
    return parse_duration(text, where="backoff")


@pytest.mark.parametrize(
    ("limit", "retries", "expected"),
    [
        pytest.param(0, 0, False, id="no limit is no retry"),
        pytest.param(1, 0, True, id="below the limit"),
        pytest.param(1, 1, False, id="at the limit"),
        pytest.param(-1, 10**6, True, id="a negative limit has no end"),
    ],
)
def test_the_limit_says_how_often_is_tried_again(limit: int, retries: int, expected: bool) -> None:
    assert may_retry(RetryStrategy(limit=limit), retries) is expected


def _delays(strategy: RetryStrategy, count: int) -> list[float]:
    return [retry_delay_s(strategy, retries, parse) for retries in range(count)]


def test_an_automated_sync_is_tried_again_five_times() -> None:
    assert AUTOMATED_RETRY.limit == 5
    assert _delays(AUTOMATED_RETRY, 5) == [5, 10, 20, 40, 80]


@pytest.mark.parametrize(
    ("backoff", "expected"),
    [
        pytest.param(None, [5, 10, 20], id="the defaults"),
        pytest.param(Backoff(), [5, 10, 20], id="an empty backoff"),
        pytest.param(Backoff(duration="1s", factor=3), [1, 3, 9], id="as written"),
        pytest.param(Backoff(duration="1m", max_duration="90s"), [60, 90, 90], id="capped"),
        pytest.param(
            Backoff(duration="2m", max_duration="0"), [120, 240, 480], id="a cap of 0 is none"
        ),
        pytest.param(
            Backoff(duration="2m", max_duration="0s"), [120, 240, 480], id="also with a unit"
        ),
        pytest.param(Backoff(duration="7"), [7, 14, 28], id="a number is seconds"),
        pytest.param(Backoff(duration="1s", factor=1), [1, 1, 1], id="constant"),
        pytest.param(Backoff(duration="1m30s", factor=0), [90, 0, 0], id="a factor of nothing"),
    ],
)
def test_the_backoff_says_how_long_is_waited(
    backoff: Backoff | None, expected: list[float]
) -> None:
    assert _delays(RetryStrategy(limit=5, backoff=backoff), 3) == expected


def test_a_duration_that_nobody_can_read_is_an_error_and_no_default() -> None:
    with pytest.raises(InvalidInputError):
        retry_delay_s(RetryStrategy(limit=1, backoff=Backoff(duration="soon")), 0, parse)


@given(st.integers(0, 10**9), st.integers(1, 10), st.integers(1, 10**4), st.integers(1, 10**4))
def test_the_wait_never_shrinks_and_never_exceeds_the_cap(
    retries: int, factor: int, first_s: int, cap_s: int
) -> None:
    backoff = Backoff(duration=f"{first_s}s", factor=factor, max_duration=f"{cap_s}s")
    strategy = RetryStrategy(limit=-1, backoff=backoff)

    now, later = (retry_delay_s(strategy, n, parse) for n in (retries, retries + 1))

    assert 0 < now <= later <= cap_s


def test_what_is_said_while_waiting_and_at_the_end() -> None:
    assert retrying_message("broken", 2, "3:04PM") == "broken. Retrying attempt #2 at 3:04PM."
    assert final_message("broken", 0) == "broken"
    assert final_message("broken", 1) == "broken (retried 1 times)."
