"""Defects that the group on access must notice."""

from tiphys.sandbox.access import escalation, rbac
from tiphys.sandbox.access.asked import Asked


def names_of_rules_are_ignored() -> None:
    allows = rbac.allows

    def lenient(rule: rbac.Rule, asked: Asked) -> bool:
        return allows({**rule, "resourceNames": []}, asked)

    rbac.allows = lenient


def everybody_grants_everything() -> None:
    escalation._covers = lambda rule, atom: True
