"""Types of values, reduced to what ownership and patches need to know.

A type allows a scalar, a list, a map, or several of them (an untyped field allows all three). A
list is atomic (owned as a whole), a set (its items are their own keys) or associative (items are
known by key fields). A map is granular (each field owned by itself) or atomic.

Source: structured-merge-diff v6, schema/elements.go and typed/helpers.go.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple


class PatchRule(NamedTuple):
    """How a strategic merge patch treats a field."""

    strategies: tuple[str, ...] = ()
    merge_key: str = ""


NO_RULE = PatchRule()


class ListType:
    """The list side of a type.

    Attributes:
        atomic: the list is owned, and replaced, as a whole.
        keys: the fields that tell items apart; () for a set of scalars.
    """

    __slots__ = ("_key_defaults", "atomic", "element", "keys")

    def __init__(self, element: "TypeRef", *, atomic: bool, keys: tuple[str, ...] = ()) -> None:
        self.element, self.atomic, self.keys = element, atomic, keys
        self._key_defaults: dict[str, Any] | None = None

    @property
    def key_defaults(self) -> dict[str, Any]:
        """Values of key fields that an item may leave out."""
        if self._key_defaults is None:
            defaults = self.element.map.defaults if self.element.map else {}
            found = {key: defaults.get(key) for key in self.keys}
            self._key_defaults = {key: value for key, value in found.items() if value is not None}
        return self._key_defaults


class MapType:
    """The map side of a type: a struct with `fields`, a map with one `element` type, or both.

    Attributes:
        element: type of entries that are no declared field; None forbids them.
        required: fields that must be there.
        defaults: values of absent fields, as far as the schema tells.
        structs: fields that the API server's own objects are never without: {} when nothing is set.
        rules: how strategic merge treats fields, for those that say so.
    """

    __slots__ = ("atomic", "defaults", "element", "fields", "required", "rules", "structs")

    def __init__(self, *, element: "TypeRef | None" = None, atomic: bool = False) -> None:
        self.element, self.atomic = element, atomic
        self.fields: dict[str, TypeRef] = {}
        self.required: tuple[str, ...] = ()
        self.defaults: Mapping[str, Any] = {}
        self.rules: dict[str, PatchRule] = {}
        self.structs: tuple[str, ...] = ()

    def with_atomic(self, *, atomic: bool) -> "MapType":
        """Return the same map, owned differently: a field may overrule the type that it names."""
        copy = MapType(element=self.element, atomic=atomic)
        copy.fields, copy.required = self.fields, self.required
        copy.defaults, copy.rules, copy.structs = self.defaults, self.rules, self.structs
        return copy


class TypeRef:
    """What a value may be.

    Attributes:
        scalar: "string", "numeric", "boolean" or "untyped"; None when no scalar is allowed.
        format: the OpenAPI format of the scalar ("date-time", "int32", "quantity", ...), or "".
        name: the definition's name, "" for a type written in place.
    """

    __slots__ = ("format", "list", "map", "name", "scalar")

    def __init__(
        self,
        scalar: str | None = None,
        list_type: ListType | None = None,
        map_type: MapType | None = None,
        *,
        name: str = "",
        format_: str = "",
    ) -> None:
        self.scalar, self.list, self.map = scalar, list_type, map_type
        self.name, self.format = name, format_

    def __repr__(self) -> str:
        parts = [p for p in (self.scalar, self.list and "list", self.map and "map") if p]
        return f"TypeRef({self.name or '|'.join(parts)})"

    def part_for(self, value: Any) -> "MapType | ListType | str | None":
        """Return the side of the type that a value uses; what does not fit gets the first one."""
        cls = value.__class__
        if cls is dict:
            part: MapType | ListType | str | None = self.map
        elif cls is list:
            part = self.list
        else:
            part = None if value is None else self.scalar
        return part or self.map or self.scalar or self.list

    def child(self, field: str) -> "TypeRef | None":
        """Return the type of a field or map entry; None when there can be none."""
        if self.map is None:
            return None
        return self.map.fields.get(field) or self.map.element


def _untyped(name: str, *, atomic: bool) -> TypeRef:
    result = TypeRef("untyped", name=name)
    result.map = MapType(element=result, atomic=atomic)
    result.list = ListType(result, atomic=True)
    return result


UNTYPED_ATOMIC = _untyped("__untyped_atomic_", atomic=True)
"""Anything, owned as a whole."""

DEDUCED = _untyped("__untyped_deduced_", atomic=False)
"""Anything; its maps are owned field by field, its lists as a whole."""
DEDUCED.list = ListType(UNTYPED_ATOMIC, atomic=True)


def child_type(part: MapType, field: str) -> TypeRef:
    """Return the type of a field or map entry; of an undeclared one anything goes."""
    return part.fields.get(field) or part.element or DEDUCED
