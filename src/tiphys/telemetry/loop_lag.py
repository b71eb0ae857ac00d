"""How long the event loop keeps others waiting: nothing should hold it for more than 20 ms."""

import asyncio
from array import array

_EVERY_S = 0.05
_KEPT = 72_000


class LoopLag:
    """Samples of the loop's lag, in seconds; the last hour is kept."""

    def __init__(self) -> None:
        self._samples = array("f")
        self._place = 0

    async def run(self) -> None:
        """Sample until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _EVERY_S
            await asyncio.sleep(_EVERY_S)
            self._keep(max(loop.time() - due, 0.0))

    def _keep(self, lag_s: float) -> None:
        if len(self._samples) < _KEPT:
            self._samples.append(lag_s)
        else:
            self._samples[self._place] = lag_s
            self._place = (self._place + 1) % _KEPT

    def percentile(self, share: float) -> float:
        """Return the lag in seconds that a share of the samples stays below; 0 without samples."""
        ranked = sorted(self._samples)
        return ranked[min(int(len(ranked) * share), len(ranked) - 1)] if ranked else 0.0
