"""Defects that the group on errors must notice."""

from collections.abc import Iterator
from typing import Any

from tests.contract.planted import noticed_by
from tiphys.sandbox.http import handlers, options
from tiphys.sandbox.http.requests import Request
from tiphys.sandbox.typed.decoding import Read
from tiphys.sandbox.typed.kinds import Kind


@noticed_by("test_a_value_of_a_wrong_type_is_named[a number among strings]")
def any_value_fits_any_field() -> None:
    def as_sent(kind: Kind, sent: dict[str, Any]) -> Read:
        return Read(sent, is_known=True)

    vars(handlers)["read_typed"] = as_sent


@noticed_by("test_options_of_a_creation_are_checked[a dry run of a part]")
def options_of_a_write_are_not_looked_at() -> None:
    def none(request: Request) -> Iterator[options.Problem]:
        return iter(())

    options._write_problems = none
