"""Defects that the group on strategic merge patches must notice."""

from typing import Any

from tests.contract.planted import noticed_by
from tiphys.sandbox.http import patching
from tiphys.structured.patches.merge_patch import apply_merge_patch
from tiphys.structured.patches.strategic import _Merge


@noticed_by("test_containers_are_merged_by_name[an item is changed in its place]")
def lists_are_replaced() -> None:
    def plain(document: Any, patch: Any, _type: Any) -> Any:
        return apply_merge_patch(document, patch)

    patching.carry_out = plain  # type: ignore[attr-defined, assignment]


@noticed_by("test_an_order_is_followed")
def orders_are_forgotten() -> None:
    def unordered(self: _Merge, original: Any, patch: dict[str, Any], type_: Any) -> None:
        del self, original, type_
        for name in [name for name in patch if name.startswith("$setElementOrder")]:
            del patch[name]

    _Merge.ordered_lists = unordered  # type: ignore[method-assign]
