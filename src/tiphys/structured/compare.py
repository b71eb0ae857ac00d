"""Compares two values field by field.

Source: structured-merge-diff v6, typed/compare.go.
"""

from functools import lru_cache
from typing import Any, NamedTuple

from tiphys.structured.fieldset import EMPTY, FieldSet
from tiphys.structured.listitems import item_element
from tiphys.structured.pathelement import PathElement
from tiphys.structured.structs import with_structs
from tiphys.structured.types import DEDUCED, ListType, MapType, TypeRef

ABSENT: Any = object()
"""Stands for a value that is not there, which is not the same as null."""

_BOTH_SIDES = 2
_NESTED = {dict, list}


class Comparison(NamedTuple):
    """What differs; no path is in more than one of the three sets."""

    added: FieldSet = EMPTY
    removed: FieldSet = EMPTY
    modified: FieldSet = EMPTY

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return not (self.added or self.removed or self.modified)

    @property
    def changed(self) -> FieldSet:
        """What was added or modified."""
        return self.added.union(self.modified)

    def without(self, fields: FieldSet) -> "Comparison":
        """Return the comparison less these fields and all that is below them."""
        if not fields:
            return self
        return Comparison(*(part.recursive_difference(fields) for part in self))


def compare(old: Any, new: Any, type_: TypeRef) -> Comparison:
    """Return what differs between two values of one type.

    Raises:
        ListItemError: an item of a list has no key.
    """
    found = _Changes()
    if old is not new:
        _walk(old, new, type_, found)
    return found.comparison()


def equal(one: Any, other: Any) -> bool:
    """Tell whether two values are the same JSON; unlike in Python, true is not 1."""
    if one is other:
        return True
    cls = one.__class__
    if cls is str:  # most values are texts
        return bool(one == other)
    if cls is dict and other.__class__ is dict:
        if one.keys() != other.keys():
            return False
        return all(value is other[key] or equal(value, other[key]) for key, value in one.items())
    if cls is list and other.__class__ is list:
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other) and (cls is bool) == (other.__class__ is bool)


class _Changes:
    """What was found at one level; levels below become children only when they hold something."""

    __slots__ = ("added", "below", "modified", "removed")

    def __init__(self) -> None:
        self.added: list[PathElement] = []
        self.removed: list[PathElement] = []
        self.modified: list[PathElement] = []
        self.below: list[tuple[PathElement, _Changes]] = []

    def comparison(self) -> Comparison:
        nested = [(element, changes.comparison()) for element, changes in self.below]
        return Comparison(
            _fieldset(self.added, {e: c.added for e, c in nested if c.added}),
            _fieldset(self.removed, {e: c.removed for e, c in nested if c.removed}),
            _fieldset(self.modified, {e: c.modified for e, c in nested if c.modified}),
        )

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.modified or self.below)

    def leaf(self, element: PathElement, old: Any, new: Any) -> None:
        if old is ABSENT:
            self.added.append(element)
        elif new is ABSENT:
            self.removed.append(element)
        elif not equal(old, new):
            self.modified.append(element)


def _fieldset(members: list[PathElement], children: dict[PathElement, FieldSet]) -> FieldSet:
    return FieldSet(members, children) if members or children else EMPTY


def additions(old: Any, new: Any, type_: TypeRef) -> FieldSet:
    """Return what `compare` calls changed, when nothing of `old` is missing in `new`.

    That is so for a new object, which is compared with the structs that it cannot be without. What
    is new below those counts together with the structs that it cannot be without in turn.

    Raises:
        ListItemError: an item of a list has no key.
    """
    if not old:
        return _all_below(new, type_)
    part = type_.map
    if old.__class__ is dict and new.__class__ is dict and part is not None and not part.atomic:
        return _added_fields(old, new, part)
    return compare(old, with_structs(new, type_), type_).changed


def _all_below(new: Any, type_: TypeRef) -> FieldSet:
    """Return what lies below a value that is new itself, as most of a new object is."""
    if new.__class__ is dict and type_.map is not None:
        return EMPTY if type_.map.atomic else _all_fields(new, type_.map)
    if new.__class__ is list and type_.list is not None:
        return EMPTY if type_.list.atomic else _all_items(new, type_.list)
    return compare(ABSENT, new, type_).changed


def _all_items(new: list[Any], part: ListType) -> FieldSet:
    elements = [item_element(part, item) for item in new]
    if len(set(elements)) != len(elements):
        whole = TypeRef(list_type=part)
        return compare(ABSENT, with_structs(new, whole), whole).changed
    if not part.keys:
        return FieldSet(elements)
    pairs = zip(elements, new, strict=True)
    below = [(element, _all_below(item, part.element)) for element, item in pairs]
    return FieldSet(elements, {element: found for element, found in below if found is not EMPTY})


