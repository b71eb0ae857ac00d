"""How lists are compared: by key, as a set, or as one value.

The schema says how the API server merges a list. For kinds without one the managedFields of the
live object do: every element that somebody wrote is named there by its keys.

Source: Kubernetes API concepts, "Merge strategy".
"""

from collections.abc import Sequence
from typing import Any

from tiphys.engine.diff.paths import Path
from tiphys.engine.fields import parse_key
from tiphys.model.keys import Manifest
from tiphys.structured.pathelement import key_element
from tiphys.structured.types import TypeRef

# The one key that people leave out and that the API server fills in (ports); schemas made
# without defaults do not tell.
_DEFAULT_KEYS = {"protocol": "TCP"}


class ListRules:
    """How the lists of one object merge, from what its managedFields mention."""

    def __init__(self, roots: Sequence[Manifest]) -> None:
        """Read FieldsV1 maps of the object, whoever's."""
        self._roots = roots

    def keys_at(self, path: Path, type_: TypeRef | None) -> tuple[str, ...] | None:
        """Return the key names of a list, () for a set, None for a list that is one value."""
        if type_ is not None and type_.list is not None:
            return None if type_.list.atomic else type_.list.keys
        for root in self._roots:
            for key in fields_at(root, path) or ():
                if key.startswith("k:"):
                    return tuple(parse_key(key))
                if key.startswith("v:"):
                    return ()
        return None

    def is_leaf(self, path: Path) -> bool:
        """Return whether whoever wrote what lies at a path wrote it as one value."""
        found = [fields_at(root, path) for root in self._roots]
        return any(fields is not None for fields in found) and not any(found)


def fields_at(root: Manifest, path: Path) -> Manifest | None:
    """Return the part of a FieldsV1 map at a path, None when it does not reach there."""
    node: Manifest | None = root
    for element in path:
        if not node:
            return None
        node = node.get(element)
    return node


class KeyedItems:
    """The elements of one list by key, in order.

    Attributes:
        by_key: elements by their path element; of duplicates the last.
        has_duplicates: True when a key stands twice.
        is_regular: False when an element is no map and so can have no key.
    """

    def __init__(self, items: Sequence[Any], names: tuple[str, ...], type_: TypeRef | None) -> None:
        defaults = type_.list.key_defaults if type_ is not None and type_.list is not None else {}
        self._names, self._defaults = names, {**_DEFAULT_KEYS, **defaults}
        self.by_key: dict[str, Manifest] = {}
        self.is_regular = all(isinstance(item, dict) for item in items)
        for item in items if self.is_regular else ():
            self.by_key[self._key_of(item)] = item
        self.has_duplicates = self.is_regular and len(self.by_key) < len(items)

    def _key_of(self, item: Manifest) -> str:
        return key_element(
            [
                (name, item.get(name, self._defaults.get(name)))
                for name in self._names
                if name in item or name in self._defaults
            ]
        )


def keeps_order(wanted: Sequence[str], found: Sequence[str]) -> bool:
    """Return whether what is in both stands in the same order."""
    positions = {key: position for position, key in enumerate(found)}
    order = [positions[key] for key in wanted if key in positions]
    return order == sorted(order)
