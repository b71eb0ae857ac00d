from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.engine.sync.builders import manifest
from tiphys.engine.deletion_hooks import (
    DELETION_TYPES,
    cleanup_finalizer,
    failure_message,
    hooks_finalizer,
    hooks_to_clear,
    is_deletion_hook,
    next_hooks,
    of_deletion,
    wanted_finalizers,
)
from tiphys.model.application import HealthStatus
from tiphys.model.keys import Manifest, ResourceKey, key_of
from tiphys.model.words import HealthStatusCode, HookType

PRE, POST = DELETION_TYPES
PRE_NAME = "pre-delete-finalizer.argocd.argoproj.io"
POST_NAME = "post-delete-finalizer.argocd.argoproj.io"
AT = "2026-01-01T00:00:00Z"


def hook(name: str, wave: int = 0, **annotations: Any) -> Manifest:
    (marked,) = of_deletion(
        [manifest(name, "Job", wave=wave, hook="PreDelete", **annotations)], PRE, AT
    )
    return marked


class Live:
    def __init__(self, *found: Manifest) -> None:
        self.objects = {key_of(item): item for item in found}
        self.health: dict[ResourceKey, HealthStatusCode | None] = {}

    def get(self, key: ResourceKey) -> Manifest | None:
        return self.objects.get(key)

    def of(self, found: Manifest) -> HealthStatus | None:
        status = self.health.get(key_of(found), HealthStatusCode.PROGRESSING)
        return None if status is None else HealthStatus(status=status)


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        pytest.param({"hook": "PreDelete"}, True, id="before"),
        pytest.param({"hook": "PostDelete"}, True, id="after"),
        pytest.param({"hook": "Sync,PostDelete"}, True, id="also in a sync"),
        pytest.param({"hook": "Sync"}, False, id="in a sync only"),
        pytest.param({}, False, id="no hook"),
    ],
)
def test_what_runs_at_deletion(annotations: dict[str, Any], expected: bool) -> None:
    assert is_deletion_hook(manifest("one", **annotations)) is expected


@pytest.mark.parametrize(
    ("current", "kinds", "expected"),
    [
        pytest.param(["x"], [], ["x"], id="no hooks"),
        pytest.param(["x"], ["PreDelete"], ["x", PRE_NAME, PRE_NAME + "/cleanup"], id="before"),
        pytest.param([], ["PostDelete"], [POST_NAME, POST_NAME + "/cleanup"], id="after"),
        pytest.param([PRE_NAME, "x", PRE_NAME + "/cleanup"], [], ["x"], id="they left Git"),
        pytest.param([PRE_NAME], ["PreDelete"], [PRE_NAME, PRE_NAME + "/cleanup"], id="half"),
    ],
)
def test_the_finalizers_follow_the_hooks(
    current: list[str], kinds: list[str], expected: list[str]
) -> None:
    hooks = [manifest(kind.lower(), hook=kind) for kind in kinds]

    assert wanted_finalizers(current, hooks) == expected
    assert wanted_finalizers(expected, hooks) == expected


def test_each_type_has_its_two_finalizers() -> None:
    assert hooks_finalizer(POST) == POST_NAME
    assert cleanup_finalizer(PRE) == PRE_NAME + "/cleanup"


def test_hooks_run_wave_by_wave() -> None:
    live, hooks = Live(), [hook("late", 1), hook("early", -1)]

    assert next_hooks(hooks, live.get, live.of).create == (hooks[1],)
    live = Live(hooks[1])
    waiting = next_hooks(hooks, live.get, live.of)
    assert (waiting.create, waiting.delete, waiting.is_done) == ((), (), False)
    live.health[key_of(hooks[1])] = HealthStatusCode.HEALTHY
    assert next_hooks(hooks, live.get, live.of).create == (hooks[0],)


def test_a_kind_without_health_is_done_at_once() -> None:
    live, hooks = Live(hook("one")), [hook("one")]
    live.health[key_of(hooks[0])] = None

    assert next_hooks(hooks, live.get, live.of).is_done


def test_a_failed_hook_is_deleted_and_named() -> None:
    live, hooks = Live(hook("one")), [hook("one")]
    live.health[key_of(hooks[0])] = HealthStatusCode.DEGRADED

    step = next_hooks(hooks, live.get, live.of)

    assert step.delete == (hooks[0],)
    assert failure_message(HookType.PRE_DELETE, step.failed) == (
        "error executing PreDelete hooks: PreDelete hook(s) failed: shop/one"
    )


def test_a_hook_of_an_earlier_deletion_goes_first() -> None:
    old = of_deletion([manifest("one", "Job", hook="PreDelete")], PRE, "2025-01-01T00:00:00Z")[0]
    live, hooks = Live(old), [hook("one")]
    live.health[key_of(old)] = HealthStatusCode.HEALTHY

    step = next_hooks(hooks, live.get, live.of)

    assert (step.delete, step.create, step.failed) == ((old,), (), ())


@pytest.mark.parametrize(
    ("policy", "goes"),
    [
        pytest.param({}, False, id="by default it stays"),
        pytest.param({"hook_delete_policy": "HookSucceeded"}, True, id="HookSucceeded"),
        pytest.param({"hook_delete_policy": "HookFailed"}, False, id="HookFailed"),
    ],
)
def test_what_is_cleared_away(policy: dict[str, Any], goes: bool) -> None:
    one = hook("one", **policy)

    assert hooks_to_clear([one], Live(one).get) == ((one,) if goes else ())
    assert hooks_to_clear([one], Live().get) == ()


@given(st.lists(st.integers(-2, 2), max_size=6))
def test_hooks_that_succeed_are_each_created_once_and_in_order(waves: list[int]) -> None:
    hooks = [hook(f"h{place}", wave) for place, wave in enumerate(waves)]
    live, created = Live(), []
    step = next_hooks(hooks, live.get, live.of)
    while not step.is_done:
        for made in step.create:
            created.append(waves[int(made["metadata"]["name"][1:])])
            live.objects[key_of(made)] = made
            live.health[key_of(made)] = HealthStatusCode.HEALTHY
        step = next_hooks(hooks, live.get, live.of)

    assert created == sorted(waves)


def test_hooks_of_a_deletion_without_names_get_distinct_ones_that_a_restart_finds_again() -> None:
    hooks = [manifest("", "Job", hook="PreDelete") for _ in range(2)]
    for found in hooks:
        found["metadata"]["generateName"] = "tidy-"

    names = [key_of(marked).name for marked in of_deletion(hooks, PRE, AT)]

    assert names == ["tidy-predelete-20260101000000", "tidy-predelete-20260101000000-2"]
