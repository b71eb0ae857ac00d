from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.engine.autosync import (
    HealBackoff,
    Observation,
    Refuse,
    Skip,
    Start,
    decide_autosync,
    was_attempted,
)
from tiphys.engine.retry import AUTOMATED_RETRY
from tiphys.model.application import (
    Application,
    ApplicationSpec,
    Automated,
    ObjectMeta,
    ResourceStatus,
    SyncPolicy,
)
from tiphys.model.operation import (
    Operation,
    OperationState,
    RetryStrategy,
    SyncOperation,
    SyncOperationResult,
)
from tiphys.model.source import ApplicationSource
from tiphys.model.words import OperationPhase, SyncStatusCode

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SOURCE = ApplicationSource(repo_url="https://git/x", path="a")
OUT, SYNCED = SyncStatusCode.OUT_OF_SYNC, SyncStatusCode.SYNCED
BACKOFF = HealBackoff()


def row(name: str, status: SyncStatusCode | None = OUT, **fields: Any) -> ResourceStatus:
    return ResourceStatus(kind="ConfigMap", namespace="shop", name=name, status=status, **fields)


def app(automation: dict[str, Any] | None = None, **fields: Any) -> Application:
    automated = Automated(**(automation or {}))
    sync_policy = SyncPolicy(automated=automated, **fields.pop("policy", {}))
    spec = ApplicationSpec(source=fields.pop("source", SOURCE), sync_policy=sync_policy)
    return Application(**{"metadata": ObjectMeta(name="web"), "spec": spec, **fields})


def seen(**fields: Any) -> Observation:
    return Observation(
        **{
            "status": OUT,
            "revisions": ("abc",),
            "resources": (row("one"), row("two", SYNCED)),
            "is_permitted": True,
            "finished_at": None,
            "now": NOW,
            **fields,
        }
    )


def ended(
    phase: OperationPhase = OperationPhase.SUCCEEDED, heals: int = 0, **result: Any
) -> OperationState:
    return OperationState(
        operation=Operation(sync=SyncOperation(auto_heal_attempts_count=heals)),
        phase=phase,
        started_at="",
        message="broken",
        sync_result=SyncOperationResult(**{"revision": "abc", "source": SOURCE, **result}),
    )


def test_what_is_out_of_sync_is_synced() -> None:
    options = ("CreateNamespace=true",)

    found = decide_autosync(
        app({"prune": True}, policy={"sync_options": options}), None, seen(), BACKOFF
    )

    assert isinstance(found, Start)
    sync = found.operation.sync
    assert sync is not None
    assert (sync.revision, sync.source, sync.prune) == ("abc", SOURCE, True)
    assert (sync.sync_options, sync.resources) == (options, ())
    assert found.operation.initiated_by.automated
    assert found.operation.retry == AUTOMATED_RETRY


def test_the_applications_own_retry_is_taken_over() -> None:
    retry = RetryStrategy(limit=1)

    found = decide_autosync(app(policy={"retry": retry}), None, seen(), BACKOFF)

    assert isinstance(found, Start)
    assert found.operation.retry == retry


def test_several_sources_are_synced_to_several_revisions() -> None:
    many = app()
    spec = msgspec.structs.replace(many.spec, sources=(SOURCE, SOURCE))
    many = msgspec.structs.replace(many, spec=spec)

    found = decide_autosync(many, None, seen(revisions=("a", "b")), BACKOFF)

    assert isinstance(found, Start)
    sync = found.operation.sync
    assert sync is not None
    assert (sync.revision, sync.revisions) == ("", ("a", "b"))
    assert (sync.source, sync.sources) == (None, (SOURCE, SOURCE))


@pytest.mark.parametrize(
    ("application", "observation"),
    [
        pytest.param(app(), {"is_permitted": False}, id="a sync window is shut"),
        pytest.param(app({"enabled": False}), {}, id="automation is switched off"),
        pytest.param(app(operation=Operation()), {}, id="an operation is asked for already"),
        pytest.param(
            app(metadata=ObjectMeta(deletion_timestamp="now")), {}, id="the application is leaving"
        ),
        pytest.param(app(), {"status": SYNCED}, id="it is in sync"),
        pytest.param(app(), {"status": SyncStatusCode.UNKNOWN}, id="nobody knows"),
        pytest.param(
            app(),
            {"resources": (row("one", requires_pruning=True),)},
            id="only prunes, and no prune",
        ),
    ],
)
def test_nothing_is_started_or_said_when(
    application: Application, observation: dict[str, Any]
) -> None:
    assert decide_autosync(application, None, seen(**observation), BACKOFF) == Skip()


def test_without_a_policy_nothing_is_started() -> None:
    manual = msgspec.structs.replace(app(), spec=ApplicationSpec(source=SOURCE))

    assert decide_autosync(manual, None, seen(), BACKOFF) == Skip()


WIPE_OUT = (row("one", requires_pruning=True), row("hook", None, hook=True, requires_pruning=True))


