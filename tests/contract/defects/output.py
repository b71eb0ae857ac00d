"""Defects that the group on output must notice."""

from tiphys.sandbox import handlers
from tiphys.sandbox.columns import COLUMNS
from tiphys.sandbox.requests import Request


def pods_have_no_columns() -> None:
    del COLUMNS["Pod"]


def everything_is_acceptable() -> None:
    def fits(request: Request) -> None:
        return None

    handlers.check_acceptable = fits  # type: ignore[attr-defined]
