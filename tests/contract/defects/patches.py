"""Defects that the group on patches must notice."""

from typing import Any

from tests.contract.planted import noticed_by
from tiphys.sandbox.http import patching


@noticed_by("test_a_json_patch_that_does_not_apply_changes_nothing[a test fails]")
def tests_of_json_patches_are_not_looked_at() -> None:
    apply = patching.apply_json_patch  # type: ignore[attr-defined]

    def careless(document: Any, patch: Any) -> Any:
        return apply(document, [step for step in patch if step.get("op") != "test"])

    patching.apply_json_patch = careless  # type: ignore[attr-defined]


@noticed_by("test_a_merge_patch_looks_like_its_result[a field is set]")
def nulls_of_merge_patches_stay() -> None:
    def shallow(document: Any, patch: Any) -> Any:
        return {**document, **patch}

    patching.apply_merge_patch = shallow  # type: ignore[attr-defined]
