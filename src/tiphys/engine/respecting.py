"""What a sync writes when it respects ignored differences: live's values of the ignored fields.

Only values that we own are sent. Under server-side apply a field that somebody else owns stays by
being left out, and sending what was read a moment ago could overwrite what was written since. A
field that is ours would vanish by being left out, so it goes along as it is.

Source: Argo CD user guide, "Respect ignore difference configs".
"""

from collections.abc import Callable, Sequence
from typing import Any

from tiphys.engine.diff.lists import KeyedItems, ListRules
from tiphys.engine.diff.paths import Path
from tiphys.engine.fields import applied_entries, field_entries, migrated_entries, owns_field
from tiphys.engine.ignoring import Ignored, IgnoreRule
from tiphys.model.keys import Manifest
from tiphys.structured.types import TypeRef

IsOurs = Callable[[Path], bool]
"""Whether a field, named as managedFields names it, is to be sent."""


def respect_ignored(
    target: Manifest,
    live: Manifest,
    rules: Sequence[IgnoreRule],
    schema: TypeRef | None,
    is_ours: IsOurs,
) -> Manifest:
    """Return the target with live's values of all ignored fields.

    Args:
        target: as it would be applied.
        live: as the cluster returned it, managedFields included.
        rules: those that select the resource.
        schema: of its kind, None when unknown.
        is_ours: tells which of live's values are taken over; see `ours`.

    Returns:
        A new object; `status` is never taken over. The target itself when nothing is ignored.
    """
    if not rules:
        return target
    managed = (live.get("metadata") or {}).get("managedFields") or ()
    ignored = Ignored(rules, managed)
    lists = ListRules([entry.fields for entry in field_entries(live)])
    found = {name: value for name, value in live.items() if name != "status"}
    overlay = _Overlay(lists, is_ours)
    sides = (ignored.strip(target), found, ignored.strip(found))
    written: Manifest = overlay.of(sides, (), schema)
    return written


def ours(live: Manifest, manager: str, migration_manager: str = "") -> IsOurs:
    """Return which fields of a live object an apply of ours owns, or will have taken over."""
    entries = field_entries(live)
    mine = [
        *applied_entries(entries, manager),
        *migrated_entries(entries, manager, migration_manager),
    ]
    return lambda path: any(owns_field(entry, path) for entry in mine)


class _Overlay:
    def __init__(self, lists: ListRules, is_ours: IsOurs) -> None:
        self._lists, self._is_ours = lists, is_ours

    def of(self, sides: tuple[Any, Any, Any], path: Path, type_: TypeRef | None) -> Any:
        """Return the target at a place, with what was stripped off live there.

        Args:
            sides: the stripped target, live, and live stripped.
            path: of the place.
            type_: of the place.
        """
        target, live, kept = sides
        if isinstance(target, dict) and isinstance(live, dict) and isinstance(kept, dict):
            return self._map((target, live, kept), path, type_)
        if isinstance(target, list) and isinstance(live, list) and isinstance(kept, list):
            return self._list((target, live, kept), path, type_)
        return target

    def _map(
        self, sides: tuple[Manifest, Manifest, Manifest], path: Path, type_: TypeRef | None
    ) -> Manifest:
        target, live, kept = sides
        written = dict(target)
        for name, value in live.items():
            here = (*path, f"f:{name}")
            if name not in kept:
                taken = self._taken(value, here)
                if taken is not None:
                    written[name] = taken
            elif name in target:
                below = type_.child(name) if type_ is not None else None
                written[name] = self.of((target[name], value, kept[name]), here, below)
        return written

    def _list(
        self, sides: tuple[list[Any], list[Any], list[Any]], path: Path, type_: TypeRef | None
    ) -> list[Any]:
        names = self._lists.keys_at(path, type_)
        target, live, kept = sides
        if not names:
            # Such a list has one value: whoever ignores a part of it ignores all of it.
            return live if live != kept and self._is_ours(path) else target
        wanted, found, left = (KeyedItems(items, names, type_).by_key for items in sides)
        element = type_.list.element if type_ is not None and type_.list is not None else None
        written = [
            self.of((item, found.get(key), left.get(key)), (*path, key), element)
            for key, item in wanted.items()
        ]
        gone = [(key, item) for key, item in found.items() if key not in left | wanted]
        return [*written, *(item for key, item in gone if self._is_ours((*path, key)))]

    def _taken(self, value: Any, path: Path) -> Any:
        """Return the part of an ignored value that goes along, None for nothing."""
        if not isinstance(value, dict) or not value:
            return value if self._is_ours(path) else None
        taken = {
            name: part
            for name, item in value.items()
            if (part := self._taken(item, (*path, f"f:{name}"))) is not None
        }
        return taken or None
