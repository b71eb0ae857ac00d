"""What the patch languages share: private copies, and what JSON types are called."""

from typing import Any

from tiphys.model.errors import InvalidInputError


class PatchError(InvalidInputError):
    """A patch cannot be read or applied; the text is the API server's."""

    reason = "InvalidPatch"


def copy(value: Any) -> Any:
    """Return a copy of decoded JSON that shares no dict and no list with it."""
    if isinstance(value, dict):
        return {key: copy(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [copy(item) for item in value]
    return value


def same_type(one: Any, other: Any) -> bool:
    """Tell whether two values are of the same JSON type, integers and floats told apart."""
    return one.__class__ is other.__class__
