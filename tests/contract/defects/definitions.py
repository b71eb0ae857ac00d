"""Defects that the group on definitions must notice."""

from typing import Any

from tiphys.sandbox import definitions


def every_name_is_accepted() -> None:
    def free(_names: Any, _taken: Any) -> tuple[str, str]:
        return "", "no conflicts found"

    definitions._name_conflict = free  # type: ignore[assignment]


def every_schema_is_taken() -> None:
    def sound(_schema: Any, _path: str) -> list[Any]:
        return []

    definitions.schema_problems = sound  # type: ignore[attr-defined, assignment]
