"""Defects that the group on field validation must notice."""

from collections.abc import Iterator
from typing import Any

from tiphys.sandbox import handlers
from tiphys.sandbox.patching import Patch


def bodies_are_not_read_strictly() -> None:
    def nothing(*_: Any) -> Iterator[str]:
        return iter(())

    handlers.strictly = nothing  # type: ignore[attr-defined, assignment]


def patches_are_not_read_strictly() -> None:
    def nothing(self: Patch) -> list[str]:
        return []

    Patch._said_of_patch = nothing  # type: ignore[method-assign]
