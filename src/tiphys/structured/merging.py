"""Lays one value over another, field by field, the way server-side apply does.

Source: structured-merge-diff v6, typed/merge.go.
"""

from collections.abc import Iterator
from itertools import islice
from operator import is_
from typing import Any

from tiphys.structured.compare import ABSENT, equal
from tiphys.structured.listitems import item_element
from tiphys.structured.pathelement import PathElement
from tiphys.structured.types import DEDUCED, ListType, MapType, TypeRef


def merge_values(live: Any, applied: Any, type_: TypeRef) -> Any:
    """Return `live` with everything that `applied` says laid over it; both stay as they are.

    A part of `live` in which nothing changes is the very same part of the result.

    Raises:
        ListItemError: an item of a list has no key.
    """
    return _merge(live, applied, type_)


def _merge(live: Any, applied: Any, type_: TypeRef) -> Any:
    if applied is ABSENT or live is applied:
        return live
    if live is ABSENT:
        return applied
    part = type_.part_for(applied)
    if part.__class__ is MapType:
        return _merge_part(live, applied, part)
    if part.__class__ is ListType:
        return _merge_part(live, applied, part)
    return live if equal(live, applied) else applied


def _merge_part(live: Any, applied: Any, part: Any) -> Any:
    shape = dict if part.__class__ is MapType else list
    live_has = live.__class__ is shape and bool(live)
    applied_has = applied.__class__ is shape and bool(applied)
    if part.atomic or not (live_has or applied_has):
        return live if equal(live, applied) else applied
    if not live_has:
        return applied
    if not applied_has:  # null or empty over something granular takes nothing away
        return live
    if shape is dict:
        return _merge_maps(live, applied, part)
    return _merge_lists(live, applied, part)


def _merge_maps(live: dict[str, Any], applied: dict[str, Any], part: MapType) -> dict[str, Any]:
    fields, other = part.fields, part.element or DEDUCED
    changed: dict[str, Any] = {}
    for name, value in applied.items():
        if name not in live:
            changed[name] = value
            continue
        ours = live[name]
        if value.__class__ is str and ours == value:
            continue
        merged = _merge(ours, value, fields.get(name) or other)
        if merged is not ours:
            changed[name] = merged
    return {**live, **changed} if changed else live


def _merge_lists(live: list[Any], applied: list[Any], part: ListType) -> list[Any]:
    ours = [item_element(part, item) for item in applied]
    theirs = [item_element(part, item) for item in live]
    by_ours = dict(zip(ours, applied, strict=True))
    by_theirs: dict[PathElement, Any] = {}
    for element, item in zip(theirs, live, strict=True):
        # What is there twice is not merged into: it is taken for null.
        by_theirs[element] = None if element in by_theirs else item
    result = [
        live[place]
        if element not in by_ours
        else _merge(by_theirs.get(element, ABSENT), by_ours[element], part.element)
        for element, place in _interleave(theirs, ours)
    ]
    is_same = len(result) == len(live) and all(map(is_, result, live))
    return live if is_same else result


def _interleave(
    theirs: list[PathElement], ours: list[PathElement]
) -> Iterator[tuple[PathElement, int]]:
    """Yield the elements of the merged list in order, each with its place in `theirs` or -1.

    Ours keep their order; what only live has keeps its place before the next item of both.
    """
    wanted, present = set(ours), set(theirs)
    shared = [element for element in reversed(ours) if element in present]  # next one is last
    rest = iter(ours)
    for place, element in enumerate(theirs):
        if element not in wanted:
            yield element, place
        elif not shared:  # a duplicate of what is merged already lets one of ours go first
            yield from ((ours_next, -1) for ours_next in islice(rest, 1))
        elif element == shared[-1]:
            shared.pop()
            for ours_next in rest:
                yield ours_next, -1
                if ours_next == element:
                    break
    yield from ((element, -1) for element in rest)
