import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.engine.sync.builders import Cluster, Run, manifest, names, place, plan
from tiphys.engine.sync.machine import next_step, terminate
from tiphys.engine.sync.options import SyncOptions
from tiphys.engine.sync.records import Records, applied, pruned, refused
from tiphys.model.keys import Manifest
from tiphys.model.words import HealthStatusCode, OperationPhase

HEALTHY, DEGRADED = HealthStatusCode.HEALTHY, HealthStatusCode.DEGRADED
SUCCEEDED, FAILED, RUNNING = (
    OperationPhase.SUCCEEDED,
    OperationPhase.FAILED,
    OperationPhase.RUNNING,
)


def run(*targets: Manifest, prunes: tuple[Manifest, ...] = (), live: bool = False) -> Run:
    cluster = Cluster((*prunes, *(targets if live else ())))
    return Run(tasks=plan(targets, prunes), cluster=cluster)


def test_a_sync_of_nothing_succeeds_at_once() -> None:
    step = run().until_waiting()

    assert (step.phase, step.message) == (SUCCEEDED, "successfully synced (no more tasks)")


@pytest.mark.parametrize("health", [None, HEALTHY, DEGRADED, HealthStatusCode.PROGRESSING])
def test_a_sync_without_waves_and_hooks_succeeds_whatever_becomes_of_the_objects(
    health: HealthStatusCode | None,
) -> None:
    sync = run(manifest("web", "Deployment"), live=True)
    sync.cluster.becomes("web", health, "deadline exceeded")

    step = sync.until_waiting()

    assert (step.phase, step.message) == (SUCCEEDED, "successfully synced (all tasks run)")
    assert sync.results() == {"web": ("Synced", "Running")}


@pytest.mark.parametrize(
    ("health", "phase", "message"),
    [
        pytest.param(HEALTHY, SUCCEEDED, "successfully synced (all tasks run)", id="Healthy"),
        pytest.param(None, SUCCEEDED, "successfully synced (all tasks run)", id="no check"),
        pytest.param(
            DEGRADED,
            FAILED,
            "one or more synchronization tasks completed unsuccessfully, reason: why",
            id="Degraded",
        ),
        pytest.param(
            HealthStatusCode.PROGRESSING,
            RUNNING,
            "waiting for healthy state of /ConfigMap/first",
            id="Progressing",
        ),
        pytest.param(
            HealthStatusCode.SUSPENDED,
            RUNNING,
            "waiting for healthy state of /ConfigMap/first",
            id="Suspended",
        ),
        pytest.param(
            HealthStatusCode.UNKNOWN,
            RUNNING,
            "waiting for healthy state of /ConfigMap/first",
            id="Unknown",
        ),
    ],
)
def test_the_health_of_a_wave_decides_whether_the_next_one_starts(
    health: HealthStatusCode | None, phase: OperationPhase, message: str
) -> None:
    sync = run(manifest("first", wave=1), manifest("second", wave=2))
    sync.until_waiting()
    sync.cluster.becomes("first", health, "why")

    step = sync.until_waiting()

    assert (step.phase, step.message) == (phase, message)
    assert ("second" in sync.results()) == (phase is SUCCEEDED)


@pytest.mark.parametrize(
    ("health", "phase"),
    [
        pytest.param(HEALTHY, SUCCEEDED, id="Healthy"),
        pytest.param(None, SUCCEEDED, id="no check"),
        pytest.param(DEGRADED, FAILED, id="Degraded"),
        pytest.param(HealthStatusCode.UNKNOWN, FAILED, id="Unknown"),
        pytest.param(HealthStatusCode.PROGRESSING, RUNNING, id="Progressing"),
        pytest.param(HealthStatusCode.SUSPENDED, RUNNING, id="Suspended"),
    ],
)
def test_a_hook_ends_as_its_health_says(
    health: HealthStatusCode | None, phase: OperationPhase
) -> None:
    sync = run(manifest("check", "Job", hook="PreSync"), manifest("one"))
    assert sync.until_waiting().message == "waiting for completion of hook batch/Job/check"
    sync.cluster.becomes("check", health, "exit code 1")

    step = sync.until_waiting()

    assert step.phase is phase
    assert sync.results()["check"] == ("Synced", str(phase))
    assert ("one" in sync.results()) == (phase is SUCCEEDED)


def test_a_hook_of_a_kind_without_health_says_that_it_was_created() -> None:
    sync = run(manifest("note", hook="PreSync"), manifest("one"))
    sync.until_waiting()
    sync.cluster.becomes("note", None)
    sync.until_waiting()

    assert {record.name: record.message for record in sync.records.values()}["note"] == (
        "note created"
    )


def test_how_many_more_are_waited_for_is_counted() -> None:
    sync = run(*(manifest(name, wave=1) for name in "abc"), manifest("z", wave=2))

    assert sync.until_waiting().message == (
        "waiting for healthy state of /ConfigMap/a and 2 more resources"
    )


