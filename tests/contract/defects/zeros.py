"""Defects that the group on empty values must notice."""

from typing import Any

from tests.contract.planted import noticed_by
from tiphys.sandbox.typed import scalars
from tiphys.sandbox.typed import structs as typed

TEST = "test_what_says_nothing_is_kept_as_a_real_server_keeps_it"


@noticed_by(f"{TEST}[a deployment full of nulls and empty values]")
def empty_values_are_kept() -> None:
    typed._COLLECTIONS.clear()


@noticed_by(f"{TEST}[quantities in many ways of writing]")
def quantities_stay_as_written() -> None:
    def as_written(value: Any) -> Any:
        return value

    scalars.canonical_quantity = as_written  # type: ignore[attr-defined, assignment]
