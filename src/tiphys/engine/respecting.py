"""What a sync writes when it respects ignored differences: live's values of the ignored fields.

Only values that we own are sent. Under server-side apply a field that somebody else owns stays by
being left out, and sending what was read a moment ago could overwrite what was written since. A
field that is ours would vanish by being left out, so it goes along as it is. So does everything
that is ignored below an atomic list or map: these are written as one value.

Source: Argo CD user guide, "Respect ignore difference configs". Where we differ on purpose: of an
atomic list Argo CD takes live's value as a whole; here what is not ignored in it is Git's.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tiphys.engine.diff.lists import KeyedItems, ListRules
from tiphys.engine.diff.paths import Path
from tiphys.engine.fields import applied_entries, field_entries, migrated_entries, owns_field
from tiphys.engine.ignoring import Ignored, IgnoreRule, UndecidedError
from tiphys.engine.list_pairing import REMOVED, Element, counterparts, survivors
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

    Raises:
        UndecidedError: nobody can tell what is ignored, so nothing may be written over it.
    """
    if not rules:
        return target
    managed = (live.get("metadata") or {}).get("managedFields") or ()
    ignored = Ignored(rules, managed)
    lists = ListRules([entry.fields for entry in field_entries(live)])
    found = {name: value for name, value in live.items() if name != "status"}
    overlay = _Overlay(lists, is_ours)
    sides = _Sides(target, ignored.strip(target), found, ignored.strip(found))
    if ignored.undecided:
        raise UndecidedError(f"ignored differences cannot be respected: {ignored.undecided[0]}")
    written: Manifest = overlay.of(sides, _Place((), schema))
    return written


def ours(live: Manifest, manager: str, migration_manager: str = "") -> IsOurs:
    """Return which fields of a live object an apply of ours owns, or will have taken over."""
    entries = field_entries(live)
    mine = [
        *applied_entries(entries, manager),
        *migrated_entries(entries, manager, migration_manager),
    ]
    return lambda path: any(owns_field(entry, path) for entry in mine)


class _Sides(NamedTuple):
    """A value four times: what Git wants, with and without what is ignored, and live likewise."""

    wanted: Any
    wanted_left: Any
    live: Any
    live_left: Any

    def are_all(self, type_: type) -> bool:
        return all(isinstance(side, type_) for side in self)

    def child(self, name: str) -> "_Sides":
        return _Sides(*(side[name] for side in self))


class _Place(NamedTuple):
    """Where a value lies; below something atomic all of it is written."""

    path: Path
    type_: TypeRef | None
    is_whole: bool = False

    def child(self, name: str) -> "_Place":
        below = self.type_.child(name) if self.type_ is not None else None
        return _Place((*self.path, f"f:{name}"), below, self.is_whole)

    def element(self, key: str) -> "_Place":
        of_list = self.type_.list if self.type_ is not None else None
        return _Place((*self.path, key), of_list.element if of_list else None, self.is_whole)

    def inside(self) -> "_Place":
        return self._replace(is_whole=True)


class _Overlay:
    def __init__(self, lists: ListRules, is_ours: IsOurs) -> None:
        self._lists, self._is_ours = lists, is_ours

    def of(self, sides: _Sides, place: _Place) -> Any:
        """Return what to write at a place: Git's value, with live's where that is ignored."""
        if sides.are_all(dict):
            if self._is_atomic_map(sides.live, place):
                place = place.inside()
            return self._map(sides, place)
        if sides.are_all(list):
            return self._list(sides, place)
        return sides.wanted

    def _map(self, sides: _Sides, place: _Place) -> Manifest:
        written: Manifest = {}
        for name, left in sides.wanted_left.items():
            here = place.child(name)
            if name not in sides.live:
                written[name] = sides.wanted[name]
            elif name in sides.live_left:
                written[name] = self.of(sides.child(name), here)
            else:
                taken = self._taken(sides.live[name], here)
                written[name] = left if taken is None else taken
        for name in sides.live:
            is_ignored = name not in sides.live_left or name in sides.wanted
            if name not in written and is_ignored:
                taken = self._taken(sides.live[name], place.child(name))
                if taken is not None:
                    written[name] = taken
        return written

    def _list(self, sides: _Sides, place: _Place) -> list[Any]:
        names = self._lists.keys_at(place.path, place.type_)
        keyed = [KeyedItems(side, names, place.type_) for side in sides] if names else []
        if keyed and all(side.is_regular and not side.has_duplicates for side in keyed):
            return self._keyed(_Sides(*(side.by_key for side in keyed)), place)
        if sides.wanted == sides.wanted_left and sides.live == sides.live_left:
            return list(sides.wanted)
        return self._unkeyed(sides, place.inside(), is_set=names == ())

    def _keyed(self, sides: _Sides, place: _Place) -> list[Any]:
        written = {
            key: self.of(sides.child(key), place.element(key))
            if all(key in side for side in sides)
            else sides.wanted.get(key, item)
            for key, item in sides.wanted_left.items()
        }
        for key, item in sides.live.items():
            is_ignored = key not in sides.live_left or key in sides.wanted
            is_sent = place.is_whole or self._is_ours((*place.path, key))
            if is_ignored and is_sent and key not in written:
                written[key] = item
        return list(written.values())

    def _unkeyed(self, sides: _Sides, place: _Place, *, is_set: bool) -> list[Any]:
        """Return a list that is one value: live's ignored parts, and Git's for the rest."""
        wanted = _elements(sides.wanted, sides.wanted_left)
        live = _elements(sides.live, sides.live_left)
        staying = [element for element in wanted if element.left is not REMOVED]
        found = [element for element in live if element.left is not REMOVED]
        matched = iter(counterparts(staying, found))
        ignored = [(at, element.full) for at, element in enumerate(live) if element not in found]
        written: list[Any] = []
        for element in wanted:
            if element.left is REMOVED:
                written += [full for _, full in ignored[:1]]
                ignored = ignored[1:]
                continue
            other = next(matched)
            if other is None:
                written.append(element.full)
            else:
                four = _Sides(element.full, element.left, other.full, other.left)
                written.append(self.of(four, place.element("")))
        for at, full in ignored:
            written.insert(at, full)
        if is_set:
            return [item for at, item in enumerate(written) if item not in written[:at]]
        return written

    def _is_atomic_map(self, live: Manifest, place: _Place) -> bool:
        if place.type_ is not None and place.type_.map is not None:
            return place.type_.map.atomic
        return bool(live) and self._lists.is_leaf(place.path)

    def _taken(self, value: Any, place: _Place) -> Any:
        """Return the part of an ignored value that goes along, None for nothing."""
        if place.is_whole:
            return value
        if not isinstance(value, dict) or not value:
            return value if self._is_ours(place.path) else None
        taken = {
            name: part
            for name, item in value.items()
            if (part := self._taken(item, place.child(name))) is not None
        }
        return taken or None


def _elements(full: list[Any], left: list[Any]) -> list[Element]:
    return [Element(*pair) for pair in zip(full, survivors(full, left), strict=True)]
