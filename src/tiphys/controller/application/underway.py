"""Work on one Application that goes on beside the workers.

A repository, a cluster or a hook may take its time, and whoever waits for it must hold up nobody:
neither the workers that all Applications share, nor the other half of its own Application. So such
work runs as a task that its Application owns. Who needs the result waits for a moment; when the
work takes longer, the look ends, and its key is woken when the work is done.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

import msgspec

PATIENCE_S: Final = 0.25

T = TypeVar("T")


class NotYetError(Exception):
    """A piece of work is not done; there will be another look when it is."""

    def __init__(self, name: str, since_s: float) -> None:
        super().__init__(f"{name} is under way")
        self.name, self.since_s = name, since_s


class _Piece(msgspec.Struct, frozen=True):
    subject: object
    task: asyncio.Task[Any]
    began_s: float


class Underway:
    """All work on one Application that is under way, by name.

    Attributes:
        patience_s: how long the first who asks for a result waits for it.
    """

    def __init__(self, wake: Callable[[], None], *, patience_s: float = PATIENCE_S) -> None:
        """Prepare; nothing is under way.

        Args:
            wake: called when work is done whose result was asked for in vain.
            patience_s: how long the first who asks for a result waits for it.
        """
        self._wake, self.patience_s = wake, patience_s
        self._pieces: dict[str, _Piece] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._pieces

    async def result(
        self, name: str, subject: object, work: Callable[[], Coroutine[Any, Any, T]]
    ) -> T:
        """Return what a piece of work gives; each result is given once.

        Args:
            name: there is one piece of each name at a time.
            subject: what it is about; work about something else is given up.
            work: begins it, where it is not under way.

        Raises:
            NotYetError: it takes longer.
        """
        piece = self._pieces.get(name)
        if piece is not None and piece.subject != subject:
            await self.drop(name)
            piece = None
        if piece is None:
            piece = self._begin(name, subject, work)
            await asyncio.wait([piece.task], timeout=self.patience_s)
            if not piece.task.done():
                piece.task.add_done_callback(lambda _: self._wake())
        if not piece.task.done():
            raise NotYetError(name, asyncio.get_running_loop().time() - piece.began_s)
        del self._pieces[name]
        result: T = piece.task.result()
        return result

    def _begin(
        self, name: str, subject: object, work: Callable[[], Coroutine[Any, Any, Any]]
    ) -> _Piece:
        piece = _Piece(
            subject, asyncio.create_task(work(), name=name), asyncio.get_running_loop().time()
        )
        self._pieces[name] = piece
        return piece

    async def drop(self, *names: str) -> None:
        """Give up pieces of work, where they are under way."""
        pieces = [self._pieces.pop(name) for name in names if name in self._pieces]
        for piece in pieces:
            piece.task.cancel()
        await asyncio.gather(*(piece.task for piece in pieces), return_exceptions=True)

    async def close(self) -> None:
        """Give up everything."""
        await self.drop(*self._pieces)
