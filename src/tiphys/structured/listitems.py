"""What tells the items of a list apart.

Source: structured-merge-diff v6, typed/helpers.go.
"""

from functools import lru_cache
from typing import Any

from tiphys.model.errors import InvalidInputError
from tiphys.structured.pathelement import PathElement, key_element, value_element
from tiphys.structured.types import ListType


class ListItemError(InvalidInputError):
    """An item of an associative list or set cannot be told apart from the others.

    Its text is the API server's own, without a place: the walk that meets it knows the path.
    """

    reason = "InvalidListItem"


def item_element(list_type: ListType, item: Any) -> PathElement:
    """Return the path element of an item of a list that is not atomic.

    Raises:
        ListItemError: the item has no key, or is of a type that such a list cannot hold.
    """
    keys = list_type.keys
    if not keys:
        return _set_item_element(item)
    if len(keys) == 1 and item.__class__ is dict and item.get(keys[0]).__class__ is str:
        return _named_element(keys[0], item[keys[0]])
    if item.__class__ is not dict:
        what = "a null element" if item is None else "non-map elements"
        raise ListItemError(f"associative list with keys may not have {what}")
    pairs = []
    for key in keys:
        if key in item:
            pairs.append((key, item[key]))
        elif key in list_type.key_defaults:
            pairs.append((key, list_type.key_defaults[key]))
    if not pairs:
        names = "[" + " ".join(f'"{key}"' for key in keys) + "]"
        raise ListItemError(
            f"associative list with keys has an element that omits all key fields {names} "
            "(and doesn't have default values for any key fields)"
        )
    return _element_of(pairs)


def _element_of(pairs: list[tuple[str, Any]]) -> PathElement:
    if all(value.__class__ is str or value.__class__ is int for _, value in pairs):
        return _keyed_element(tuple(pairs))  # true would be taken for 1
    return key_element(pairs)


@lru_cache(maxsize=4096)
def _named_element(key: str, name: str) -> PathElement:
    return key_element([(key, name)])


@lru_cache(maxsize=4096)
def _keyed_element(pairs: tuple[tuple[str, str | int], ...]) -> PathElement:
    return key_element(list(pairs))


def _set_item_element(item: Any) -> PathElement:
    if isinstance(item, dict):
        raise ListItemError("associative list without keys has an element that's a map type")
    if isinstance(item, list):
        raise ListItemError("not supported: associative list with lists as elements")
    if item is None:
        raise ListItemError("associative list without keys has an element that's an explicit null")
    return value_element(item)
