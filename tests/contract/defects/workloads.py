"""Defects that the group on workloads must notice."""

from typing import Any

from tests.contract.planted import noticed_by
from tiphys.sandbox.workloads.engine import Workloads


@noticed_by("test_a_deployment_owns_a_replica_set_of_its_revision")
def nobody_works() -> None:
    def idle(self: Workloads, collection: Any, name: Any) -> None:
        del self, collection, name

    Workloads._step = idle  # type: ignore[method-assign]
