"""Defects that the group on validation must notice."""

from tiphys.sandbox import kindrules


def services_have_no_rules() -> None:
    del kindrules.RULES["Service"]


def secrets_need_no_keys() -> None:
    kindrules._SECRET_KEYS.clear()
