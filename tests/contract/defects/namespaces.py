"""Defects that the group on namespaces must notice."""

from tests.contract.planted import noticed_by
from tiphys.sandbox.registry import deletions


@noticed_by("test_a_namespace_of_the_cluster_itself_is_kept[default]")
def every_namespace_can_be_deleted() -> None:
    deletions._KEPT_NAMESPACES = frozenset()
