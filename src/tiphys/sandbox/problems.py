"""What is said of a value that an object may not have, in the API server's words.

Source: apimachinery, pkg/util/validation/field (errors.go).
"""

import json
from collections.abc import Iterator

Problem = tuple[str, str, str]
"""Field, reason, message."""


def required(field: str, text: str = "") -> Problem:
    """Something is missing."""
    return field, "FieldValueRequired", f"Required value{f': {text}' if text else ''}"


def invalid_value(field: str, value: str, text: str) -> Problem:
    """A value, as JSON, that a field cannot have."""
    return field, "FieldValueInvalid", f"Invalid value: {value}: {text}"


def unsupported(field: str, value: str, supported: tuple[str, ...]) -> Problem:
    """A value that is none of those there are."""
    listed = ", ".join(f'"{entry}"' for entry in supported)
    text = f'Unsupported value: "{value}": supported values: {listed}'
    return field, "FieldValueNotSupported", text


def duplicate(field: str, value: str) -> Problem:
    """A value, as JSON, that may be there once."""
    return field, "FieldValueDuplicate", f"Duplicate value: {value}"


def relative_path_problems(given: str | None, field: str) -> Iterator[Problem]:
    """Yield why something is no path below a folder."""
    if given and given.startswith("/"):
        yield invalid_value(field, json.dumps(given), "must be a relative path")
    if given and ".." in given.split("/"):
        yield invalid_value(field, json.dumps(given), "must not contain '..'")
