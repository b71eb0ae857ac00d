"""Defects that the group on discovery must notice."""

from typing import Any

from tiphys.sandbox import discovery, documents, openapi
from tiphys.sandbox.kinds import Kind


def kinds_have_no_short_names() -> None:
    found = discovery._resource

    def nameless(kind: Kind, name: str, verbs: list[str]) -> dict[str, Any]:
        return {k: v for k, v in found(kind, name, verbs).items() if k != "shortNames"}

    discovery._resource = nameless


def documents_are_always_sent_again() -> None:
    documents._tagged = lambda document, digest, headers: document


def schemas_lead_nowhere() -> None:
    def nothing(schemas: dict[str, Any], name: str) -> None:
        schemas[name] = {"type": "object"}

    openapi._add_definition = nothing
