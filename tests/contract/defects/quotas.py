"""Defects that the group on quotas must notice."""

from typing import Any

from tests.contract.planted import noticed_by
from tiphys.sandbox.quotas.usage import QUOTAS
from tiphys.sandbox.registry import registry
from tiphys.sandbox.workloads import engine
from tiphys.sandbox.workloads.cluster import Cluster, Manifest


@noticed_by("test_a_quota_answers_as_on_a_real_server[one object more than there may be]")
def quotas_allow_everything() -> None:
    def nothing(*_: Any) -> list[Any]:
        return []

    registry.charges_for = nothing  # type: ignore[attr-defined, assignment]


@noticed_by("test_what_is_deleted_or_has_ended_is_no_longer_used")
def nothing_is_given_back() -> None:
    count = engine._STEPS[QUOTAS]

    def once(cluster: Cluster, quota: Manifest) -> float | None:
        return None if (quota.get("status") or {}).get("used") else count(cluster, quota)

    engine._STEPS[QUOTAS] = once
