"""When a status is written that says little new.

A commit to a repository of thousands of Applications changes the revision that each was compared
to, and nothing else; a Deployment that rolls out changes rows of resources many times; health may
flap. None of that is worth a write at once: details wait for a quiet moment and go out at a
limited rate for all Applications together, and the health of one Application is written a few
times in a row and then every other second. What is written is always what holds at that moment.
"""

from typing import Final

import msgspec

_DETAILS_PER_S: Final = 10.0
_QUIET_S: Final = 1.0
_QUIET_S_PER_ROW: Final = 0.002
_HEALTHS_IN_A_ROW: Final = 5.0
_HEALTHS_PER_S: Final = 0.5


class Trickle:
    """Hands out the moments at which details may be written, over all Applications."""

    def __init__(self) -> None:
        self._next_at = 0.0

    def next_at(self, now: float, rows: int) -> float:
        """Return when details found now may be written, in seconds of the same clock.

        Args:
            now: in seconds.
            rows: of resources; they are written all together, so many wait for more to come.
        """
        at = max(self._next_at, now + _QUIET_S + rows * _QUIET_S_PER_ROW)
        self._next_at = at + 1 / _DETAILS_PER_S
        return at


class Pace(msgspec.Struct):
    """How fast one Application's status is written.

    Attributes:
        due_at: when what was put off is to be written; None when nothing was.
    """

    due_at: float | None = None
    _left: float = _HEALTHS_IN_A_ROW
    _left_at: float = 0.0

    def wait_s(self, now: float, trickle: Trickle, *, is_health: bool, rows: int = 0) -> float:
        """Return for how long what there is to write is put off; 0 to write it now.

        Args:
            now: in seconds.
            trickle: for details.
            is_health: the health of the whole Application is among it.
            rows: of resources.
        """
        if is_health:
            self._left = min(self._left + (now - self._left_at) * _HEALTHS_PER_S, _HEALTHS_IN_A_ROW)
            self._left_at = now
            if self._left >= 1:
                self._left -= 1
                self.due_at = None
                return 0.0
            at = now + (1 - self._left) / _HEALTHS_PER_S
            self.due_at = at if self.due_at is None else min(self.due_at, at)
        elif self.due_at is None:
            self.due_at = trickle.next_at(now, rows)
        if not is_health and now >= self.due_at:
            self.due_at = None
            return 0.0
        return max(self.due_at - now, 0.01)
