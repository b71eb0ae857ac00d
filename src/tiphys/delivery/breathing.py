"""Lets others have the event loop in the middle of long work."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

_HOLD_S = 0.005
_MANY = 200
_T = TypeVar("_T")


async def apart(count: int, work: Callable[[], _T]) -> _T:
    """Return what pure work gives; for many things it runs beside the loop, in a thread.

    Python runs one thread at a time, so nothing gets faster; but the others get their turn.
    """
    return work() if count <= _MANY else await asyncio.to_thread(work)


class Breath:
    """Gives the loop away once it was held for some milliseconds."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    async def take(self) -> None:
        """Let others go on, if they have waited; cheap enough for every turn of a loop."""
        if time.perf_counter() - self._since > _HOLD_S:
            await asyncio.sleep(0)
            self._since = time.perf_counter()
