"""When a failed operation is tried again.

Source: Argo CD user guide, "Automated Sync Policy" (retries) and "Sync" (retry strategy).
"""

from collections.abc import Callable

from tiphys.model.operation import Backoff, RetryStrategy

AUTOMATED_RETRY = RetryStrategy(limit=5, backoff=Backoff(duration="5s", factor=2))
"""Automated syncs without a `retry` block: after 5, 10, 20, 40 and 80 seconds."""

_DURATION_S, _FACTOR, _MAX_S = 5.0, 2, 180.0
_LONGEST_S = 10 * 365 * 86400.0  # times of later years cannot be written
Parse = Callable[[str], float]
"""Reads a duration as users write it, in seconds."""


def may_retry(strategy: RetryStrategy, retries: int) -> bool:
    """Return whether one more attempt is allowed after some; a negative limit has no end."""
    return strategy.limit < 0 or retries < strategy.limit


def retry_delay_s(strategy: RetryStrategy, retries: int, parse: Parse) -> float:
    """Return the seconds to wait before the next attempt; a `maxDuration` of 0 is no cap.

    Args:
        strategy: of the operation.
        retries: how often it has been tried again already.
        parse: reads durations.
    """
    backoff = strategy.backoff or Backoff()
    first_s = parse(backoff.duration) if backoff.duration else _DURATION_S
    cap_s = parse(backoff.max_duration) if backoff.max_duration else _MAX_S
    cap_s = cap_s if cap_s > 0 else _LONGEST_S
    factor = backoff.factor if backoff.factor is not None else _FACTOR
    # A float overflows long before anybody retries that often.
    grown = first_s * float(factor) ** min(retries, 64)
    return min(grown, cap_s)


def retrying_message(message: str, attempt: int, at: str) -> str:
    """Return what stands while waiting for the next attempt; `at` is a clock time, "3:04PM"."""
    return f"{message}. Retrying attempt #{attempt} at {at}."


def final_message(message: str, retries: int) -> str:
    """Return what stands when all attempts failed."""
    return f"{message} (retried {retries} times)." if retries else message