@pytest.mark.parametrize(
    ("policy", "resources", "refuses"),
    [
        pytest.param({"prune": True}, WIPE_OUT, True, id="all is to be pruned"),
        pytest.param(
            {"prune": True, "allow_empty": True}, WIPE_OUT, False, id="and that is allowed"
        ),
        pytest.param({"prune": True}, (*WIPE_OUT, row("two", SYNCED)), False, id="not all"),
        pytest.param({"prune": True}, (), False, id="nothing at all"),
    ],
)
def test_an_application_is_not_wiped_out(
    policy: dict[str, bool], resources: tuple[ResourceStatus, ...], refuses: bool
) -> None:
    found = decide_autosync(app(policy), None, seen(resources=resources), BACKOFF)

    assert isinstance(found, Refuse) is refuses
    if isinstance(found, Refuse):
        assert found.message == (
            "Skipping sync attempt to [abc]: auto-sync will wipe out all resources"
        )


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        pytest.param(None, False, id="never synced"),
        pytest.param(ended(), True, id="the same revision of the same source"),
        pytest.param(ended(revision="older"), False, id="an older revision"),
        pytest.param(ended(source=ApplicationSource(repo_url="y")), False, id="another source"),
        pytest.param(ended(OperationPhase.RUNNING), False, id="still running"),
        pytest.param(
            msgspec.structs.replace(ended(), sync_result=msgspec.UNSET), True, id="no result at all"
        ),
    ],
)
def test_what_counts_as_attempted(state: OperationState | None, expected: bool) -> None:
    assert was_attempted(app(), state, ("abc",)) is expected


@pytest.mark.parametrize("phase", [OperationPhase.FAILED, OperationPhase.ERROR])
def test_a_failed_attempt_is_not_repeated(phase: OperationPhase) -> None:
    found = decide_autosync(app({"self_heal": True}), ended(phase), seen(), BACKOFF)

    assert found == Refuse("Failed last sync attempt to [abc]: broken")


def test_drift_is_left_while_nobody_can_tell_what_is_ignored() -> None:
    found = decide_autosync(app({"self_heal": True}), ended(), seen(is_doubtful=True), BACKOFF)

    assert found == Skip()


def test_drift_is_left_without_self_heal() -> None:
    assert decide_autosync(app(), ended(), seen(), BACKOFF) == Skip()


def test_drift_is_healed_where_it_is() -> None:
    found = decide_autosync(app({"self_heal": True}), ended(), seen(), BACKOFF)

    assert isinstance(found, Start)
    sync = found.operation.sync
    assert sync is not None
    assert [resource.name for resource in sync.resources] == ["one"]
    assert sync.auto_heal_attempts_count == 1


def test_a_new_revision_starts_a_full_sync_and_the_count_anew() -> None:
    state = ended(heals=4, revision="older")

    found = decide_autosync(app({"self_heal": True}), state, seen(finished_at=NOW), BACKOFF)

    assert isinstance(found, Start)
    sync = found.operation.sync
    assert sync is not None
    assert (sync.resources, sync.auto_heal_attempts_count) == ((), 0)


@pytest.mark.parametrize(
    ("heals", "delay_s"), [(0, 0), (1, 2), (2, 6), (3, 18), (4, 54), (5, 162), (6, 300), (99, 300)]
)
def test_each_heal_waits_longer_than_the_one_before(heals: int, delay_s: float) -> None:
    state = ended(heals=heals)
    healing = app({"self_heal": True})

    early = seen(finished_at=NOW - timedelta(seconds=delay_s - 0.5))
    late = seen(finished_at=NOW - timedelta(seconds=delay_s))

    if delay_s:
        assert decide_autosync(healing, state, early, BACKOFF) == Skip(0.5, undone=heals)
    assert isinstance(decide_autosync(healing, state, late, BACKOFF), Start)


def test_without_a_backoff_the_fixed_timeout_counts() -> None:
    backoff = HealBackoff(initial_s=0, fixed_s=7)

    assert [backoff.delay_s(attempts) for attempts in (0, 1, 5)] == [0, 7, 7]


@given(st.integers(0, 10**6))
def test_the_backoff_grows_up_to_its_cap(attempts: int) -> None:
    assert BACKOFF.delay_s(attempts) <= BACKOFF.delay_s(attempts + 1) <= BACKOFF.cap_s


_ROWS = st.lists(
    st.builds(
        row,
        st.text(min_size=1),
        st.sampled_from([*SyncStatusCode, None]),
        requires_pruning=st.booleans(),
    )
)


@given(_ROWS, st.sampled_from(list(SyncStatusCode)), st.booleans(), st.booleans())
def test_a_sync_starts_only_for_what_is_out_of_sync_and_never_prunes_unasked(
    resources: list[ResourceStatus], status: SyncStatusCode, prune: bool, permitted: bool
) -> None:
    observation = seen(resources=tuple(resources), status=status, is_permitted=permitted)

    found = decide_autosync(app({"prune": prune}), None, observation, BACKOFF)

    if isinstance(found, Start):
        assert status is OUT
        assert permitted
        assert found.operation.sync is not None
        assert found.operation.sync.prune is prune