def test_a_resource_that_vanishes_while_it_is_waited_for_fails_the_sync() -> None:
    sync = run(manifest("first", wave=1), manifest("second", wave=2))
    sync.until_waiting()
    sync.cluster.objects.clear()

    step = sync.until_waiting()

    gone = "Resource /ConfigMap/first is missing, it might have been deleted"
    assert (step.phase, step.message) == (
        FAILED,
        f"one or more objects failed to apply, reason: {gone}",
    )
    assert sync.results() == {"first": ("SyncFailed", "Error")}


def test_a_refused_object_stops_the_sync_behind_its_wave_and_runs_the_sync_fail_hooks() -> None:
    sync = run(
        manifest("bad", wave=1),
        manifest("good", wave=1),
        manifest("later", wave=2),
        manifest("clean", "Job", hook="SyncFail"),
    )
    step = next_step(sync.tasks, {}, sync.cluster.view())
    assert names(step.apply) == ["bad", "good"]
    sync.records = sync.cluster.carry_out(step)
    sync.records[step.apply[0].identity] = refused(step.apply[0], "invalid")

    assert sync.until_waiting().message == "waiting for completion of hook batch/Job/clean"
    sync.cluster.becomes("clean", HEALTHY)
    step = sync.until_waiting()

    assert (step.phase, step.message) == (
        FAILED,
        "one or more objects failed to apply, reason: invalid",
    )
    assert sync.results() == {
        "bad": ("SyncFailed", "Failed"),
        "good": ("Synced", "Running"),
        "clean": ("Synced", "Succeeded"),
    }


def test_a_refused_hook_does_not_stop_its_siblings() -> None:
    sync = run(*(manifest(name, "Job", hook="PreSync") for name in ("bad", "x", "y")))
    step = next_step(sync.tasks, {}, sync.cluster.view())
    sync.records = sync.cluster.carry_out(step)
    bad = sync.tasks[0]
    sync.records[bad.identity] = refused(bad, "invalid")

    assert sync.until_waiting().phase is RUNNING
    sync.cluster.becomes("x", HEALTHY)
    sync.cluster.becomes("y", HEALTHY)
    assert sync.until_waiting().phase is FAILED
    assert [phase for _, phase in sync.results().values()] == ["Failed", "Succeeded", "Succeeded"]


@pytest.mark.parametrize(
    ("policy", "succeeds", "is_left"),
    [
        pytest.param("HookSucceeded", True, False, id="HookSucceeded and it did"),
        pytest.param("HookSucceeded", False, True, id="HookSucceeded and it did not"),
        pytest.param("HookFailed", True, True, id="HookFailed and it succeeded"),
        pytest.param("HookFailed", False, False, id="HookFailed and it failed"),
        pytest.param("HookFailed,HookSucceeded", False, False, id="both"),
        pytest.param("BeforeHookCreation", False, True, id="BeforeHookCreation"),
    ],
)
def test_the_end_of_the_operation_deletes_hooks_by_their_policy(
    policy: str, succeeds: bool, is_left: bool
) -> None:
    sync = run(manifest("check", "Job", hook="PreSync", hook_delete_policy=policy))
    sync.until_waiting()
    sync.cluster.becomes("check", HEALTHY if succeeds else DEGRADED)

    sync.until_waiting()

    assert [key.name for key in sync.cluster.objects] == (["check"] if is_left else [])


def test_a_hook_that_succeeded_is_deleted_when_the_operation_fails_and_asks_for_it() -> None:
    """The policy HookFailed is about the operation, not about the hook."""
    sync = run(
        manifest("a", "Job", hook="PreSync", hook_delete_policy="HookFailed"),
        manifest("b", "Job", hook="PreSync"),
    )
    sync.until_waiting()
    sync.cluster.becomes("a", HEALTHY)
    sync.cluster.becomes("b", DEGRADED)

    assert sync.until_waiting().phase is FAILED
    assert [key.name for key in sync.cluster.objects] == ["b"]


def test_the_finalizer_leaves_a_hook_only_when_it_has_ended() -> None:
    sync = run(manifest("check", "Job", hook="PreSync"), manifest("one"))
    sync.until_waiting()
    (hook,) = sync.cluster.objects.values()
    assert hook["metadata"]["finalizers"] == ["argocd.argoproj.io/hook-finalizer"]

    sync.cluster.becomes("check", HEALTHY)
    sync.until_waiting()

    assert hook["metadata"]["finalizers"] == []


