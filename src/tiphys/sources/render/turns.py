"""Whose turn it is to render: many quick jobs, and beside them a few that take long.

Nobody knows how long a job takes before it is run. So each begins among the quick ones. One that
takes longer than a moment makes way for the others: it goes on among the long ones, where fewer
run and at a lower priority. When there is no room it is given up, and waits for its turn there.
"""

import asyncio
import contextlib
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from enum import Enum
from typing import Any, Final

import msgspec

from tiphys.model.errors import RenderError

QUICK_S: Final = 2.0
GIVES_WAY_S: Final = 5.0
_KNOWN_IN_A_ROW: Final = 5
_REST_S: Final = 300.0
_REST_CAP_S: Final = 3600.0
_MOST_KNOWN: Final = 10_000


class OutOfTurnError(Exception):
    """A job takes long, and no place for such is free now; it is to be run again as a long one."""


class RenderLimitError(RenderError):
    """A render exceeded a limit of time, memory, disk or processes."""


class Lane(Enum):
    """Who a job waits with.

    KNOWN_QUICK is for Applications whose last render was quick: they go before the others, but for
    one in a few.
    """

    KNOWN_QUICK = "known quick"
    QUICK = "quick"
    LONG = "long"


class _Places:
    """Places for some jobs at a time, taken first by those that are known to be quick."""

    def __init__(self, count: int) -> None:
        self.free = count
        self._known: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()
        self._known_in_a_row = 0

    async def take(self, *, is_known: bool = False) -> None:
        if self.free:
            self.free -= 1
            return
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._known if is_known else self._others).append(waiting)
        try:
            await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled():
                self.give_back()  # the place came when it was wanted no more
            raise

    def give_back(self) -> None:
        while self._known or self._others:
            is_turn_of_others = self._known_in_a_row >= _KNOWN_IN_A_ROW or not self._known
            line = self._others if self._others and is_turn_of_others else self._known
            self._known_in_a_row = self._known_in_a_row + 1 if line is self._known else 0
            first = (line or self._others or self._known).popleft()
            if not first.done():
                first.set_result(None)
                return
        self.free += 1


class Turn:
    """The place of one job."""

    def __init__(self, turns: "Turns", *, is_long: bool) -> None:
        self._turns, self.is_long = turns, is_long

    async def prolong(self) -> None:
        """Go on among the long jobs.

        Raises:
            OutOfTurnError: there is no room.
        """
        if not self._turns.long.free:
            raise OutOfTurnError
        await self._turns.long.take()  # at once: there is room
        self._turns.quick.give_back()
        self.is_long = True


class Turns:
    """All places."""

    def __init__(self, size: int) -> None:
        """Prepare.

        Args:
            size: how many quick jobs run at a time; as many long ones run beside them.
        """
        self.quick, self.long = _Places(size), _Places(size)

    @contextlib.asynccontextmanager
    async def turn(self, lane: Lane) -> AsyncIterator[Turn]:
        """Wait for a place among the quick or the long jobs, and hold it for the block."""
        is_long = lane is Lane.LONG
        await (self.long if is_long else self.quick).take(is_known=lane is Lane.KNOWN_QUICK)
        turn = Turn(self, is_long=is_long)
        try:
            yield turn
        finally:
            (self.long if turn.is_long else self.quick).give_back()


class _Overrun(msgspec.Struct, frozen=True):
    """What a render exceeded, how often, and until when it is not tried again."""

    error: RenderLimitError
    count: int
    until: float


class Overruns:
    """Renders that took too much, by what went into them: a change makes a new one.

    One that exceeded a limit is not tried again for some minutes, then for twice as long, up to an
    hour.
    """

    def __init__(self, *, rest_s: float = _REST_S) -> None:
        self._rest_s = rest_s
        self._bad: OrderedDict[str, _Overrun] = OrderedDict()
        self._long: OrderedDict[str, None] = OrderedDict()
        self._quick_apps: OrderedDict[str, None] = OrderedDict()

    def is_long(self, key: str) -> bool:
        """Return whether a render is known to take long."""
        return key in self._long

    def lane(self, app: str) -> Lane:
        """Return who an Application's next render waits with, as long as it is not known."""
        return Lane.KNOWN_QUICK if app in self._quick_apps else Lane.QUICK

    def note_quick(self, app: str) -> None:
        """Remember that an Application's render was quick."""
        self._quick_apps[app] = None
        _trim(self._quick_apps)

    def note_long(self, key: str, app: str) -> None:
        """Remember that a render takes long, and whose it is."""
        self._quick_apps.pop(app, None)
        self._long[key] = None
        _trim(self._long)

    def note(self, key: str, error: RenderLimitError) -> None:
        """Remember that a render exceeded a limit."""
        before = self._bad.pop(key, None)
        count = before.count + 1 if before is not None else 1
        rest_s = min(self._rest_s * 2.0 ** (count - 1), _REST_CAP_S)
        self._bad[key] = _Overrun(error, count, time.monotonic() + rest_s)
        _trim(self._bad)

    def require_rested(self, key: str) -> None:
        """Check that a render may be tried.

        Raises:
            RenderLimitError: it exceeded a limit not long ago.
        """
        known = self._bad.get(key)
        if known is not None and time.monotonic() < known.until:
            error = known.error
            raise RenderLimitError(error.what, where=error.where, hint=error.hint)


def _trim(known: OrderedDict[str, Any]) -> None:
    while len(known) > _MOST_KNOWN:
        known.popitem(last=False)
