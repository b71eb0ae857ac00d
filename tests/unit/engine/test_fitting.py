"""A status that always fits: what gives way, what stays, and what is said of it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.engine.fitting import LEAST_BYTES, fit_status
from tiphys.model.application import (
    ApplicationHealth,
    ApplicationStatus,
    ApplicationSummary,
    Condition,
    HealthStatus,
    ResourceStatus,
    RevisionHistory,
)
from tiphys.model.operation import (
    Operation,
    OperationState,
    ResourceResult,
    SyncOperationResult,
)
from tiphys.model.source import ApplicationSource
from tiphys.model.words import (
    ConditionType,
    HealthStatusCode,
    OperationPhase,
    ResultCode,
    SyncStatusCode,
)

EMPTY = ApplicationStatus()
CUT = ConditionType.STATUS_CUT_WARNING


def _row(name: str, *, differs: bool = False, health: str = "Healthy") -> ResourceStatus:
    return ResourceStatus(
        version="v1",
        kind="ConfigMap",
        namespace="shop",
        name=name,
        status=SyncStatusCode.OUT_OF_SYNC if differs else SyncStatusCode.SYNCED,
        health=HealthStatus(status=HealthStatusCode(health)),
    )


def _result(name: str, message: str = "configmap/x unchanged", hook: str = "") -> ResourceResult:
    failed = "refused" in message
    return ResourceResult(
        version="v1",
        kind="ConfigMap",
        namespace="shop",
        name=name,
        status=ResultCode.SYNC_FAILED if failed else ResultCode.SYNCED,
        message=message,
        hook_type=hook,
        hook_phase=OperationPhase.FAILED if failed else OperationPhase.RUNNING,
    )


def _status(
    rows: list[ResourceStatus], results: list[ResourceResult], **fields: object
) -> ApplicationStatus:
    state = OperationState(
        operation=Operation(),
        phase=OperationPhase.RUNNING,
        started_at="2026-01-01T00:00:00Z",
        sync_result=SyncOperationResult(resources=tuple(results)),
    )
    return msgspec.structs.replace(
        ApplicationStatus(resources=tuple(rows), operation_state=state), **fields
    )


def _results(status: ApplicationStatus) -> tuple[ResourceResult, ...]:
    assert status.operation_state is not None
    assert status.operation_state.result is not None
    return status.operation_state.result.resources


def _size(status: ApplicationStatus) -> int:
    return len(msgspec.json.encode(status))


def _notices(status: ApplicationStatus) -> list[str]:
    return [c.message for c in status.conditions if c.type == CUT]


NAMES = [f"object-{n:04}-{'x' * 50}" for n in range(2000)]


def test_what_fits_is_written_whole_and_nothing_is_said() -> None:
    status = _status([_row("one")], [_result("one")])

    assert fit_status(status, EMPTY, 1_000_000) == status


def test_results_of_the_sync_give_way_before_the_resources() -> None:
    status = _status([_row(name) for name in NAMES], [_result(name) for name in NAMES])

    fitted = fit_status(status, EMPTY, _size(status) * 8 // 10)

    assert fitted.resources == status.resources
    assert 0 < len(_results(fitted)) < len(NAMES)
    (said,) = _notices(fitted)
    assert f"{len(_results(fitted))} of {len(NAMES)}" in said
    assert said.endswith("results of the last sync")


def test_what_failed_differs_or_is_unhealthy_stays_in_its_place() -> None:
    rows = [_row(name) for name in NAMES]
    rows[1500] = _row(NAMES[1500], differs=True)
    rows[1700] = _row(NAMES[1700], health="Degraded")
    results = [_result(name) for name in NAMES]
    results[1600] = _result(NAMES[1600], "the server refused it")
    results[1800] = _result(NAMES[1800], "job/x created", hook="PostSync")
    results[1900] = _result(NAMES[1900], "configmap/x configured")

    fitted = fit_status(_status(rows, results), EMPTY, 100_000)

    shown = [row.name for row in fitted.resources]
    assert {NAMES[1500], NAMES[1700]} <= set(shown)
    assert shown == sorted(shown)
    assert {NAMES[1600], NAMES[1800], NAMES[1900]} <= {r.name for r in _results(fitted)}
    assert len(_notices(fitted)) == 2


def test_long_messages_are_shortened_before_rows_are_left_out() -> None:
    results = [_result(name, f"refused: {'why ' * 500}") for name in NAMES[:300]]

    fitted = fit_status(_status([], results), EMPTY, 200_000)

    assert len(_results(fitted)) == 300
    assert max(len(result.message) for result in _results(fitted)) == 256


def test_a_status_that_was_cut_stays_as_it_is_when_it_is_read_again() -> None:
    status = _status([_row(name) for name in NAMES], [_result(name) for name in NAMES])
    written = fit_status(status, EMPTY, 150_000)

    assert fit_status(written, written, 150_000) == written
    healthier = msgspec.structs.replace(
        written, health=ApplicationHealth(status=HealthStatusCode.HEALTHY)
    )
    assert all(" of 2000, " in said for said in _notices(fit_status(healthier, written, 150_000)))


def test_a_list_that_fits_again_takes_its_notice_away() -> None:
    status = _status([_row(name) for name in NAMES], [_result(name) for name in NAMES])
    written = fit_status(status, EMPTY, 150_000)

    smaller = msgspec.structs.replace(written, resources=(_row("one"),))
    fitted = fit_status(smaller, written, 150_000)

    assert [said.rpartition(": ")[2] for said in _notices(fitted)] == ["results of the last sync"]


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(
            _status(
                [],
                [],
                history=tuple(
                    RevisionHistory(
                        id=n,
                        deployed_at="now",
                        source=ApplicationSource(repo_url="x" * 30_000),
                    )
                    for n in range(10)
                ),
            ),
            id="a history of long sources",
        ),
        pytest.param(
            _status([], [], summary=ApplicationSummary(images=("i" * 300,) * 3000)), id="images"
        ),
        pytest.param(
            _status([], [], conditions=(Condition(type="SyncError", message="no " * 99_999),)),
            id="a long condition",
        ),
    ],
)
def test_whatever_is_long_gives_way(status: ApplicationStatus) -> None:
    assert _size(fit_status(status, EMPTY, 100_000)) <= 100_000


rows = st.builds(
    _row,
    st.text(max_size=60),
    differs=st.booleans(),
    health=st.sampled_from([str(code) for code in HealthStatusCode]),
)
results = st.builds(
    _result, st.text(max_size=60), st.text(max_size=400), st.sampled_from(["", "PreSync"])
)


@given(
    few_rows=st.lists(rows, max_size=20),
    few_results=st.lists(results, max_size=20),
    repeated=st.integers(1, 60),
    room=st.integers(LEAST_BYTES, 400_000),
)
def test_it_fits_whatever_it_holds_and_loses_nothing_that_fits(
    few_rows: list[ResourceStatus], few_results: list[ResourceResult], repeated: int, room: int
) -> None:
    status = _status(few_rows * repeated, few_results * repeated)

    fitted = fit_status(status, EMPTY, room)

    assert _size(fitted) <= room
    assert (_size(status) <= room) == (fitted == status)
    assert fit_status(fitted, fitted, room) == fitted
    if _size(status) > room:
        assert _notices(fitted)


@given(st.lists(rows, max_size=20), st.integers(LEAST_BYTES, 100_000))
def test_nothing_healthy_is_shown_in_place_of_what_differs(
    few_rows: list[ResourceStatus], room: int
) -> None:
    status = _status(few_rows * 60, [])

    shown = fit_status(status, EMPTY, room).resources

    differing = sum(row.status is SyncStatusCode.OUT_OF_SYNC for row in status.resources)
    shown_differing = sum(row.status is SyncStatusCode.OUT_OF_SYNC for row in shown)
    healthy = [r for r in shown if r.status is SyncStatusCode.SYNCED and r.health is not None
               and r.health.status is HealthStatusCode.HEALTHY]  # fmt: skip
    assert shown_differing == differing or not healthy