def test_a_hook_of_an_earlier_operation_is_deleted_before_ours_is_created() -> None:
    old = manifest("check", "Job", hook="PreSync")
    sync = run(manifest("check", "Job", hook="PreSync"))
    sync.cluster.create({**old, "metadata": {**old["metadata"], "finalizers": []}})
    before = next(iter(sync.cluster.objects.values()))["metadata"]["uid"]

    sync.until_waiting()

    assert next(iter(sync.cluster.objects.values()))["metadata"]["uid"] != before


def test_a_hook_that_a_retry_finds_is_of_an_earlier_attempt() -> None:
    hook = manifest("check", "Job", hook="PreSync")
    first, second = plan([hook]), plan([hook], attempt=1)
    cluster = Cluster()
    Run(tasks=first, cluster=cluster).until_waiting()

    step = next_step(second, {}, cluster.view())

    assert (names(step.delete_hooks), step.apply) == (["check"], ())


def test_pruned_objects_that_are_still_leaving_hold_the_next_wave_up() -> None:
    gone = manifest("gone", wave=1)
    sync = run(manifest("later", wave=2), prunes=(gone,))
    (task,) = [task for task in sync.tasks if task.is_prune]
    sync.records = {task.identity: pruned(task)}

    assert sync.until_waiting().message == "waiting for deletion of /ConfigMap/gone"
    sync.cluster.objects.clear()
    assert sync.until_waiting().phase is SUCCEEDED


CONFIRM: dict[str, Any] = {"sync_options": "Prune=confirm"}


@pytest.mark.parametrize(
    ("view", "waits"),
    [
        pytest.param({}, True, id="a person is asked"),
        pytest.param({"is_deletion_approved": True}, False, id="who approved"),
        pytest.param({"prunes": False}, False, id="nothing is pruned anyway"),
        pytest.param({"is_dry_run": True}, False, id="a dry run deletes nothing"),
    ],
)
def test_a_prune_that_asks_for_it_waits_for_approval(view: dict[str, bool], waits: bool) -> None:
    sync = run(manifest("one"), prunes=(manifest("gone", **CONFIRM),))

    step = sync.until_waiting(**view)

    assert ("waiting for pruning confirmation of /ConfigMap/gone" in step.message) is waits
    assert "one" in sync.results()


def test_a_dry_run_clears_nothing_away() -> None:
    policies = "BeforeHookCreation,HookSucceeded"
    hook = manifest("check", "Job", hook="PreSync", hook_delete_policy=policies)
    cluster = Cluster([hook, manifest("gone", wave=1)])
    tasks = plan([hook, manifest("one", wave=2)], [manifest("gone", wave=1)])
    records: Records = {}
    view = cluster.view(is_dry_run=True)
    step = next_step(tasks, records, view)
    while not step.phase.is_completed:
        assert not step.delete_hooks
        assert not step.release
        records = dict(step.records)
        for task in (*step.apply, *step.prune):
            is_prune = task.is_prune
            records[task.identity] = pruned(task) if is_prune else applied(task, "", dry_run=True)
        step = next_step(tasks, records, view)

    assert step.phase is SUCCEEDED
    assert len(records) == 3


def test_only_what_differs_is_applied_when_that_is_asked_for() -> None:
    options = SyncOptions(apply_out_of_sync_only=True)
    (task,) = plan([manifest("one")], options=options)
    unmodified = msgspec.structs.replace(task, is_modified=False)

    assert next_step([unmodified], {}, Cluster().view()).message == (
        "successfully synced (no more tasks)"
    )
    assert names(next_step([task], {}, Cluster().view()).apply) == ["one"]


def test_terminate_stops_running_hooks_and_keeps_what_is_known_of_the_others() -> None:
    hooks = [manifest(name, "Job", hook="PreSync") for name in ("done", "failed", "slow")]
    sync = run(*hooks, manifest("one"))
    sync.until_waiting()
    sync.cluster.becomes("done", HEALTHY)
    sync.cluster.becomes("failed", DEGRADED, "exit code 1")

    step = terminate(sync.tasks, sync.records, sync.cluster.view())

    assert (step.phase, step.message) == (FAILED, "Operation terminated")
    assert names(step.delete_hooks) == ["slow"]
    assert names(step.release) == ["done", "failed", "slow"]
    assert {r.name: (str(r.hook_phase), r.message) for r in step.records.values()} == {
        "done": ("Succeeded", "done applied"),
        "failed": ("Failed", "exit code 1"),
        "slow": ("Failed", "Terminated"),
    }


# Laws: any sync of any resources and hooks, whatever becomes of each of them.

_WAVES = st.integers(-2, 2)


