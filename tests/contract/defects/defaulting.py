"""Defects that the group on defaulting must notice."""

from tests.contract.planted import noticed_by
from tiphys.sandbox.registry.admission import Admission
from tiphys.sandbox.typed.defaulting import table


@noticed_by(
    "test_a_new_object_is_what_a_real_server_makes_of_it[a pod with limits, probes and environment]"
)
def probes_have_no_defaults() -> None:
    del table()["types"]["core.v1.Probe"]


@noticed_by("test_a_new_object_is_what_a_real_server_makes_of_it[a pod with one container]")
def pods_get_no_account() -> None:
    Admission._account = lambda *_: None  # type: ignore[method-assign]
