"""Defects that the group on server-side apply must notice."""

from typing import Any

from tests.contract.planted import noticed_by
from tiphys.structured import merge, updater


@noticed_by("test_a_field_of_another_is_a_conflict")
def every_apply_is_forced() -> None:
    apply = updater.Updater.apply

    def forced(self: Any, *objects: Any, force: bool) -> Any:
        del force
        return apply(self, *objects, force=True)

    updater.Updater.apply = forced  # type: ignore[method-assign, assignment]


@noticed_by("test_a_field_that_is_no_longer_applied_goes")
def given_up_fields_stay() -> None:
    def keep(self: Any, merged: Any, managers: Any, last: Any) -> Any:
        del self, managers, last
        return merged

    updater.Updater._pruned = keep  # type: ignore[method-assign]


@noticed_by("test_a_conflict_with_an_update_names_its_version_and_time")
def updates_own_nothing() -> None:
    def unchanged(updater: Any, objects: Any, managers: Any, by: Any) -> Any:
        del updater, objects, by
        return managers

    merge._updated = unchanged