@st.composite
def _syncs(draw: st.DrawFn) -> tuple[list[Manifest], list[Manifest]]:
    resources = [manifest(f"r{i}", wave=draw(_WAVES)) for i in range(draw(st.integers(0, 4)))]
    hooks = [
        manifest(
            f"h{i}",
            "Job",
            wave=draw(_WAVES),
            hook=draw(
                st.sampled_from(["PreSync", "Sync", "PostSync", "SyncFail", "Sync,PostSync"])
            ),
            hook_delete_policy=draw(
                st.sampled_from(["", "HookSucceeded", "HookFailed", "BeforeHookCreation"])
            ),
        )
        for i in range(draw(st.integers(0, 4)))
    ]
    prunes = [manifest(f"p{i}", wave=draw(_WAVES)) for i in range(draw(st.integers(0, 3)))]
    return [*resources, *hooks], prunes


_OUTCOMES = st.sampled_from([HEALTHY, HEALTHY, HEALTHY, None, DEGRADED])


def _live_on(sync: Run, outcomes: random.Random, fails: float) -> None:
    """Let one object that is waited for come to its end."""
    unsettled = [
        key
        for key in sync.cluster.objects
        if (health := sync.cluster.health.get(key)) is not None
        and health.status is HealthStatusCode.PROGRESSING
    ]
    if unsettled:
        key = outcomes.choice(sorted(unsettled))
        sync.cluster.becomes(key.name, DEGRADED if outcomes.random() < fails else HEALTHY)


@given(_syncs(), st.integers(0, 2**32), st.sampled_from([0.0, 0.2]))
def test_every_sync_ends_and_its_waves_start_in_order(
    wanted: tuple[list[Manifest], list[Manifest]], seed: int, fails: float
) -> None:
    targets, prunes = wanted
    cluster, chance = Cluster(prunes), random.Random(seed)
    sync = Run(tasks=plan(targets, prunes), cluster=cluster, batches=[])
    step = sync.until_waiting()
    while not step.phase.is_completed:
        _live_on(sync, chance, fails)
        step = sync.until_waiting()

    assert step.phase in {SUCCEEDED, FAILED}
    groups = [group for group, _ in sync.batches]
    assert groups == sorted(groups)
    assert not [r for r in sync.records.values() if r.hook_type and r.hook_phase is RUNNING]
    if step.phase is SUCCEEDED:
        normal = {t.identity for t in sync.tasks if place(t)[0] < 3}
        assert normal <= sync.records.keys()


@given(_syncs(), st.integers(0, 2**32))
def test_no_wave_starts_before_all_that_came_before_it_is_healthy(
    wanted: tuple[list[Manifest], list[Manifest]], seed: int
) -> None:
    targets, prunes = wanted
    cluster, chance = Cluster(prunes), random.Random(seed)
    sync = Run(tasks=plan(targets, prunes), cluster=cluster, batches=[])
    for _ in range(100):
        step = next_step(sync.tasks, sync.records, cluster.view())
        sync.records = step.records
        started = [place(task) for task in (*step.apply, *step.prune)]
        for task in sync.tasks:
            if started and place(task) < min(started) and not task.is_prune:
                health = cluster.health.get(task.key)
                assert health is not None
                assert health.status is HEALTHY
        sync.records = cluster.carry_out(step)
        if step.phase.is_completed:
            return
        if not step.has_actions:
            _live_on(sync, chance, 0.0)
    raise AssertionError("the sync does not end")


@given(_syncs(), st.integers(0, 2**32))
def test_a_killed_sync_comes_to_the_same_end_and_no_hook_that_succeeded_runs_twice(
    wanted: tuple[list[Manifest], list[Manifest]], seed: int
) -> None:
    targets, prunes = wanted
    ends, created = [], []
    for kill in (0.0, 0.4):
        cluster, chance = Cluster(prunes), random.Random(seed)
        sync = Run(
            tasks=plan(targets, prunes), cluster=cluster, kill=kill, randomness=chance, batches=[]
        )
        step = sync.until_waiting()
        while not step.phase.is_completed:
            _live_on(sync, random.Random(0), 0.0)
            step = sync.until_waiting()
        ends.append((step.phase, sorted(cluster.objects), sync.results()))
        created.append(sorted(cluster.created))

    assert ends[0] == ends[1]
    assert created[0] == created[1]


@given(_syncs(), st.integers(0, 2**32), st.integers(0, 20))
def test_terminate_ends_a_sync_wherever_it_stands(
    wanted: tuple[list[Manifest], list[Manifest]], seed: int, steps: int
) -> None:
    targets, prunes = wanted
    cluster, chance = Cluster(prunes), random.Random(seed)
    sync = Run(tasks=plan(targets, prunes), cluster=cluster, batches=[])
    for _ in range(steps):
        if sync.until_waiting().phase.is_completed:
            return
        _live_on(sync, chance, 0.2)

    step = terminate(sync.tasks, sync.records, cluster.view())
    cluster.carry_out(step)

    assert step.phase is FAILED
    assert not step.apply
    assert not step.prune
    assert not [r for r in step.records.values() if r.hook_type and r.hook_phase is RUNNING]
    for live in cluster.objects.values():
        assert not live["metadata"].get("finalizers")
