"""Defects that the group on deletion must notice."""

from tests.contract.planted import noticed_by
from tiphys.sandbox.registry import writing


@noticed_by("test_none_is_added_while_an_object_is_deleted")
def finalizers_come_to_what_is_deleted() -> None:
    vars(writing)["finalizer_problems"] = lambda old, new: iter(())
