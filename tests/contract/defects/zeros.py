"""Defects that the group on empty values must notice."""

from typing import Any

from tiphys.sandbox import scalars, typed


def empty_values_are_kept() -> None:
    typed._COLLECTIONS.clear()


def quantities_stay_as_written() -> None:
    def as_written(value: Any) -> Any:
        return value

    scalars.canonical_quantity = as_written  # type: ignore[attr-defined, assignment]
