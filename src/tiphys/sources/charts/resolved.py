"""What a chart or artifact turned out to be."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """One archive to fetch.

    Attributes:
        revision: what the status shows: a chart's version, or an artifact's digest.
        digest: SHA-256 of the archive, 64 hexadecimal digits.
        is_chart: the archive holds a chart in one folder.
        fetch: writes the archive into a file, its digest compared.
    """

    revision: str
    digest: str
    is_chart: bool
    fetch: Callable[[Path], Awaitable[object]]
