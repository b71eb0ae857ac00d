"""Parts that built-in objects are never without, as the API server holds and shows them.

A Deployment that was just created shows `status: {}`, its containers `resources: {}`: these are
structs inside of structs, which Go can set to nothing but not leave out. Nobody comes to own
them by a write. Custom resources have no such parts.

Source: the defaults `{}` of client-go's types, as recorded.
"""

from typing import Any

from tiphys.structured.types import ListType, MapType, TypeRef


def with_structs(value: Any, type_: TypeRef) -> Any:
    """Return an object of a built-in kind with its absent structs as {}; the input stays as is."""
    part = type_.part_for(value)
    if value.__class__ is dict and part.__class__ is MapType:
        return _filled(value, part)
    if value.__class__ is list and part.__class__ is ListType:
        return [with_structs(item, part.element) for item in value]
    return value


def _filled(value: dict[str, Any], part: MapType) -> dict[str, Any]:
    fields, other = part.fields, part.element
    result = {}
    for name, entry in value.items():
        type_ = fields.get(name) or other
        nested = entry.__class__ in {dict, list} and type_ is not None
        result[name] = with_structs(entry, type_) if nested and type_ is not None else entry
    for name in part.structs:
        if result.get(name) is None:
            result[name] = with_structs({}, fields[name])
    return result
