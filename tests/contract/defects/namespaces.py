"""Defects that the group on namespaces must notice."""

from tiphys.sandbox import deletions


def every_namespace_can_be_deleted() -> None:
    deletions._KEPT_NAMESPACES = frozenset()
