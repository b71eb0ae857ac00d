"""Defects that the group on names must notice."""

from collections.abc import Iterator

from tests.contract.planted import noticed_by
from tiphys.sandbox import names
from tiphys.sandbox.http import handlers
from tiphys.sandbox.typed.kinds import Kind


@noticed_by("test_a_name_that_its_kind_does_not_take[capitals of a ConfigMap]")
def every_name_is_taken() -> None:
    def none(kind: Kind, name: str) -> Iterator[str]:
        return iter(())

    names.name_errors = none


@noticed_by("test_an_update_of_a_missing_object[of a Role makes one]")
def an_update_never_makes_an_object() -> None:
    handlers.MADE_BY_UPDATE.clear()
