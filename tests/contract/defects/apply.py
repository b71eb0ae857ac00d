"""Defects that the group on server-side apply must notice."""

from typing import Any

from tiphys.structured import merge, updater


def every_apply_is_forced() -> None:
    apply = updater.Updater.apply

    def forced(self: Any, *objects: Any, force: bool) -> Any:
        del force
        return apply(self, *objects, force=True)

    updater.Updater.apply = forced  # type: ignore[method-assign, assignment]


def given_up_fields_stay() -> None:
    def keep(self: Any, merged: Any, managers: Any, fields: Any, last: Any) -> Any:
        del self, managers, fields, last
        return merged

    updater.Updater._prune = keep  # type: ignore[method-assign]


def updates_own_nothing() -> None:
    def unchanged(updater: Any, objects: Any, managers: Any, by: Any) -> Any:
        del updater, objects, by
        return managers

    merge._updated = unchanged
