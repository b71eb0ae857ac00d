"""Strategic merge patch: a merge patch that knows which lists are merged, and by which key.

Source: apimachinery, util/strategicpatch/patch.go; the directives are `$patch`, `$retainKeys`,
`$setElementOrder/<list>` and `$deleteFromPrimitiveList/<list>`.
"""

from typing import Any

from tiphys.structured.compare import equal
from tiphys.structured.gotext import plain
from tiphys.structured.patches import merge_lists as lists
from tiphys.structured.patches.merge_lists import (
    DELETE,
    DELETE_SCALARS,
    DIRECTIVE,
    MERGE,
    REPLACE,
    RETAIN_KEYS,
    SET_ORDER,
    Items,
    Json,
)
from tiphys.structured.patches.values import PatchError, copy, same_type
from tiphys.structured.types import PatchRule, TypeRef

_BAD_ORDER = "invalid patch format of setElementOrder list"
_BAD_RETAIN = "invalid patch format of retainKeys"


def apply_strategic_patch(original: Json, patch: Json, type_: TypeRef) -> Json:
    """Return an object with a strategic merge patch applied; the inputs stay as they are.

    Directives below what is new to the object, or replaced, are not carried out and stay in it:
    whoever reads it as its type takes them for unknown fields, as the API server does.

    Raises:
        PatchError: the patch is malformed, or does not fit the object.
    """
    return carry_out(copy(original), copy(patch), type_)


def carry_out(original: Json, patch: Json, type_: TypeRef) -> Json:
    """Do the same with what is given: both are changed, and parts of both are in the result.

    Of the patch that stays which the API server shows when the result is refused.

    Raises:
        PatchError: the patch is malformed, or does not fit the object.
    """
    return _Merge(final=True).maps(original, patch, type_)


def combine_strategic_patches(first: Json, second: Json, type_: TypeRef) -> Json:
    """Return one patch that does what the two do one after the other; inputs stay as they are.

    Raises:
        PatchError: a patch is malformed, or their directives contradict each other.
    """
    return _Merge(final=False).maps(copy(first), copy(second), type_)


class _Merge:
    """One merge; it changes the original and the patch that it is given.

    Attributes:
        final: directives are carried out, and nulls vanish; otherwise both are kept, since the
            result is itself a patch.
    """

    def __init__(self, *, final: bool) -> None:
        self.final = final

    def maps(self, original: Json, patch: Json, type_: TypeRef) -> Json:
        if DIRECTIVE in patch:
            return _directed(patch)
        self.retain_keys(original, patch)
        self.ordered_lists(original, patch, type_)
        for key, value in patch.items():
            if key.startswith(DELETE_SCALARS):
                self.delete_scalars(original, (key, value), type_)
            elif value is None and self.final:
                original.pop(key, None)
            else:
                if value is None:
                    original.pop(key, None)
                self.field(original, (key, value), type_)
        return original

    def field(self, original: Json, entry: tuple[str, Any], type_: TypeRef) -> None:
        key, value = entry
        before = original.get(key)
        nested = isinstance(value, dict | list)
        if key in original and nested and same_type(before, value):
            field_type, rule = lists.field_type(type_, key), lists.rule_for(type_, key)
            original[key] = self.nested((before, value), field_type, rule)
            return
        if self.final and (key not in original or not same_type(before, value)):
            _drop_nulls(value)
        kept, keep = _without_directives(value)
        if keep:
            original[key] = kept
        else:
            original.pop(key, None)

    def nested(self, pair: tuple[Any, Any], type_: TypeRef, rule: PatchRule) -> Any:
        before, value = pair
        strategy = lists.strategy(rule)
        if isinstance(value, dict):
            return value if strategy == REPLACE else self.maps(before, value, type_)
        if strategy != MERGE:
            return value
        return self.lists(before, value, lists.element_type(type_), rule.merge_key)

    def lists(self, original: Items, patch: Items, type_: TypeRef, merge_key: str) -> Items:
        if not original and not patch:
            return original
        if not lists.items_are_maps(original, patch):
            return lists.in_order(lists.unique(original + patch), patch, original, "")
        if not merge_key:
            what = f"cannot merge lists without merge key for {type_.name or 'struct'}"
            raise PatchError(what)
        original, patch = _special_items(original, patch, merge_key)
        merged = list(original)
        for item in patch:
            lists.item_key(item, merge_key)
            place = _place_of(merged, item, merge_key)
            if place < 0:
                merged.append(item)
            else:
                merged[place] = self.maps(merged[place], item, type_)
        return lists.in_order(merged, patch, original, merge_key)

    def delete_scalars(self, original: Json, entry: tuple[str, Any], type_: TypeRef) -> None:
        key, gone = entry
        if not self.final:
            original[key] = gone
            return
        prefix, _, field = key.partition("/")
        if prefix != DELETE_SCALARS or not field:
            raise PatchError("invalid patch format of primitive list")
        before = original.get(field)
        if field not in original or not same_type(before, gone) or not isinstance(before, list):
            return
        lists.field_type(type_, field)
        if before or gone:
            lists.items_are_maps(before, gone)
        original[field] = [item for item in before if lists.find(gone, item, "") < 0]

    def retain_keys(self, original: Json, patch: Json) -> None:
        if RETAIN_KEYS not in patch:
            return
        retained = patch.pop(RETAIN_KEYS)
        if not self.final:
            if not equal(original.setdefault(RETAIN_KEYS, retained), retained):
                what = "are not deep equal: this may happen when calculating the 3-way diff patch"
                raise PatchError(f"{plain(original[RETAIN_KEYS])} and {plain(retained)} {what}")
            return
        if not isinstance(retained, list):
            raise PatchError(_BAD_RETAIN)
        for key, value in patch.items():
            directive = key.startswith((DELETE_SCALARS, SET_ORDER))
            if value is not None and not directive and key not in retained:
                raise PatchError(_BAD_RETAIN)
        for key in [key for key in original if key not in retained]:
            del original[key]

    def ordered_lists(self, original: Json, patch: Json, type_: TypeRef) -> None:
        """Merge the lists that the patch gives an order for, and take them out of the patch."""
        for key in [key for key in patch if key.startswith(SET_ORDER)]:
            order = patch.pop(key)
            if not self.final and not equal(original.setdefault(key, order), order):
                raise PatchError(_BAD_ORDER)
            if not isinstance(order, list):
                raise lists.wrong_type(list, order)
            prefix, _, field = key.partition("/")
            if prefix != SET_ORDER or not field:
                raise PatchError(_BAD_ORDER)
            self.ordered_list(original, patch, (field, order), type_)

    def ordered_list(
        self, original: Json, patch: Json, entry: tuple[str, Items], type_: TypeRef
    ) -> None:
        field, order = entry
        live, wanted = _list_at(original, field), _list_at(patch, field)
        rule, item_type = lists.rule_for(type_, field), lists.field_type(type_, field)
        _check_order(wanted or [], order, rule.merge_key)
        if live is None and wanted is None:
            return
        if wanted is None:
            merged: Items = live or []
        elif live is None:
            merged = _without_directives(wanted)[0]
        else:
            merged = self.nested((list(live), wanted), item_type, rule)
            live = _order_after(live, wanted, rule.merge_key)
        lists.items_are_maps(live or [], wanted or [])
        original[field] = lists.in_order(merged, order, live or [], rule.merge_key)
        patch.pop(field, None)


