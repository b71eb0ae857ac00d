"""Defects that the group on quotas must notice."""

from typing import Any

from tests.contract.planted import noticed_by
from tiphys.sandbox import registry
from tiphys.sandbox.workloads.engine import Workloads


@noticed_by("test_a_quota_answers_as_on_a_real_server[one object more than there may be]")
def quotas_allow_everything() -> None:
    def nothing(*_: Any) -> list[Any]:
        return []

    registry.charges_for = nothing  # type: ignore[attr-defined, assignment]


@noticed_by("test_what_is_deleted_or_has_ended_is_no_longer_used")
def nothing_is_given_back() -> None:
    def idle(self: Workloads, change: Any) -> None:
        del self, change

    Workloads._ask_quotas = idle  # type: ignore[method-assign]
