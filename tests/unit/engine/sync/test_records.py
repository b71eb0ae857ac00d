import pytest

from tests.unit.engine.sync.builders import manifest, plan
from tiphys.engine.sync.records import (
    applied,
    container_images,
    has_failed,
    is_running,
    prune_skipped,
    pruned,
    read_records,
    refused,
    terminated,
    with_phase,
)
from tiphys.engine.sync.wording import (
    describe_all,
    failure_message,
    invalid_message,
    waiting_since,
)
from tiphys.model.keys import Manifest
from tiphys.model.operation import ResourceResult
from tiphys.model.words import OperationPhase

(TASK,) = plan([manifest("web", "Deployment")])
(HOOK,) = plan([manifest("check", "Job", hook="PreSync")])


@pytest.mark.parametrize(
    ("record", "status", "phase", "message"),
    [
        pytest.param(applied(TASK, "created"), "Synced", "Running", "created", id="applied"),
        pytest.param(
            applied(TASK, "created", dry_run=True), "Synced", "Succeeded", "created", id="dry run"
        ),
        pytest.param(refused(TASK, "no"), "SyncFailed", "Failed", "no", id="refused"),
        pytest.param(pruned(TASK), "Pruned", "Succeeded", "pruned", id="pruned"),
        pytest.param(
            prune_skipped(TASK, "ignored (no prune)"),
            "PruneSkipped",
            "Succeeded",
            "ignored (no prune)",
            id="kept",
        ),
        pytest.param(
            terminated(applied(HOOK, "created")), "Synced", "Failed", "Terminated", id="terminated"
        ),
    ],
)
def test_a_result_says_what_was_done(
    record: ResourceResult, status: str, phase: str, message: str
) -> None:
    assert (record.status, record.hook_phase, record.message) == (status, phase, message)
    assert is_running(record) is (phase == "Running")
    assert has_failed(record) is (phase == "Failed")


def test_a_result_names_its_object_and_only_a_hook_its_type() -> None:
    resource, hook = applied(TASK, ""), applied(HOOK, "")

    assert resource.key == TASK.key
    assert (resource.version, resource.sync_phase, resource.hook_type) == ("v1", "Sync", "")
    assert (hook.sync_phase, hook.hook_type) == ("PreSync", "PreSync")


def test_results_are_found_again_by_their_tasks() -> None:
    records = read_records([applied(HOOK, "a"), applied(TASK, "b")])

    assert list(records) == [HOOK.identity, TASK.identity]


@pytest.mark.parametrize(("message", "expected"), [("", "created"), ("done", "done")])
def test_only_a_message_replaces_a_message(message: str, expected: str) -> None:
    record = with_phase(applied(HOOK, "created"), OperationPhase.SUCCEEDED, message)

    assert (record.message, record.hook_phase) == (expected, "Succeeded")


def test_what_was_never_started_neither_runs_nor_failed() -> None:
    assert not is_running(None)
    assert not has_failed(None)


POD_SPEC = {
    "initContainers": [{"image": "init"}],
    "containers": [{"image": "main"}, {"image": "init"}, {"name": "without"}],
}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param(POD_SPEC, ("init", "main"), id="a Pod"),
        pytest.param({"template": {"spec": POD_SPEC}}, ("init", "main"), id="a Deployment"),
        pytest.param(
            {"jobTemplate": {"spec": {"template": {"spec": POD_SPEC}}}},
            ("init", "main"),
            id="a CronJob",
        ),
        pytest.param({"replicas": 1}, (), id="no containers"),
        pytest.param(None, (), id="no spec"),
        pytest.param("text", (), id="a spec of another shape"),
    ],
)
def test_the_images_of_an_object(spec: object, expected: tuple[str, ...]) -> None:
    found: Manifest = {"kind": "Any", **({"spec": spec} if spec else {})}

    assert container_images(found) == expected


def test_tasks_are_described_by_the_first_and_the_number_of_the_others() -> None:
    tasks = plan([manifest("a"), manifest("b", "Deployment"), manifest("c", "Job")])

    assert describe_all(tasks[:1], "hooks") == "/ConfigMap/a"
    assert describe_all(tasks, "hooks") == "/ConfigMap/a and 2 more hooks"
    assert describe_all(tasks[1:], "resources") == "apps/Deployment/b and 1 more resources"


@pytest.mark.parametrize(
    ("failed", "expected"),
    [
        pytest.param(
            [refused(TASK, "x"), refused(HOOK, "y"), refused(TASK, "x")],
            "one or more objects failed to apply, reason: x,y",
            id="objects that were refused, each reason once",
        ),
        pytest.param(
            [with_phase(applied(HOOK, ""), OperationPhase.FAILED, "exit code 1")],
            "one or more synchronization tasks completed unsuccessfully, reason: exit code 1",
            id="a hook that failed",
        ),
        pytest.param(
            [with_phase(applied(HOOK, ""), OperationPhase.FAILED)],
            "one or more synchronization tasks completed unsuccessfully",
            id="without a word why",
        ),
    ],
)
def test_a_failure_gives_its_reasons(failed: list[ResourceResult], expected: str) -> None:
    assert failure_message(failed) == expected


def test_what_makes_a_sync_invalid_is_said_once_and_sorted() -> None:
    assert invalid_message(["b", "a", "b"]) == (
        "one or more synchronization tasks are not valid: a; b"
    )


BEGAN, NOW = "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param("", f"waiting for a since {NOW}", id="it begins"),
        pytest.param("carrying out b", f"waiting for a since {NOW}", id="after work"),
        pytest.param(
            f"waiting for a since {BEGAN}", f"waiting for a since {BEGAN}", id="it goes on"
        ),
        pytest.param(
            f"waiting for b since {BEGAN}", f"waiting for a since {NOW}", id="another one"
        ),
        pytest.param("waiting for a", f"waiting for a since {NOW}", id="without a time"),
    ],
)
def test_a_wait_tells_since_when(before: str, expected: str) -> None:
    assert waiting_since("waiting for a", before, NOW) == expected


def test_a_wait_names_what_blocks_it_and_keeps_its_time_when_that_changes() -> None:
    before = waiting_since("waiting for a", "", NOW, "pod a-1: ImagePullBackOff")
    assert before == f"waiting for a since {NOW}: pod a-1: ImagePullBackOff"

    later = "2026-12-31T00:00:00Z"

    assert waiting_since("waiting for a", before, later, "pod a-2: Pending") == (
        f"waiting for a since {NOW}: pod a-2: Pending"
    )
    assert waiting_since("waiting for a", before, later) == f"waiting for a since {NOW}"
    assert waiting_since("waiting for b", before, later) == f"waiting for b since {later}"
