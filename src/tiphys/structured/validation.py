"""Checks that a value fits its type, in the words of the API server.

Source: structured-merge-diff v6, typed/validate.go.
"""

from typing import Any

from tiphys.model.errors import InvalidInputError
from tiphys.structured.gotext import go_syntax, go_type, go_value
from tiphys.structured.listitems import ListItemError, item_element
from tiphys.structured.pathelement import element_text
from tiphys.structured.types import ListType, MapType, TypeRef


class TypedValueError(InvalidInputError):
    """A value does not fit its type.

    Attributes:
        problems: (path text, what is wrong) of every place, in the order of the walk.
    """

    reason = "InvalidValue"

    def __init__(self, problems: "list[Problem]") -> None:
        lines = [f"{path}: {what}" if path else what for path, what in problems]
        text = lines[0] if len(lines) == 1 else "\n".join(["errors:", *(f"  {x}" for x in lines)])
        super().__init__(text)
        self.problems = tuple(problems)


Problem = tuple[str, str]
_FITTING: dict[str | None, set[type]] = {
    "string": {str},
    "numeric": {int, float},
    "boolean": {bool},
    "untyped": {str, int, float, bool},
    None: set(),
}
"""Classes of the values that fit a scalar."""


def check(value: Any, type_: TypeRef, *, allow_duplicates: bool = False) -> None:
    """Check that a value fits its type.

    Raises:
        TypedValueError: it does not; every place is named.
    """
    if _fits(value, type_):
        return
    walk = _Walk(allow_duplicates=allow_duplicates)
    walk.check(value, type_, "")
    if walk.problems:
        raise TypedValueError(walk.problems)


def _fits(value: Any, type_: TypeRef) -> bool:
    """Tell whether there is nothing to say of a value; it costs half of finding out where."""
    part, cls = type_.part_for(value), value.__class__
    if part.__class__ is MapType:
        return value is None or (cls is dict and _map_fits(value, part))
    if part.__class__ is ListType:
        return value is None or (cls is list and _list_fits(value, part))
    return value is None or not scalar_problem(str(part), value)


def _map_fits(value: dict[str, Any], part: MapType) -> bool:
    fields, element = part.fields, part.element
    for name, entry in value.items():
        type_ = fields.get(name) or element
        if type_ is None:
            return False
        if entry.__class__ not in _FITTING[type_.scalar] and not _fits(entry, type_):
            return False
    return True


def _list_fits(value: list[Any], part: ListType) -> bool:
    if not part.atomic:
        try:
            elements = {item_element(part, item) for item in value}
        except ListItemError:
            return False
        if len(elements) != len(value):
            return False
    type_, fitting = part.element, _FITTING[part.element.scalar]
    return all(item.__class__ in fitting or _fits(item, type_) for item in value)


class _Walk:
    def __init__(self, *, allow_duplicates: bool) -> None:
        self.allow_duplicates = allow_duplicates
        self.problems: list[Problem] = []

    def check(self, value: Any, type_: TypeRef, path: str) -> None:
        part = type_.part_for(value)
        if part.__class__ is MapType:
            self.check_map(value, part, path)
        elif part.__class__ is ListType:
            self.check_list(value, part, path)
        elif value is not None and (what := scalar_problem(str(part), value)):
            self.problems.append((path, what))

    def check_map(self, value: Any, part: MapType, path: str) -> None:
        if value.__class__ is not dict:
            if value is not None:
                self.problems.append((path, f"expected map, got {go_value(value)}"))
            return
        fields, element = part.fields, part.element
        for name, entry in value.items():
            type_ = fields.get(name) or element
            if type_ is None:
                self.problems.append((f"{path}.{name}", "field not declared in schema"))
                return
            if entry is None or (type_.scalar == "string" and entry.__class__ is str):
                continue
            self.check(entry, type_, f"{path}.{name}")

    def check_list(self, value: Any, part: ListType, path: str) -> None:
        if value.__class__ is not list:
            if value is not None:
                self.problems.append((path, f"expected list, got {go_value(value)}"))
            return
        seen: set[str] = set()
        for place, item in enumerate(value):
            text = f"[{place}]"
            if not part.atomic:
                try:
                    element = item_element(part, item)
                except ListItemError as err:
                    self.problems.append((path, f"element {place}: {err.what}"))
                    return
                text = element_text(element)
                if element in seen and not self.allow_duplicates:
                    self.problems.append((path, f"duplicate entries for key {text}"))
                seen.add(element)
            self.check(item, part.element, path + text)


def scalar_problem(scalar: str, value: Any) -> str:
    """Return what is wrong with a value that should be a scalar, "" when nothing is."""
    if value.__class__ in _FITTING.get(scalar, _FITTING["untyped"]):
        return ""
    if scalar == "string":
        return f"expected string, got {go_syntax(value)}"
    if scalar == "numeric":
        return f"expected numeric (int or float), got {go_type(value)}"
    return f"expected {'boolean' if scalar == 'boolean' else 'any scalar'}, got {go_value(value)}"
