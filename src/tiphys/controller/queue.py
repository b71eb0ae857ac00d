"""The work queue: keys that need a look, each handed to one worker at a time.

A key added while a worker holds it is handed out again when that worker is done, so no wake-up is
lost and no two workers ever hold one key. Delayed and backed-off keys wait on the event loop's own
timers; an earlier wake-up replaces a later one. What can wait, a look at every Application for
example, lets what is urgent go first, but for one key in a few: it always gets on.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from tiphys.telemetry.metrics import ControllerMetrics

_BACKOFF_FIRST_S = 0.5
_BACKOFF_CAP_S = 60.0
_URGENT_IN_A_ROW = 5


class WorkQueue:
    """Keys in the order of their wake-up, never the same key twice at once."""

    def __init__(self, metrics: ControllerMetrics | None = None) -> None:
        """Begin empty.

        Args:
            metrics: told of what is queued and worked on; None for none.
        """
        self._metrics = metrics
        self._queued_at: dict[str, float] = {}
        self._leased_at: dict[str, float] = {}
        self._ready: dict[str, None] = {}
        self._held: dict[str, bool] = {}  # whether its turn was an urgent one
        self._again: set[str] = set()
        self._quiet: dict[str, None] = {}
        self._quiet_again: set[str] = set()
        self._urgent_in_a_row = 0
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._failures: dict[str, int] = {}
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return len(self._ready)

    @property
    def is_idle(self) -> bool:
        """True when no key is ready or held."""
        return not self._ready and not self._quiet and not self._held

    def add(self, key: str) -> None:
        """Ask for a look at a key as soon as a worker is free."""
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
        self._quiet.pop(key, None)
        self._note(key)
        if key in self._held:
            self._again.add(key)
        else:
            self._ready[key] = None
            self._wake.set()

    def add_quiet(self, key: str) -> None:
        """Ask for a look at a key that can wait for more urgent ones."""
        self._note(key)
        if key in self._held:
            self._quiet_again.add(key)
        elif key not in self._ready:
            self._quiet[key] = None
            self._wake.set()

    def add_after(self, key: str, delay_s: float) -> None:
        """Ask for a look at a key after a delay; an earlier wake-up already set stays."""
        if delay_s <= 0:
            self.add(key)
            return
        loop = asyncio.get_running_loop()
        timer = self._timers.get(key)
        if timer is not None:
            if timer.when() <= loop.time() + delay_s:
                return
            timer.cancel()
        self._timers[key] = loop.call_later(delay_s, self._fire, key)

    def add_backoff(self, key: str) -> float:
        """Ask for a look after a delay that doubles with each failure in a row; return seconds."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        if self._metrics is not None:
            self._metrics.retried()
        delay_s = min(_BACKOFF_FIRST_S * 2.0**failures, _BACKOFF_CAP_S)
        self.add_after(key, delay_s)
        return delay_s

    def succeeded(self, key: str) -> None:
        """Start the next backoff of a key from the beginning."""
        self._failures.pop(key, None)

    def forget(self, key: str) -> None:
        """Drop all that is known of a key, for one that no longer exists."""
        self._failures.pop(key, None)
        self._queued_at.pop(key, None)
        self._ready.pop(key, None)
        self._again.discard(key)
        self._quiet.pop(key, None)
        self._quiet_again.discard(key)
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()

    @asynccontextmanager
    async def lease(self, *, urgent_only: bool = False) -> AsyncIterator[str]:
        """Wait for a key and hold it for the length of the `async with` block.

        Args:
            urgent_only: leave keys that can wait to others.
        """
        while not (self._ready or (self._quiet and not urgent_only)):
            self._wake.clear()
            await self._wake.wait()
        is_urgent = urgent_only or self._is_turn_of_urgent()
        ready = self._ready if is_urgent else self._quiet
        key = next(iter(ready))
        del ready[key]
        self._held[key] = is_urgent
        began = time.monotonic()
        self._leased_at[key] = began
        if self._metrics is not None:
            self._metrics.leased(began - self._queued_at.pop(key, began))
        try:
            yield key
        finally:
            del self._held[key]
            self._leased_at.pop(key, None)
            if self._metrics is not None:
                self._metrics.worked(time.monotonic() - began)
            if key in self._again:
                self._again.discard(key)
                self.add(key)
            elif key in self._quiet_again:
                self.add_quiet(key)
            self._quiet_again.discard(key)

    def is_urgent(self, key: str) -> bool:
        """Return whether a held key was handed out as one that cannot wait, or has become one."""
        return self._held.get(key, False) or key in self._again

    def _is_turn_of_urgent(self) -> bool:
        is_turn_of_quiet = self._quiet and self._urgent_in_a_row >= _URGENT_IN_A_ROW
        is_urgent = bool(self._ready) and not is_turn_of_quiet
        self._urgent_in_a_row = self._urgent_in_a_row + 1 if is_urgent else 0
        return is_urgent

    @property
    def depth(self) -> int:
        """How many keys wait, urgent or not."""
        return len(self._ready) + len(self._quiet)

    def oldest_s(self) -> float:
        """Return for how many seconds the key that was queued first has been waiting; 0 for none.

        Keys that wait for a moment in the future are not counted.
        """
        return _age(self._queued_at.values())

    def longest_work_s(self) -> float:
        """Return for how many seconds the key that is worked on longest is held; 0 for none."""
        return _age(self._leased_at.values())

    def unfinished_work_s(self) -> float:
        """Return the seconds that all keys held now have been worked on, added up."""
        now = time.monotonic()
        return sum(now - at for at in self._leased_at.values())

    def _note(self, key: str) -> None:
        self._queued_at.setdefault(key, time.monotonic())
        if self._metrics is not None:
            self._metrics.queued()

    def close(self) -> None:
        """Cancel every timer."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _fire(self, key: str) -> None:
        self._timers.pop(key, None)
        self.add(key)


def _age(moments: Collection[float]) -> float:
    return time.monotonic() - min(moments) if moments else 0.0
