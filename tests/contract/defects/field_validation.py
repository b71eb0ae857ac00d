"""Defects that the group on field validation must notice."""

from collections.abc import Iterator
from typing import Any

from tests.contract.planted import noticed_by
from tiphys.sandbox.http import handlers
from tiphys.sandbox.http.patching import Patch


@noticed_by("test_strict_refuses_every_unknown_and_repeated_field")
def bodies_are_not_read_strictly() -> None:
    def nothing(*_: Any) -> Iterator[str]:
        return iter(())

    handlers.strictly = nothing  # type: ignore[attr-defined, assignment]


@noticed_by("test_a_strict_patch_is_refused[a merge patch that says it twice]")
def patches_are_not_read_strictly() -> None:
    def nothing(self: Patch) -> list[str]:
        return []

    Patch._said_of_patch = nothing  # type: ignore[method-assign]
