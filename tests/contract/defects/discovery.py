"""Defects that the group on discovery must notice."""

from typing import Any

from tests.contract.planted import noticed_by
from tiphys.sandbox.http import documents
from tiphys.sandbox.serving import discovery, openapi
from tiphys.sandbox.typed.kinds import Kind


@noticed_by("test_the_resources_of_a_version")
def kinds_have_no_short_names() -> None:
    found = discovery._resource

    def nameless(kind: Kind, name: str, verbs: list[str]) -> dict[str, Any]:
        return {k: v for k, v in found(kind, name, verbs).items() if k != "shortNames"}

    discovery._resource = nameless


@noticed_by("test_a_document_that_a_client_has_is_not_sent_again")
def documents_are_always_sent_again() -> None:
    documents._tagged = lambda document, digest, headers: document


@noticed_by("test_a_schema_leads_to_the_type_of_a_field[a count of a Deployment]")
def schemas_lead_nowhere() -> None:
    def nothing(schemas: dict[str, Any], name: str) -> None:
        schemas[name] = {"type": "object"}

    openapi._add_definition = nothing
