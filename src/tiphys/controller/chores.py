"""What the controller does in the background when something shared changes, each by its name.

Nothing here runs as a task of its own that nobody looks after: a chore that fails is logged and
done again after a pause, and one that is asked for while it runs is done once more.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

log = logging.getLogger(__name__)

_FIRST_PAUSE_S: Final = 1.0
_PAUSE_CAP_S: Final = 60.0

Chore = Callable[[], Awaitable[None]]


class Chores:
    """Does chores, one after the other, in the order in which they were asked for."""

    def __init__(self, *, first_pause_s: float = _FIRST_PAUSE_S) -> None:
        """Prepare.

        Args:
            first_pause_s: before a chore that failed is done again; it doubles each time.
        """
        self._first_pause_s = first_pause_s
        self._asked: dict[str, Chore] = {}
        self._failures: dict[str, int] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._wake = asyncio.Event()

    def ask(self, name: str, chore: Chore) -> None:
        """Have a chore done soon; asked for several times before it begins, it is done once."""
        self._asked[name] = chore
        self._wake.set()

    async def run(self) -> None:
        """Do what is asked for until cancelled."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._asked:
                    name = next(iter(self._asked))
                    await self._do(name, self._asked.pop(name))
        finally:
            for timer in self._timers.values():
                timer.cancel()

    async def _do(self, name: str, chore: Chore) -> None:
        try:
            await chore()
        except Exception:
            failures = self._failures.get(name, 0)
            self._failures[name] = failures + 1
            pause_s = min(self._first_pause_s * 2.0**failures, _PAUSE_CAP_S)
            log.exception("a chore failed", extra={"chore": name, "again_s": pause_s})
            loop = asyncio.get_running_loop()
            self._timers[name] = loop.call_later(pause_s, self._ask_again, name, chore)
        else:
            self._failures.pop(name, None)

    def _ask_again(self, name: str, chore: Chore) -> None:
        self._timers.pop(name, None)
        if name not in self._asked:
            self.ask(name, chore)
