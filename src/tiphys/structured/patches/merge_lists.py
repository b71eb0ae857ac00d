"""Lists in strategic merge patches: what their items are called, and in which order they come.

Source: apimachinery, util/strategicpatch/patch.go.
"""

from typing import Any

from tiphys.structured.compare import equal
from tiphys.structured.gotext import plain
from tiphys.structured.patches.values import PatchError
from tiphys.structured.types import NO_RULE, PatchRule, TypeRef

Json = dict[str, Any]
Items = list[Any]

DIRECTIVE = "$patch"
DELETE, REPLACE, MERGE = "delete", "replace", "merge"
RETAIN_KEYS_STRATEGY = "retainKeys"
RETAIN_KEYS = "$retainKeys"
DELETE_SCALARS = "$deleteFromPrimitiveList"
SET_ORDER = "$setElementOrder"

_GO_TYPES = {dict: "map[string]interface {}", list: "[]interface {}", str: "string",
             bool: "bool", int: "int64", float: "float64", type(None): "%!s(<nil>)"}  # fmt: skip


def rule_for(type_: TypeRef, field: str) -> PatchRule:
    """Return how strategic merge treats a field."""
    return type_.map.rules.get(field, NO_RULE) if type_.map else NO_RULE


def strategy(rule: PatchRule) -> str:
    """Return a rule's strategy besides retainKeys; "" for none."""
    return next((name for name in rule.strategies if name != RETAIN_KEYS_STRATEGY), "")


def retains_keys(rule: PatchRule) -> bool:
    """Tell whether fields that a patch does not retain are to be cleared."""
    return RETAIN_KEYS_STRATEGY in rule.strategies


def field_type(type_: TypeRef, field: str) -> TypeRef:
    """Return the type of a field.

    Raises:
        PatchError: there is no such field.
    """
    found = type_.child(field)
    if found is None:
        raise PatchError(f'unable to find api field in struct {type_.name} for "{field}"')
    return found


def element_type(type_: TypeRef) -> TypeRef:
    """Return the type of a list's items; of what is no list, the type itself."""
    return type_.list.element if type_.list else type_


def wrong_type(expected: type, actual: Any) -> PatchError:
    """Return the error that a value is of another type than a patch needs there."""
    names = _GO_TYPES[expected], _GO_TYPES.get(type(actual), "%!s(<nil>)")
    return PatchError(f"expected a {names[0]}, but received a {names[1]}")


def item_key(item: Any, merge_key: str) -> Any:
    """Return the value of an item's merge key.

    Raises:
        PatchError: it has none, or is no map.
    """
    if not isinstance(item, dict):
        raise wrong_type(dict, item)
    if merge_key not in item:
        raise PatchError(f"map: {plain(item)} does not contain declared merge key: {merge_key}")
    return item[merge_key]


def items_are_maps(*lists: Items) -> bool:
    """Tell whether the items of lists are maps (else they are scalars).

    Raises:
        PatchError: they are lists, of different types, or there is none.
    """
    kinds = {item.__class__ for items in lists for item in items}
    if not kinds:
        raise PatchError("no elements in any of the given slices")
    if list in kinds:
        raise PatchError("lists of lists are not supported")
    if len(kinds) > 1:
        shown = "[" + " ".join(map(plain, lists)) + "]"
        raise PatchError(f"list element types are not identical: {shown}")
    return dict in kinds


def find(items: Items, wanted: Any, merge_key: str) -> int:
    """Return the place of the item with the same key (or, of scalars, of the same value), or -1."""
    sought = wanted.get(merge_key) if isinstance(wanted, dict) else wanted
    for place, item in enumerate(items):
        value = item.get(merge_key) if isinstance(item, dict) else item
        if equal(value, sought):
            return place
    return -1


def is_deletion(item: Any) -> bool:
    """Tell whether an item of a patch only says that it goes."""
    return isinstance(item, dict) and item.get(DIRECTIVE) == DELETE


def sort_by(items: Items, order: Items, merge_key: str, *, maps: bool) -> Items:
    """Return items in the order of another list, deletions last.

    Raises:
        PatchError: an item has no merge key.
    """
    if maps:
        for item in (*items, *order):
            item_key(item, merge_key)
    kept = [item for item in items if not (maps and is_deletion(item))]
    places = [find(order, item, merge_key) for item in kept]
    ranked = sorted(zip(places, range(len(kept)), strict=True)) if -1 not in places else None
    result = _shuffled(kept, places) if ranked is None else [kept[place] for _, place in ranked]
    return result + [item for item in items if maps and is_deletion(item)]


def _shuffled(items: Items, places: list[int]) -> Items:
    """Sort as the library does when some items are in no order: those move to the front."""
    pairs = list(zip(places, items, strict=True))
    for end in range(1, len(pairs)):
        at = end
        while at > 0:
            before, this = pairs[at - 1][0], pairs[at][0]
            if this >= 0 and before >= 0 and this >= before:
                break
            pairs[at - 1], pairs[at] = pairs[at], pairs[at - 1]
            at -= 1
    return [item for _, item in pairs]


def in_order(merged: Items, wanted: Items, live: Items, merge_key: str) -> Items:
    """Return a merged list in its final order.

    What is in `wanted` comes in that order; the rest keeps its order in `live`, each before the
    first wanted item that it stood before.

    Raises:
        PatchError: an item has no merge key.
    """
    maps = bool(merge_key)
    if maps:
        for item in merged:
            item_key(item, merge_key)
    ours = [item for item in merged if find(wanted, item, merge_key) >= 0]
    theirs = [item for item in merged if find(wanted, item, merge_key) < 0]
    ours = sort_by(ours, wanted, merge_key, maps=maps)
    theirs = sort_by(theirs, live, merge_key, maps=maps)
    return _woven(theirs, ours, live, merge_key)


def _woven(theirs: Items, ours: Items, live: Items, merge_key: str) -> Items:
    result: Items = []
    waiting = iter(theirs)
    left = next(waiting, None)
    for item in ours:
        place = find(live, item, merge_key)
        while left is not None and 0 <= find(live, left, merge_key) < place:
            result.append(left)
            left = next(waiting, None)
        result.append(item)
    return result if left is None else [*result, left, *waiting]


def unique(items: Items) -> Items:
    """Drop repeated scalars; the last item takes the place of a dropped one, as in the library."""
    result = list(items)
    place = 0
    while place < len(result):
        other = place + 1
        while other < len(result):
            if equal(result[place], result[other]):
                last = result.pop()
                if other < len(result):
                    result[other] = last
            else:
                other += 1
        place += 1
    return result
