"""Errors of fields, in the API server's words.

Source: apimachinery, util/validation/field/errors.go; apiextensions-apiserver,
apiserver/validation/validation.go.
"""

import json
from typing import Any, NamedTuple

from tiphys.structured.pathelement import go_quote

OMITTED: Any = object()
"""A value that a message does not show."""

NO_PATH = "<nil>"
"""What the server names where an error belongs to no field."""


class FieldError(NamedTuple):
    """What is wrong with a field.

    Attributes:
        path: "spec.items[0].name".
        reason: of the Status's cause: "FieldValueInvalid", "FieldValueRequired", ...
        message: without the path: `Invalid value: 3: should be less than 2`.
    """

    path: str
    reason: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


def required(path: str) -> FieldError:
    """Return that a field is missing."""
    return FieldError(path, "FieldValueRequired", "Required value")


def invalid(path: str, value: Any, detail: str) -> FieldError:
    """Return that a value breaks a rule."""
    return FieldError(path, "FieldValueInvalid", _with_value("Invalid value", value, detail))


def wrong_type(path: str, value: Any, detail: str) -> FieldError:
    """Return that a value is of another type."""
    return FieldError(path, "FieldValueTypeInvalid", _with_value("Invalid value", value, detail))


def not_supported(path: str, value: Any, allowed: list[Any]) -> FieldError:
    """Return that a value is none of those allowed."""
    names = [entry if isinstance(entry, str) else _json(entry) for entry in allowed]
    detail = "supported values: " + ", ".join(map(go_quote, names)) if names else ""
    message = _with_value("Unsupported value", value, detail)
    return FieldError(path, "FieldValueNotSupported", message)


def too_long(path: str, maximum: int) -> FieldError:
    """Return that a string is too long."""
    unit = "byte" if maximum == 1 else "bytes"
    message = f"Too long: may not be more than {maximum} {unit}"
    return FieldError(path, "FieldValueTooLong", message)


def too_many(path: str, actual: int, maximum: int) -> FieldError:
    """Return that a list or map has too many entries."""
    unit = "item" if maximum == 1 else "items"
    message = f"Too many: {actual}: must have at most {maximum} {unit}"
    return FieldError(path, "FieldValueTooMany", message)


def duplicate(path: str, value: Any) -> FieldError:
    """Return that a list holds something twice."""
    return FieldError(path, "FieldValueDuplicate", _with_value("Duplicate value", value, ""))


def forbidden(path: str, detail: str) -> FieldError:
    """Return that a value is not permitted."""
    return FieldError(path, "FieldValueForbidden", f"Forbidden: {detail}")


def _with_value(what: str, value: Any, detail: str) -> str:
    if value is not OMITTED:
        shown = go_quote(value) if isinstance(value, str) else _json(value)
        what = f"{what}: {shown}"
    return f"{what}: {detail}" if detail else what


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
