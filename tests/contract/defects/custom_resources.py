"""Defects that the group on custom resources must notice."""

from typing import Any

from tests.contract.planted import noticed_by
from tiphys.sandbox.registry import writing
from tiphys.structured.custom import rules


@noticed_by("test_what_is_kept_of[unknown fields go]")
def unknown_fields_stay() -> None:
    def keep(manifest: Any, _schema: Any, _unknown: Any = None) -> Any:
        return manifest

    writing.prune = keep  # type: ignore[attr-defined, assignment]


@noticed_by("test_refused_is[a broken rule]")
def rules_are_not_looked_at() -> None:
    def lenient(_manifest: Any, _schema: Any, _old: Any) -> list[Any]:
        return []

    rules.check_rules = lenient  # type: ignore[assignment]


@noticed_by("test_a_new_default_shows_on_what_is_stored")
def stored_objects_are_shown_as_they_were() -> None:
    def as_it_is(kind: Any, manifest: Any) -> Any:
        return {**manifest, "apiVersion": kind.gvk.api_version}

    writing.as_read = as_it_is  # type: ignore[attr-defined]
