"""Defects that the group on output must notice."""

from tests.contract.planted import noticed_by
from tiphys.sandbox.http import handlers
from tiphys.sandbox.http.columns import COLUMNS
from tiphys.sandbox.http.requests import Request


@noticed_by("test_the_columns_of_a_kind[v1/pods]")
def pods_have_no_columns() -> None:
    del COLUMNS["Pod"]


@noticed_by("test_an_unknown_choice_of_the_object_is_refused")
def everything_is_acceptable() -> None:
    def fits(request: Request) -> None:
        return None

    handlers.check_acceptable = fits  # type: ignore[attr-defined]
