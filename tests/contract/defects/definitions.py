"""Defects that the group on definitions must notice."""

from typing import Any

from tests.contract.planted import noticed_by
from tiphys.sandbox.serving import definitions


@noticed_by("test_a_name_that_is_taken_is_not_accepted")
def every_name_is_accepted() -> None:
    def free(_names: Any, _taken: Any) -> tuple[str, str]:
        return "", "no conflicts found"

    definitions._name_conflict = free  # type: ignore[assignment]


@noticed_by("test_a_definition_is_refused_for[a root that is no object]")
def every_schema_is_taken() -> None:
    def sound(_schema: Any, _path: str) -> list[Any]:
        return []

    definitions.schema_problems = sound  # type: ignore[attr-defined, assignment]
