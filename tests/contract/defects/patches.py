"""Defects that the group on patches must notice."""

from typing import Any

from tiphys.sandbox import patching


def tests_of_json_patches_are_not_looked_at() -> None:
    apply = patching.apply_json_patch  # type: ignore[attr-defined]

    def careless(document: Any, patch: Any) -> Any:
        return apply(document, [step for step in patch if step.get("op") != "test"])

    patching.apply_json_patch = careless  # type: ignore[attr-defined]


def nulls_of_merge_patches_stay() -> None:
    def shallow(document: Any, patch: Any) -> Any:
        return {**document, **patch}

    patching.apply_merge_patch = shallow  # type: ignore[attr-defined]
