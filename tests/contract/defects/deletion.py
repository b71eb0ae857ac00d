"""Defects that the group on deletion must notice."""

from tiphys.sandbox import writing


def finalizers_come_to_what_is_deleted() -> None:
    vars(writing)["finalizer_problems"] = lambda old, new: iter(())
