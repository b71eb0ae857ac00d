"""Defects that the group on watches must notice."""

from typing import Any

from tests.contract.planted import noticed_by
from tiphys.sandbox.http.watches import _Stream


@noticed_by("test_a_watch_from_a_version_tells_what_came_after")
def selectors_see_only_what_an_object_is_now() -> None:
    event = _Stream._event

    def forgetful(self: _Stream, change: Any) -> bytes:
        change.previous = None
        return event(self, change)

    _Stream._event = forgetful  # type: ignore[method-assign]


@noticed_by("test_initial_events_end_with_a_bookmark")
def initial_events_have_no_end() -> None:
    def silent(self: _Stream, annotations: dict[str, str]) -> bytes:
        return b""

    _Stream._bookmark = silent  # type: ignore[method-assign]
