"""Who is told of changes: one that fails does not keep the others, or the feed, from going on."""

import logging
from collections.abc import Callable
from typing import Generic, ParamSpec

log = logging.getLogger(__name__)

P = ParamSpec("P")


class Listeners(Generic[P]):
    """Functions that are called with each change, in the order in which they were added."""

    def __init__(self, what: str) -> None:
        """Prepare.

        Args:
            what: they are told of, for the log.
        """
        self._what = what
        self._all: list[Callable[P, None]] = []

    def add(self, listener: Callable[P, None]) -> Callable[[], None]:
        """Add a listener, which must return at once; return a function that removes it."""
        self._all.append(listener)
        return lambda: self._all.remove(listener)

    def tell(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Call every listener; what one raises is logged."""
        for listener in tuple(self._all):
            try:
                listener(*args, **kwargs)
            except Exception:
                who = getattr(listener, "__qualname__", type(listener).__name__)
                log.exception("a listener failed", extra={"listener": who, "told_of": self._what})
