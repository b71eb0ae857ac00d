"""Lets others have the event loop in the middle of long work."""

import asyncio
import time

_HOLD_S = 0.005


class Breath:
    """Gives the loop away once it was held for some milliseconds."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    async def take(self) -> None:
        """Let others go on, if they have waited; cheap enough for every turn of a loop."""
        if time.perf_counter() - self._since > _HOLD_S:
            await asyncio.sleep(0)
            self._since = time.perf_counter()
