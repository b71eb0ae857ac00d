"""Defects that the group on applied lists must notice."""

from tiphys.structured import types


def keys_have_no_defaults() -> None:
    types.ListType.key_defaults = {}  # type: ignore[method-assign, assignment]
