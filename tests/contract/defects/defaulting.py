"""Defects that the group on defaulting must notice."""

from tiphys.sandbox.admission import Admission
from tiphys.sandbox.defaulting import table


def probes_have_no_defaults() -> None:
    del table()["types"]["core.v1.Probe"]


def pods_get_no_account() -> None:
    Admission._account = lambda *_: None  # type: ignore[method-assign]
