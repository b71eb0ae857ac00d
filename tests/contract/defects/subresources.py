"""Defects that the group on subresources must notice."""

from typing import Any

from tests.contract.planted import noticed_by
from tiphys.sandbox.http import handlers
from tiphys.sandbox.registry import writing
from tiphys.sandbox.registry.scale import as_scale


@noticed_by("test_a_scale_shows_replicas_and_selector[Deployment]")
def scales_have_no_selector() -> None:
    def bare(kind: Any, manifest: Any) -> Any:
        scale = as_scale(kind, manifest)
        scale["status"].pop("selector", None)
        return scale

    handlers.as_scale = bare  # type: ignore[attr-defined]


@noticed_by("test_a_status_is_replaced_alone")
def writes_of_a_status_change_all() -> None:
    def all_of_it(old: Any, new: Any, kind: Any) -> None:
        del old, new, kind

    writing._take_status_only = all_of_it
