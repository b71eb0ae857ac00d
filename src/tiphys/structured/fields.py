"""The fields that a value sets, and field sets seen with the types of what they name.

Source: structured-merge-diff v6, typed/tofieldset.go, typed/reconcile_schema.go and the function
EnsureNamedFieldsAreMembers of fieldpath/set.go.
"""

from typing import Any

from tiphys.structured.fieldset import EMPTY, FieldSet
from tiphys.structured.listitems import item_element
from tiphys.structured.pathelement import PathElement
from tiphys.structured.types import DEDUCED, ListType, MapType, TypeRef, child_type

_SCALARS = {str, int, float, bool}


def to_fieldset(value: Any, type_: TypeRef) -> FieldSet:
    """Return the fields that a value sets.

    Raises:
        ListItemError: an item of a list has no key.
    """
    return _collect(value, type_) or EMPTY


def _collect(value: Any, type_: TypeRef) -> FieldSet | None:
    """Return what lies below a value; None for a leaf, whose own path is set."""
    part = type_.part_for(value)
    if part.__class__ is MapType:
        return _collect_map(value, part)
    if part.__class__ is ListType:
        return _collect_list(value, part)
    return None


def _collect_map(value: Any, part: MapType) -> FieldSet | None:
    if part.atomic:
        return None
    if not value or value.__class__ is not dict:
        return EMPTY
    members: list[str] = []
    children: dict[PathElement, FieldSet] = {}
    fields, other = part.fields, part.element or DEDUCED
    for name, entry in value.items():
        declared = fields.get(name)
        # A scalar, by far the most common entry, is a leaf of whatever type it has.
        if entry.__class__ in _SCALARS and declared is not None and declared.scalar is not None:
            members.append(name)
            continue
        below = _collect(entry, declared or other)
        if below is None or declared is None or entry is None or entry == {}:
            members.append(name)
        if below is not None and below is not EMPTY:
            children["f:" + name] = below
    return FieldSet.of_fields(members, children)


def _collect_list(value: Any, part: ListType) -> FieldSet | None:
    if part.atomic:
        return None
    if value.__class__ is not list:
        return EMPTY
    elements = [item_element(part, item) for item in value]
    members = set(elements)
    children: dict[PathElement, FieldSet] = {}
    # Of an item that is there twice only the item itself is owned, not what is in it.
    has_duplicates = len(members) != len(elements)
    for element, item in zip(elements, value, strict=True):
        if has_duplicates and elements.count(element) > 1:
            continue
        below = _collect(item, part.element)
        if below:
            children[element] = below
    return FieldSet(members, children)


def with_named_fields(fields: FieldSet, type_: TypeRef) -> FieldSet:
    """Return a set that also has every declared field that something in it lies below."""
    if not fields.children:
        return fields
    part = type_.map
    declared = part.fields if part else {}
    members = set(fields.members)
    children = {}
    for element, below in fields.children.items():
        if element[:2] == "f:" and element[2:] in declared:
            members.add(element)
        children[element] = with_named_fields(below, _type_below(type_, element))
    return FieldSet(members, children)


def _type_below(type_: TypeRef, element: PathElement) -> TypeRef:
    if element[:2] == "f:" and type_.map is not None:
        return child_type(type_.map, element[2:])
    if element[:2] == "k:" and type_.list is not None:
        return type_.list.element
    return TypeRef()


def reconciled(fields: FieldSet, type_: TypeRef) -> FieldSet:
    """Return a manager's set after its type may have changed since it was written.

    Where the type has become atomic, fields below it turn into the one field that holds them all.
    """
    part = type_.map or type_.list
    if part is None or not fields or fields.fits is type_:
        return fields
    children: dict[PathElement, FieldSet] | None = None
    members = fields.members
    for element, below in fields.children.items():
        under = _reconcilable_type(type_, element)
        if under is None:
            continue
        became_atomic = _is_atomic(under)
        kept = EMPTY if became_atomic else reconciled(below, under)
        if kept is below:
            continue
        children = dict(fields.children) if children is None else children
        if became_atomic:
            del children[element]
            members |= {element}
        else:
            children[element] = kept
    if children is not None:
        return FieldSet(members, children)
    fields.fits = type_
    return fields


def _is_atomic(type_: TypeRef) -> bool:
    if type_.map is not None:  # the map side is looked at first, as the API server does
        return type_.map.atomic and not _is_deduced(type_.map)
    return type_.list is not None and type_.scalar is None and type_.list.atomic


def _reconcilable_type(type_: TypeRef, element: PathElement) -> TypeRef | None:
    if type_.map is not None:
        if _is_deduced(type_.map):
            return None
        return type_.map.fields.get(element[2:]) or type_.map.element
    if type_.scalar is not None or type_.list is None:
        return None
    return type_.list.element


def _is_deduced(part: MapType) -> bool:
    element = part.element
    if part.fields or element is None:
        return False
    return element is DEDUCED or (not element.name and element.scalar == "untyped")
