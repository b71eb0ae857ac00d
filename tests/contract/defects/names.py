"""Defects that the group on names must notice."""

from collections.abc import Iterator

from tiphys.sandbox import handlers, names
from tiphys.sandbox.kinds import Kind


def every_name_is_taken() -> None:
    def none(kind: Kind, name: str) -> Iterator[str]:
        return iter(())

    names.name_errors = none


def an_update_never_makes_an_object() -> None:
    handlers.MADE_BY_UPDATE.clear()