def _added_fields(old: dict[str, Any], new: dict[str, Any], part: MapType) -> FieldSet:
    members: list[str] = []
    children: dict[PathElement, FieldSet] = {}
    fields, other = part.fields, part.element or DEDUCED
    for name, value in new.items():
        before = old.get(name, ABSENT)
        is_scalar = value.__class__ is not dict and value.__class__ is not list
        if value is None and name in part.structs:
            continue
        if before is ABSENT or ((is_scalar or not value) and value != before):
            members.append(name)
        if not value or is_scalar:
            continue
        type_ = fields.get(name) or other
        if before is not ABSENT and getattr(type_.part_for(value), "atomic", False):
            members.append(name)
        elif (below := additions(old.get(name), value, type_)) is not EMPTY:
            children["f:" + name] = below
    return FieldSet.of_fields(members, children)


def _all_fields(new: dict[str, Any], part: MapType) -> FieldSet:
    fields, other = part.fields, part.element or DEDUCED
    children: dict[PathElement, FieldSet] = {}
    for name, value in new.items():
        if value.__class__ in _NESTED and value:
            below = _all_below(value, fields.get(name) or other)
            if below is not EMPTY:
                children["f:" + name] = below
    if part.structs:
        names = dict.fromkeys(new)
        for name in part.structs:
            if new.get(name) is None:
                names[name] = None
                if (below := _struct_fields(fields[name])) is not EMPTY:
                    children["f:" + name] = below
        return FieldSet.of_fields(names, children)
    return FieldSet.of_fields(new, children)


@lru_cache(maxsize=1024)
def _struct_fields(type_: TypeRef) -> FieldSet:
    """Return what lies below a struct of which nothing is said."""
    return additions(None, {}, type_)


def _step(found: _Changes, element: PathElement, pair: tuple[Any, Any], type_: TypeRef) -> None:
    """Compare what two values hold under one element."""
    old, new = pair
    if old is new:
        return
    inner = _Changes()
    if _walk(old, new, type_, inner) or old is ABSENT or new is ABSENT:
        found.leaf(element, old, new)
    if inner:
        found.below.append((element, inner))


def _walk(old: Any, new: Any, type_: TypeRef, found: _Changes) -> bool:
    """Compare two values; True when they are a leaf, which the caller has to compare."""
    if new is ABSENT:
        return _walk_part(old, new, type_.part_for(old), found)
    part = type_.part_for(new)
    if old is not ABSENT:
        old_part = type_.part_for(old)
        # Values of different shapes: what was there goes, then what is there comes.
        if old_part is not part and old is not None and new is not None:
            is_leaf = _walk_part(old, new, old_part, found)
            return _walk_part(old, new, part, found) or is_leaf
    return _walk_part(old, new, part, found)


def _walk_part(
    old: Any, new: Any, part: "MapType | ListType | str | None", found: _Changes
) -> bool:
    cls = part.__class__
    if cls is not MapType and cls is not ListType:
        return True
    shape = dict if cls is MapType else list
    old_has = old.__class__ is shape and bool(old)
    new_has = new.__class__ is shape and bool(new)
    # Two empty ones are a leaf too: that keeps null, {} and absent apart.
    if part.atomic or not (old_has or new_has):  # type: ignore[union-attr] # by its class
        return True
    if cls is MapType:
        _walk_map(old if old_has else {}, new if new_has else {}, part, found)  # type: ignore[arg-type] # by its class
    else:
        _walk_list(old if old_has else [], new if new_has else [], part, found)  # type: ignore[arg-type] # by its class
    return False


def _walk_map(old: dict[str, Any], new: dict[str, Any], part: MapType, found: _Changes) -> None:
    fields, other = part.fields, part.element or DEDUCED
    for name, value in old.items():
        theirs = new.get(name, ABSENT)
        if theirs is not value:
            _step(found, "f:" + name, (value, theirs), fields.get(name) or other)
    for name, value in new.items():
        if name not in old:
            _step(found, "f:" + name, (ABSENT, value), fields.get(name) or other)


def _walk_list(old: list[Any], new: list[Any], part: ListType, found: _Changes) -> None:
    before, after = _by_element(old, part), _by_element(new, part)
    for element in before.keys() | after.keys():
        _walk_items(element, before.get(element, []), after.get(element, []), (part, found))


def _walk_items(
    element: PathElement,
    before: list[Any],
    after: list[Any],
    context: tuple[ListType, _Changes],
) -> None:
    part, found = context
    if len(before) <= 1 and len(after) <= 1:
        pair = (before[0] if before else ABSENT, after[0] if after else ABSENT)
        _step(found, element, pair, part.element)
    elif len(before) >= _BOTH_SIDES and len(after) >= _BOTH_SIDES:
        # Duplicates on both sides are compared as one opaque list.
        found.leaf(element, before, after)
    elif len(before) >= _BOTH_SIDES:
        if after:
            _step(found, element, (ABSENT, after[0]), part.element)
        found.removed.append(element)
    else:
        if before:
            _step(found, element, (before[0], ABSENT), part.element)
        found.added.append(element)


def _by_element(items: list[Any], part: ListType) -> dict[PathElement, list[Any]]:
    result: dict[PathElement, list[Any]] = {}
    for item in items:
        result.setdefault(item_element(part, item), []).append(item)
    return result
