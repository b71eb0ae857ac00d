"""The time, as objects carry it."""

import time
from datetime import UTC, datetime
from functools import lru_cache


def utc_now() -> str:
    """Return the current time as objects carry it: RFC 3339, whole seconds."""
    return _text(int(time.time()))


@lru_cache(maxsize=1)
def _text(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
