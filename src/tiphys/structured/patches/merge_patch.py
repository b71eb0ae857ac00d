"""JSON merge patch: a document that looks like the result, with null for what goes.

Source: RFC 7386; evanphx/json-patch v4, the API server's library, which goes on to drop nulls from
maps inside of lists; apimachinery, util/jsonmergepatch/patch.go for the three-way form.
"""

from typing import Any

from tiphys.structured.compare import equal
from tiphys.structured.patches.values import PatchError, copy, same_type

Json = dict[str, Any]


def apply_merge_patch(document: Any, patch: Any) -> Any:
    """Return a document with a merge patch applied; the inputs stay as they are."""
    if not isinstance(patch, dict):
        return copy(patch) if isinstance(document, dict) else _pruned(patch)
    result = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = apply_merge_patch(result.get(key), value)
    return result


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _pruned(entry) for key, entry in value.items() if entry is not None}
    if isinstance(value, list):
        return [_pruned(item) for item in value]
    return value


def create_merge_patch(original: Json, modified: Json) -> Json:
    """Return the smallest merge patch that turns one document into the other.

    A null that is new in `modified` cannot be told from a removal: the language has no word for it.
    """
    patch: Json = {}
    for key, value in modified.items():
        before = original.get(key)
        if key not in original or not same_type(before, value):
            patch[key] = value
        elif isinstance(value, dict):
            if inner := create_merge_patch(before, value):  # type: ignore[arg-type] # same type
                patch[key] = inner
        elif not equal(before, value):
            patch[key] = value
    patch |= dict.fromkeys(key for key in original if key not in modified)
    return patch


def create_three_way_merge_patch(original: Json, modified: Json, current: Json) -> Json:
    """Return the merge patch that `kubectl apply` sends for a custom resource.

    Args:
        original: the configuration as it was last applied, {} when it never was.
        modified: the configuration to apply.
        current: the live object.

    Raises:
        PatchError: what is to be removed and what is to be set contradict each other.
    """
    changes = _without_nulls(create_merge_patch(current, modified))
    removals = _only_nulls(create_merge_patch(original, modified))
    if _contradict(changes, removals):
        raise PatchError("patch conflicts with the removal of fields", where="three-way patch")
    return _overlay(removals, changes)


def _without_nulls(patch: Json) -> Json:
    result: Json = {}
    for key, value in patch.items():
        kept = _without_nulls(value) if isinstance(value, dict) else value
        # A map that is empty by itself is a value; one that only held nulls is an empty patch.
        if value is not None and (kept != {} or value == {}):
            result[key] = kept
    return result


def _only_nulls(patch: Json) -> Json:
    result: Json = {}
    for key, value in patch.items():
        if value is None:
            result[key] = None
        elif isinstance(value, dict) and (inner := _only_nulls(value)):
            result[key] = inner
    return result


def _contradict(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return any(_contradict(value, other[key]) for key, value in one.items() if key in other)
    return not equal(one, other)


def _overlay(patch: Json, over: Json) -> Json:
    result = dict(patch)
    for key, value in over.items():
        below = result.get(key)
        both = isinstance(value, dict) and isinstance(below, dict)
        result[key] = _overlay(below, value) if both and below is not None else value
    return result
