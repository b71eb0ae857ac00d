"""Parts that built-in objects are never without, as the API server holds and shows them.

A Deployment that was just created shows `status: {}`, its containers `resources: {}`: these are
structs inside of structs, which Go can set to nothing but not leave out. Nobody comes to own
them by a write. Custom resources have no such parts.

Source: the defaults `{}` of client-go's types, as recorded.
"""

from typing import Any

from tiphys.structured.types import ListType, MapType, TypeRef

_NOTHING: dict[str, Any] = {}


def with_structs(value: Any, type_: TypeRef, other: Any = _NOTHING) -> Any:
    """Return an object of a built-in kind with its absent structs as {}; the input stays as is.

    What lacks nothing is returned itself: comparisons stop where two values are the same object.

    Args:
        value: the object.
        type_: its type.
        other: an object that it will be compared with; what both hold at the same place as the
            very same value is left as it is.
    """
    part = type_.part_for(value)
    if value.__class__ is dict and part.__class__ is MapType:
        return _filled(value, part, other if other.__class__ is dict else _NOTHING)
    if value.__class__ is list and part.__class__ is ListType:
        items = [with_structs(item, part.element) for item in value]
        is_same = all(new is old for new, old in zip(items, value, strict=True))
        return value if is_same else items
    return value


def _filled(value: dict[str, Any], part: MapType, other: dict[str, Any]) -> dict[str, Any]:
    fields, element = part.fields, part.element
    missing: dict[str, Any] = {}
    for name, entry in value.items():
        if entry.__class__ is not dict and entry.__class__ is not list:
            continue
        theirs = other.get(name, _NOTHING)
        if theirs is not entry:
            type_ = fields.get(name) or element
            filled = entry if type_ is None else with_structs(entry, type_, theirs)
            if filled is not entry:
                missing[name] = filled
    for name in part.structs:
        if value.get(name) is None:
            missing[name] = with_structs({}, fields[name])
    return {**value, **missing} if missing else value
