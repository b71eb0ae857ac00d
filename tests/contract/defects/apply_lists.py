"""Defects that the group on applied lists must notice."""

from tests.contract.planted import noticed_by
from tiphys.structured import types


@noticed_by("test_a_key_that_is_left_out_has_its_default")
def keys_have_no_defaults() -> None:
    types.ListType.key_defaults = {}  # type: ignore[method-assign, assignment]
