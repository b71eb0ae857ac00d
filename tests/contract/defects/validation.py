"""Defects that the group on validation must notice."""

from tests.contract.planted import noticed_by
from tiphys.sandbox.rules import kinds as kindrules


@noticed_by(
    "test_a_wrong_object_is_refused_as_by_a_real_server[a service whose ports have no names]"
)
def services_have_no_rules() -> None:
    del kindrules.RULES["Service"]


@noticed_by("test_a_wrong_object_is_refused_as_by_a_real_server[a secret for TLS without its keys]")
def secrets_need_no_keys() -> None:
    kindrules._SECRET_KEYS.clear()
