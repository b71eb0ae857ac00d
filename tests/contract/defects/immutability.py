"""Defects that the group on immutability must notice."""

from tests.contract.planted import noticed_by
from tiphys.sandbox.typed.defaulting import table


@noticed_by("test_a_change_is_answered_as_by_a_real_server[the selector of a deployment]")
def selectors_may_change() -> None:
    del table()["immutable"]["Deployment.apps"]
