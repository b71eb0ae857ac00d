"""The work queue: keys that need a look, each handed to one worker at a time.

A key added while a worker holds it is handed out again when that worker is done, so no wake-up is
lost and no two workers ever hold one key. Delayed and backed-off keys wait on the event loop's own
timers; an earlier wake-up replaces a later one. What can wait, a look at every Application for
example, lets what is urgent go first, but for one key in a few: it always gets on.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_BACKOFF_FIRST_S = 0.5
_BACKOFF_CAP_S = 60.0
_URGENT_IN_A_ROW = 5


class WorkQueue:
    """Keys in the order of their wake-up, never the same key twice at once."""

    def __init__(self) -> None:
        self._ready: dict[str, None] = {}
        self._held: set[str] = set()
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
        if key in self._held:
            self._again.add(key)
        else:
            self._ready[key] = None
            self._wake.set()

    def add_quiet(self, key: str) -> None:
        """Ask for a look at a key that can wait for more urgent ones."""
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
        delay_s = min(_BACKOFF_FIRST_S * 2.0**failures, _BACKOFF_CAP_S)
        self.add_after(key, delay_s)
        return delay_s

    def succeeded(self, key: str) -> None:
        """Start the next backoff of a key from the beginning."""
        self._failures.pop(key, None)

    def forget(self, key: str) -> None:
        """Drop all that is known of a key, for one that no longer exists."""
        self._failures.pop(key, None)
        self._ready.pop(key, None)
        self._again.discard(key)
        self._quiet.pop(key, None)
        self._quiet_again.discard(key)
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[str]:
        """Wait for a key and hold it for the length of the `async with` block."""
        while not (self._ready or self._quiet):
            self._wake.clear()
            await self._wake.wait()
        key = self._next()
        self._held.add(key)
        try:
            yield key
        finally:
            self._held.discard(key)
            if key in self._again:
                self._again.discard(key)
                self.add(key)
            elif key in self._quiet_again:
                self.add_quiet(key)
            self._quiet_again.discard(key)

    def _next(self) -> str:
        is_turn_of_quiet = self._quiet and self._urgent_in_a_row >= _URGENT_IN_A_ROW
        ready = self._quiet if is_turn_of_quiet or not self._ready else self._ready
        self._urgent_in_a_row = 0 if ready is self._quiet else self._urgent_in_a_row + 1
        key = next(iter(ready))
        del ready[key]
        return key

    def close(self) -> None:
        """Cancel every timer."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _fire(self, key: str) -> None:
        self._timers.pop(key, None)
        self.add(key)