def _directed(patch: Json) -> Json:
    directive = patch[DIRECTIVE]
    if directive == REPLACE:
        del patch[DIRECTIVE]
        return patch
    if directive == DELETE:
        return {}
    raise PatchError(f"unknown patch type: {plain(directive)} in map: {plain(patch)}")


def _special_items(original: Items, patch: Items, merge_key: str) -> tuple[Items, Items]:
    """Carry out the directives among a patch's items; return both lists without them."""
    replaces = False
    for item in patch:
        directive = item.get(DIRECTIVE)
        if directive == DELETE:
            gone = lists.item_key(item, merge_key)
            original = [live for live in original if not _has_key(live, merge_key, gone)]
        elif directive == REPLACE:
            replaces = True
        elif directive == MERGE:
            raise PatchError("merging lists cannot yet be specified in the patch")
        elif DIRECTIVE in item:
            raise PatchError(f"unknown patch type: {plain(directive)} in map: {plain(item)}")
    rest = [item for item in patch if DIRECTIVE not in item]
    return (rest, []) if replaces else (original, rest)


def _order_after(live: Items, patch: Items, merge_key: str) -> Items:
    """Return the live order that the result is sorted by.

    The library deletes in place and appends into the room this leaves: as many new items as were
    deleted count as having stood last.
    """
    if not merge_key or any(isinstance(p, dict) and p.get(DIRECTIVE) == REPLACE for p in patch):
        return live
    gone = [item for item in patch if lists.is_deletion(item)]
    kept = [item for item in live if lists.find(gone, item, merge_key) < 0]
    new = [p for p in patch if DIRECTIVE not in p and lists.find(kept, p, merge_key) < 0]
    return (kept + new[: len(live) - len(kept)]) or live


def _place_of(items: Items, wanted: Json, merge_key: str) -> int:
    """Return the place of the item with the same, present, merge key, or -1."""
    for place, item in enumerate(items):
        if _has_key(item, merge_key, wanted[merge_key]):
            return place
    return -1


def _has_key(item: Any, merge_key: str, value: Any) -> bool:
    return merge_key in item and equal(item[merge_key], value)


def _list_at(holder: Json, field: str) -> Items | None:
    if field not in holder:
        return None
    if not isinstance(holder[field], list):
        raise lists.wrong_type(list, holder[field])
    return list(holder[field])


def _check_order(wanted: Items, order: Items, merge_key: str) -> None:
    """Check that the items of a patch's list come in the order that the patch gives."""
    if not order or not wanted:
        return
    keyed = [item for item in wanted if not (isinstance(item, dict) and DIRECTIVE in item)]
    rest = iter(order)
    for item in keyed:
        for other in rest:
            if _same_item(item, other, merge_key):
                break
        else:
            raise PatchError(
                f"The order in patch list:\n{plain(wanted)}\n "
                f"doesn't match {SET_ORDER} list:\n{plain(order)}\n"
            )


def _same_item(one: Any, other: Any, merge_key: str) -> bool:
    if not merge_key:
        return equal(one, other)
    return equal(lists.item_key(one, merge_key), lists.item_key(other, merge_key))


def _without_directives(value: Any) -> tuple[Any, bool]:
    """Return a value without the parts that are directives; False when it is one itself."""
    if isinstance(value, dict):
        if DIRECTIVE in value:
            return None, False
        kept = {key: _without_directives(entry) for key, entry in value.items()}
        return {key: entry for key, (entry, keep) in kept.items() if keep}, True
    if isinstance(value, list):
        pairs = [_without_directives(item) for item in value]
        return [item for item, keep in pairs if keep], True
    return value, True


def _drop_nulls(value: Any) -> None:
    if isinstance(value, dict):
        for key in [key for key, entry in value.items() if entry is None]:
            del value[key]
        for entry in value.values():
            _drop_nulls(entry)
    elif isinstance(value, list):
        for item in value:
            _drop_nulls(item)
