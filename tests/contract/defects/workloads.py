"""Defects that the group on workloads must notice."""

from typing import Any

from tiphys.sandbox.workloads.engine import Workloads


def nobody_works() -> None:
    def idle(self: Workloads, collection: Any, name: Any) -> None:
        del self, collection, name

    Workloads._step = idle  # type: ignore[method-assign]
