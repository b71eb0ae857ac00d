"""Defects that the group on watches must notice."""

from typing import Any

from tiphys.sandbox.watches import _Stream


def selectors_see_only_what_an_object_is_now() -> None:
    event = _Stream._event

    def forgetful(self: _Stream, change: Any) -> bytes:
        change.previous = None
        return event(self, change)

    _Stream._event = forgetful  # type: ignore[method-assign]


def initial_events_have_no_end() -> None:
    def silent(self: _Stream, annotations: dict[str, str]) -> bytes:
        return b""

    _Stream._bookmark = silent  # type: ignore[method-assign]
