"""What is read from settings objects, parsed again only when one of them changed."""

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from tiphys.kube.informer import Informer
from tiphys.model.keys import Manifest

_T = TypeVar("_T")
Source = tuple[Informer, str]


class Live(Generic[_T]):
    """A value that follows the objects that it is read from; call it to get it."""

    def __init__(
        self,
        sources: Callable[[], Iterable[Source]],
        parse: Callable[[], _T],
        changed: Callable[[_T], None] = lambda _: None,
    ) -> None:
        """Read nothing yet.

        Args:
            sources: gives the objects by "namespace/name".
            parse: gives the value, from what the collections hold.
            changed: told of each value that was parsed anew.
        """
        self._sources, self._parse, self._changed = sources, parse, changed
        self._read_from: list[Manifest | None] = []
        self._value: _T | None = None

    def __call__(self) -> _T:
        """Return the value in force."""
        now = [informer.get(key) for informer, key in self._sources()]
        if (
            self._value is None
            or len(now) != len(self._read_from)
            or any(new is not old for new, old in zip(now, self._read_from, strict=True))
        ):
            self._value = self._parse()
            self._read_from = now
            self._changed(self._value)
        return self._value
