"""What the last look at each Application found, for whoever wants to know without asking again.

The controller writes it, everybody else reads. It lives in memory: losing it costs a fresh look.
"""

from collections.abc import Callable

from tiphys.delivery.compare import Compared

Listener = Callable[[str], None]
"""Called with the "namespace/name" of an Application; must return at once."""


class Findings:
    """The last comparison of every Application."""

    def __init__(self) -> None:
        self._compared: dict[str, Compared] = {}
        self._listeners: list[Listener] = []

    def get(self, key: str) -> Compared | None:
        """Return what was found, None before the first look or when it could not compare."""
        return self._compared.get(key)

    def put(self, key: str, compared: Compared | None) -> None:
        """Take over what a look found; None where it could not compare."""
        if self._compared.get(key) is compared:
            return
        if compared is None:
            self._compared.pop(key, None)
        else:
            self._compared[key] = compared
        for listener in tuple(self._listeners):
            listener(key)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Be told when something new was found; the answer ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)
