"""Defects that the group on immutability must notice."""

from tiphys.sandbox.defaulting import table


def selectors_may_change() -> None:
    del table()["immutable"]["Deployment.apps"]
