"""Takes fields out of a value, or keeps nothing but them.

Source: structured-merge-diff v6, typed/remove.go and ExtractItems of typed/typed.go.
"""

from typing import Any

from tiphys.structured.fields import to_fieldset
from tiphys.structured.fieldset import FieldSet
from tiphys.structured.listitems import ListItemError, item_element
from tiphys.structured.pathelement import Path, PathElement, key_fields
from tiphys.structured.types import DEDUCED, ListType, MapType, TypeRef


def remove_items(value: Any, fields: FieldSet, type_: TypeRef) -> Any:
    """Return a value without these fields and everything below them; the input stays as it is.

    A map or list that loses everything in it becomes null, as the API server has it.
    """
    if not fields:
        return value
    part = type_.part_for(value)
    if part.__class__ is MapType:
        return _remove_map(value, fields, part)
    if part.__class__ is ListType:
        return _remove_list(value, fields, part)
    return value


def _remove_map(value: Any, fields: FieldSet, part: MapType) -> Any:
    if part.atomic or value.__class__ is not dict or not value:
        return None
    result = {}
    declared, other = part.fields, part.element or DEDUCED
    for name, entry in value.items():
        element = "f:" + name
        if element in fields.members:
            continue
        below = fields.children.get(element)
        result[name] = (
            entry if below is None else remove_items(entry, below, declared.get(name) or other)
        )
    return result or None


def _remove_list(value: Any, fields: FieldSet, part: ListType) -> Any:
    if part.atomic or value.__class__ is not list or not value:
        return None
    result = []
    for item in value:
        element = _element(part, item)
        if element in fields.members:
            continue
        below = fields.children.get(element)
        result.append(item if below is None else remove_items(item, below, part.element))
    return result or None


def extract(value: Any, fields: FieldSet, type_: TypeRef, *, with_keys: bool = False) -> Any:
    """Return only these fields of a value; the input stays as it is.

    Args:
        value: the value to take from.
        fields: what to keep; an atomic list or map is kept whole.
        type_: the type of the value; of a granular map that is in the set without its entries
            only the empty map is kept. (The library loses nested entries there; we do not.)
        with_keys: also keep the key fields of every list item of which anything is kept, so that
            the result can be applied.
    """
    if with_keys:
        fields = fields.union(_keys_of(value, fields, type_))
    return _extract(value, fields, type_)


def _extract(value: Any, fields: FieldSet, type_: TypeRef) -> Any:
    part = type_.part_for(value)
    if part.__class__ is MapType:
        return _extract_map(value, fields, part)
    if part.__class__ is ListType:
        return _extract_list(value, fields, part)
    return value


def _extract_map(value: Any, fields: FieldSet, part: MapType) -> Any:
    if value.__class__ is not dict:
        return None
    if part.atomic or not value:
        return value
    result = {}
    declared, other = part.fields, part.element or DEDUCED
    for name, entry in value.items():
        element = "f:" + name
        type_ = declared.get(name) or other
        if element in fields.children:
            kept = _extract(entry, fields.children[element], type_)
            # Who owns a map itself owns it empty too, when all that he owned in it is gone.
            owned = element in fields.members and kept is None and entry is not None
            result[name] = entry.__class__() if owned else kept
        elif element in fields.members:
            result[name] = _bare(entry, type_)
    return result or None


def _bare(value: Any, type_: TypeRef) -> Any:
    """Return what an owner of the field alone owns: a granular map or list without its entries."""
    part = type_.part_for(value)
    if not value or value.__class__ not in {dict, list} or isinstance(part, str) or part is None:
        return value
    return value if part.atomic else value.__class__()


def _extract_list(value: Any, fields: FieldSet, part: ListType) -> Any:
    if value.__class__ is not list:
        return None
    if part.atomic or not value:
        return value
    result = []
    for item in value:
        element = _element(part, item)
        below = fields.children.get(element)
        if below is not None:
            result.append(_extract(item, below, part.element))
        elif element in fields.members:
            result.append(item)
    return result or None


def _element(part: ListType, item: Any) -> PathElement:
    try:
        return item_element(part, item)
    except ListItemError:  # an item that nobody can own is never taken out, and never kept
        return ""


def _keys_of(value: Any, fields: FieldSet, type_: TypeRef) -> FieldSet:
    present = to_fieldset(value, type_)
    paths: list[Path] = []
    for path in fields:
        if present.has(path):
            for depth, element in enumerate(path, 1):
                paths += [(*path[:depth], "f:" + name) for name in key_fields(element)]
    return FieldSet.of(*paths)
