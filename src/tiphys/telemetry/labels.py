"""Values of labels that come from users: short, and not without number.

Each new value is a new time series, here and in every Prometheus that scrapes us.
"""

from typing import Final
from urllib.parse import urlsplit

_LONGEST: Final = 200
OTHER: Final = "<other>"


class Bounded:
    """Lets a number of values through; those that come after it share one."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen: set[str] = set()

    def value(self, text: str) -> str:
        """Return the value for a text: without credentials, cut at a length."""
        cut = _without_credentials(text)[:_LONGEST]
        if cut in self._seen:
            return cut
        if len(self._seen) >= self._most:
            return OTHER
        self._seen.add(cut)
        return cut


def _without_credentials(text: str) -> str:
    if "@" not in text or "://" not in text:
        return text
    try:
        parts = urlsplit(text)
    except ValueError:
        return text.rpartition("@")[2]
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
