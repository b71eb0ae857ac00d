"""Creates strategic merge patches, as `kubectl apply` does for built-in kinds.

Source: apimachinery, util/strategicpatch/patch.go.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

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
from tiphys.structured.patches.strategic import combine_strategic_patches
from tiphys.structured.patches.values import PatchError, same_type
from tiphys.structured.types import TypeRef


class _Options(NamedTuple):
    """Which half of a difference is wanted."""

    changes: bool = True
    deletions: bool = True
    retain_keys: bool = False


def create_two_way_patch(original: Json, modified: Json, type_: TypeRef) -> Json:
    """Return the strategic merge patch that turns one object into the other.

    Raises:
        PatchError: a merged list has an item without its key.
    """
    return _diff_maps(original, modified, type_, _Options())


def create_three_way_patch(original: Json, modified: Json, current: Json, type_: TypeRef) -> Json:
    """Return the patch that `kubectl apply` sends for a built-in kind.

    It sets what `modified` says and `current` does not have, and removes what `original` said and
    `modified` no longer does; what only `current` has stays.

    Args:
        original: the configuration as it was last applied, {} when it never was.
        modified: the configuration to apply.
        current: the live object.
        type_: the type of the kind.

    Raises:
        PatchError: a merged list has an item without its key.
    """
    changes = _diff_maps(current, modified, type_, _Options(deletions=False))
    deletions = _diff_maps(original, modified, type_, _Options(changes=False))
    return combine_strategic_patches(deletions, changes, type_)


def _diff_maps(original: Json, modified: Json, type_: TypeRef, options: _Options) -> Json:
    patch: Json = {}
    for key, value in modified.items():
        if key in original and same_type(original[key], value):
            _diff_field(key, (original[key], value), (type_, patch), options)
        elif options.changes:
            patch[key] = value
    if options.deletions:
        patch |= dict.fromkeys(key for key in original if key not in modified)
    if options.retain_keys:
        _retain_keys(original, modified, patch)
    return patch


def _diff_field(
    key: str, pair: tuple[Any, Any], target: tuple[TypeRef, Json], options: _Options
) -> None:
    before, value = pair
    if key == DIRECTIVE:
        _diff_directive(before, value, target[1])
    elif isinstance(value, dict):
        _diff_map(key, pair, target, options)
    elif isinstance(value, list):
        _diff_list(key, pair, target, options)
    elif options.changes and not equal(before, value):
        target[1][key] = value


def _retain_keys(original: Json, modified: Json, patch: Json) -> None:
    retained = [key for key, value in modified.items() if value is not None]
    cleared = any(value is not None and key not in modified for key, value in original.items())
    if retained and (patch or cleared):
        patch[RETAIN_KEYS] = sorted(retained)


def _diff_directive(before: Any, value: Any, patch: Json) -> None:
    if not isinstance(value, str):
        raise PatchError(f"invalid value for special key: {DIRECTIVE}")
    if before != value:
        patch[DIRECTIVE] = value


def _diff_map(
    key: str, pair: tuple[Any, Any], target: tuple[TypeRef, Json], options: _Options
) -> None:
    (before, value), (type_, patch) = pair, target
    if equal(before, value) and type_.child(key) is None:
        return
    rule, below = lists.rule_for(type_, key), lists.field_type(type_, key)
    if lists.strategy(rule) == REPLACE:
        if options.changes:
            patch[key] = value
        return
    options = options._replace(retain_keys=lists.retains_keys(rule))
    if inner := _diff_maps(before, value, below, options):
        patch[key] = inner


def _diff_list(
    key: str, pair: tuple[Any, Any], target: tuple[TypeRef, Json], options: _Options
) -> None:
    (before, value), (type_, patch) = pair, target
    if equal(before, value) and type_.child(key) is None:
        return
    rule, below = lists.rule_for(type_, key), lists.field_type(type_, key)
    if lists.strategy(rule) != MERGE:
        if options.changes and not equal(before, value):
            patch[key] = value
        return
    options = options._replace(retain_keys=lists.retains_keys(rule))
    item_type = lists.element_type(below)
    found = _diff_merged_list(before, value, (item_type, rule.merge_key), options)
    for name, items in zip(
        (key, f"{DELETE_SCALARS}/{key}", f"{SET_ORDER}/{key}"), found, strict=True
    ):
        if items:
            patch[name] = items


def _diff_merged_list(
    original: Items, modified: Items, kind: tuple[TypeRef, str], options: _Options
) -> tuple[Items, Items, Items]:
    """Return what is added or changed, which scalars go, and the order, of a merged list."""
    if not original:
        return (modified if options.changes else []), [], []
    if lists.items_are_maps(original, modified):
        return _diff_items(original, modified, kind, options)
    added, gone = _diff_scalars(original, modified, options)
    added = lists.sort_by(added, modified, "", maps=False)
    # The library compares with an original that it has sorted, so an unsorted list always counts
    # as moved; the order is sent along then, which changes nothing.
    moved = not equal(sorted(original, key=plain), modified)
    orders = (options.deletions and gone) or (options.changes and moved)
    return added, gone, (modified if orders else [])


def _diff_scalars(original: Items, modified: Items, options: _Options) -> tuple[Items, Items]:
    """Compare two lists as bags: an item that is there once more is added once."""
    rest = sorted(original, key=plain)
    added: Items = []
    for item in sorted(modified, key=plain):
        place = lists.find(rest, item, "")
        if place >= 0:
            del rest[place]
        else:
            added.append(item)
    return (added if options.changes else []), (lists.unique(rest) if options.deletions else [])


def _diff_items(
    original: Items, modified: Items, kind: tuple[TypeRef, str], options: _Options
) -> tuple[Items, Items, Items]:
    type_, merge_key = kind
    patch: Items = []
    gone: Items = []
    for before, after in _paired(original, modified, merge_key):
        if before is None:
            patch += [after] if options.changes else []
        elif after is None:
            gone += [{merge_key: before[merge_key], DIRECTIVE: DELETE}]
        elif inner := _diff_maps(before, after, type_, options):
            patch.append({**inner, merge_key: after[merge_key]})
    patch = lists.sort_by(patch, modified, merge_key, maps=True)
    patch += gone if options.deletions else []
    moved = [item[merge_key] for item in original] != [item[merge_key] for item in modified]
    orders = bool(patch) or (options.changes and moved)
    order = [{merge_key: item[merge_key]} for item in modified] if orders else []
    return patch, [], order


def _paired(
    original: Items, modified: Items, merge_key: str
) -> Iterator[tuple[Json | None, Json | None]]:
    """Yield items of both lists with the same key together, the others alone, sorted by key.

    Where a key is there twice, later items meet first, as in the library.
    """

    def name(item: Json) -> str:
        return plain(lists.item_key(item, merge_key))

    latest_first = original[::-1], modified[::-1]
    before, after = (sorted(items, key=name) for items in latest_first)
    left = right = 0
    while left < len(before) or right < len(after):
        ours = name(before[left]) if left < len(before) else None
        theirs = name(after[right]) if right < len(after) else None
        if ours == theirs:
            yield before[left], after[right]
            left, right = left + 1, right + 1
        elif ours is None or (theirs is not None and theirs < ours):
            yield None, after[right]
            right += 1
        else:
            yield before[left], None
            left += 1
