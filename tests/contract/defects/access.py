"""Defects that the group on access must notice."""

from tests.contract.planted import noticed_by
from tiphys.sandbox.access import escalation, rbac
from tiphys.sandbox.access.asked import Asked


@noticed_by("test_a_role_gives_what_its_rules_say[of another name]")
def names_of_rules_are_ignored() -> None:
    allows = rbac.allows

    def lenient(rule: rbac.Rule, asked: Asked) -> bool:
        return allows({**rule, "resourceNames": []}, asked)

    rbac.allows = lenient


@noticed_by("test_nobody_grants_what_he_does_not_hold")
def everybody_grants_everything() -> None:
    escalation._covers = lambda rule, atom: True
