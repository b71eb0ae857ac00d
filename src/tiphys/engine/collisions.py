"""List items that make an apply impossible: same thing, other key, because somebody edited the key.

A person who changes the port of a Service in the cluster makes a new item for the API server. The
item from Git comes back beside it with the next apply, and both have one name, which the server
refuses. The item whose key Git does not know, and whose value is the one that the server complains
about, is a foreign one: it becomes Git's item again, or goes where that is there as well.

Source: architecture, decision 2; Kubernetes API concepts, "Server-Side Apply", merge strategy.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tiphys.engine.diff.lists import KeyedItems
from tiphys.model.keys import Manifest
from tiphys.structured.types import ListType, TypeRef

_REASONS = frozenset({"FieldValueDuplicate", "FieldValueInvalid"})
_STEP = re.compile(r"([^.\[\]]+)|\[\d+\]")
_ANY = "*"
Place = tuple[str | int, ...]


def repair_patch(
    causes: Iterable[Mapping[str, Any]],
    target: Manifest,
    live: Manifest,
    schema: TypeRef | None,
) -> list[dict[str, Any]] | None:
    """Return the JSON patch that clears away the items that a refused apply collides with.

    Args:
        causes: `details.causes` of the refusal.
        target: what was applied.
        live: the object as it is.
        schema: of the object; without one nothing tells keys.

    Returns:
        Operations that the API server refuses when the object has changed since it was read; None
        when nothing in the cluster explains the refusal.
    """
    found: dict[Place, Any] = {}
    for cause in causes:
        steps = _steps(str(cause.get("field", "")))
        if cause.get("reason") in _REASONS and steps is not None:
            found.update(_colliding((target, live), schema, steps, ()))
    if not found:
        return None
    version = live["metadata"]["resourceVersion"]
    operations = [{"op": "test", "path": "/metadata/resourceVersion", "value": version}]
    # From the end, so that no index moves before it is used.
    for place in sorted(found, key=lambda place: [str(step).zfill(8) for step in place])[::-1]:
        wanted = found[place]
        change = {"op": "remove"} if wanted is None else {"op": "replace", "value": wanted}
        operations.append({**change, "path": _pointer(place)})
    return operations


def _steps(field: str) -> list[str] | None:
    """Return a field's path, with one word for any index; None when it is no field of an item."""
    steps = [name or _ANY for name in _STEP.findall(field)]
    return steps if _ANY in steps[:-1] and steps[-1] != _ANY else None


def _colliding(
    pair: tuple[Any, Any], type_: TypeRef | None, steps: Sequence[str], place: Place
) -> Iterator[tuple[Place, Any]]:
    """Yield the places of foreign items, each with the item that belongs there, None for none."""
    wanted, found = pair
    if type_ is None or not steps:
        return
    if steps[0] != _ANY:
        if isinstance(wanted, dict) and isinstance(found, dict):
            inner = (wanted.get(steps[0]), found.get(steps[0]))
            yield from _colliding(inner, type_.child(steps[0]), steps[1:], (*place, steps[0]))
    elif isinstance(wanted, list) and isinstance(found, list) and _is_keyed(type_.list):
        yield from _colliding_items((wanted, found), type_, steps[1:], place)


def _colliding_items(
    pair: tuple[list[Any], list[Any]], type_: TypeRef, steps: Sequence[str], place: Place
) -> Iterator[tuple[Place, Any]]:
    assert type_.list is not None
    target, live = (KeyedItems(items, type_.list.keys, type_) for items in pair)
    if target.has_duplicates or live.has_duplicates or not (target.is_regular and live.is_regular):
        return
    wanted, found = target.by_key, live.by_key
    taken = {str(value): key for key, item in wanted.items() if (value := _value(item, steps))}
    for index, (key, item) in enumerate(found.items()):
        other = taken.get(str(_value(item, steps)))
        if key in wanted:
            inner = (wanted[key], item)
            yield from _colliding(inner, type_.list.element, steps, (*place, index))
        elif other is not None:
            yield (*place, index), None if other in found else wanted[other]


def _is_keyed(list_type: ListType | None) -> bool:
    return list_type is not None and bool(list_type.keys)


def _value(item: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        item = item.get(step) if isinstance(item, dict) else None
    return item


def _pointer(place: Place) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in place)
