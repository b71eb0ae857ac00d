"""Defects that the group on namespaces must notice."""

from tiphys.sandbox import registry


def every_namespace_can_be_deleted() -> None:
    registry._KEPT_NAMESPACES = frozenset()
