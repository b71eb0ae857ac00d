import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.engine.hooks import (
    delete_policies,
    hook_phases,
    hook_types,
    is_hook,
    is_skipped,
    runs_outside_sync,
    sync_wave,
)
from tiphys.model.keys import Manifest
from tiphys.model.words import HookDeletePolicy, HookType, SyncPhase

HOOK, HELM = "argocd.argoproj.io/hook", "helm.sh/hook"
WAVE, WEIGHT = "argocd.argoproj.io/sync-wave", "helm.sh/hook-weight"
POLICY, HELM_POLICY = "argocd.argoproj.io/hook-delete-policy", "helm.sh/hook-delete-policy"
BEFORE, ON_SUCCESS, ON_FAILURE = (
    HookDeletePolicy.BEFORE_HOOK_CREATION,
    HookDeletePolicy.HOOK_SUCCEEDED,
    HookDeletePolicy.HOOK_FAILED,
)
PRE, SYNC, POST = HookType.PRE_SYNC, HookType.SYNC, HookType.POST_SYNC


def marked(**annotations: str) -> Manifest:
    return {"metadata": {"annotations": annotations}}


@pytest.mark.parametrize(
    ("annotations", "types"),
    [
        pytest.param({}, (), id="no annotation"),
        pytest.param({HOOK: "PreSync"}, (PRE,), id="one type"),
        pytest.param({HOOK: "PreSync, Sync ,PostSync"}, (PRE, SYNC, POST), id="several"),
        pytest.param({HOOK: "Sync,Sync"}, (SYNC,), id="each once"),
        pytest.param({HOOK: "Garbage,Sync"}, (SYNC,), id="unknown types are left out"),
        pytest.param({HOOK: "Garbage"}, (), id="only unknown ones"),
        pytest.param({HOOK: "presync"}, (), id="case matters"),
        pytest.param({HELM: "pre-install,pre-upgrade"}, (PRE,), id="Helm, before"),
        pytest.param({HELM: "post-install"}, (POST,), id="Helm, after an install"),
        pytest.param({HELM: "post-upgrade"}, (POST,), id="Helm, after an upgrade"),
        pytest.param({HELM: "pre-delete"}, (HookType.PRE_DELETE,), id="Helm, before deletion"),
        pytest.param({HELM: "post-delete"}, (HookType.POST_DELETE,), id="Helm, after deletion"),
        pytest.param({HELM: "pre-rollback"}, (), id="Helm's rollback has no counterpart"),
        pytest.param({HELM: "test"}, (), id="nor its tests"),
        pytest.param({HOOK: "Sync", HELM: "pre-install"}, (SYNC,), id="ours wins over Helm's"),
        pytest.param({HOOK: "Garbage", HELM: "pre-install"}, (PRE,), id="unless it says nothing"),
    ],
)
def test_the_types_of_a_hook(annotations: dict[str, str], types: tuple[HookType, ...]) -> None:
    assert hook_types(marked(**annotations)) == types


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        pytest.param({}, False, id="no annotation"),
        pytest.param({HOOK: "PreSync"}, True, id="a hook"),
        pytest.param({HOOK: "Garbage"}, True, id="a hook of no known type is none of ours either"),
        pytest.param({HOOK: "Skip"}, False, id="Skip is a resource that is left alone"),
        pytest.param({HOOK: "Skip,Sync"}, True, id="Skip means that only on its own"),
        pytest.param({HELM: "crd-install"}, False, id="Helm's definitions are resources"),
        pytest.param({HELM: "pre-install"}, True, id="Helm's hooks are hooks"),
        pytest.param({HELM: "test-success"}, True, id="Helm's tests too"),
    ],
)
def test_what_is_a_hook(annotations: dict[str, str], expected: bool) -> None:
    assert is_hook(marked(**annotations)) is expected


@pytest.mark.parametrize(
    ("hook", "phases", "skipped", "outside"),
    [
        pytest.param("PreSync", (SyncPhase.PRE_SYNC,), False, False, id="PreSync"),
        pytest.param("Skip", (), True, False, id="Skip"),
        pytest.param("Skip,Sync", (SyncPhase.SYNC,), False, False, id="Skip and more"),
        pytest.param("SyncFail", (SyncPhase.SYNC_FAIL,), False, False, id="SyncFail"),
        pytest.param("PreDelete", (), False, True, id="PreDelete"),
        pytest.param("PreDelete,PostDelete", (), False, True, id="both deletions"),
        pytest.param("PostDelete,Sync", (SyncPhase.SYNC,), False, False, id="deletion and sync"),
        pytest.param("Garbage", (), False, False, id="garbage"),
    ],
)
def test_when_a_hook_runs(
    hook: str, phases: tuple[SyncPhase, ...], skipped: bool, outside: bool
) -> None:
    found = marked(**{HOOK: hook})

    assert hook_phases(found) == phases
    assert is_skipped(found) is skipped
    assert runs_outside_sync(found) is outside


@pytest.mark.parametrize(
    ("annotations", "policies"),
    [
        pytest.param({}, {BEFORE}, id="the default"),
        pytest.param({POLICY: "HookSucceeded"}, {ON_SUCCESS}, id="one"),
        pytest.param({POLICY: "HookSucceeded, HookFailed"}, {ON_SUCCESS, ON_FAILURE}, id="several"),
        pytest.param({POLICY: "Garbage"}, {BEFORE}, id="garbage"),
        pytest.param({HELM_POLICY: "hook-failed"}, {ON_FAILURE}, id="Helm's"),
        pytest.param({HELM_POLICY: "before-hook-creation"}, {BEFORE}, id="Helm's default"),
        pytest.param(
            {POLICY: "HookSucceeded", HELM_POLICY: "hook-failed"},
            {ON_SUCCESS, ON_FAILURE},
            id="both count",
        ),
    ],
)
def test_when_a_hook_is_deleted(
    annotations: dict[str, str], policies: set[HookDeletePolicy]
) -> None:
    assert delete_policies(marked(**annotations)) == policies


@pytest.mark.parametrize(
    ("annotations", "wave"),
    [
        pytest.param({WAVE: "9" * 5000}, 0, id="a number without end"),
        pytest.param({}, 0, id="none"),
        pytest.param({WAVE: "3"}, 3, id="a number"),
        pytest.param({WAVE: "-3"}, -3, id="a negative one"),
        pytest.param({WAVE: "+3"}, 3, id="with its sign"),
        pytest.param({WEIGHT: "5"}, 5, id="Helm's weight"),
        pytest.param({WAVE: "1", WEIGHT: "5"}, 1, id="ours wins"),
        pytest.param({WAVE: "x", WEIGHT: "5"}, 5, id="unless it is no number"),
        pytest.param({WAVE: "1.5"}, 0, id="no integer"),
        pytest.param({WAVE: " 1"}, 0, id="a blank"),
        pytest.param({WAVE: "1_0"}, 0, id="a number that only Python reads"),
        pytest.param({WAVE: "\u0661"}, 0, id="another script's digit"),
    ],
)
def test_the_wave(annotations: dict[str, str], wave: int) -> None:
    assert sync_wave(marked(**annotations)) == wave


@given(st.integers(-(10**9), 10**9))
def test_every_integer_is_a_wave(wave: int) -> None:
    assert sync_wave(marked(**{WAVE: str(wave)})) == wave


@given(st.text())
def test_any_annotation_is_read_without_an_error(text: str) -> None:
    found = marked(**{HOOK: text, WAVE: text, POLICY: text})

    assert is_hook(found) or not hook_phases(found)
    assert delete_policies(found)
    assert isinstance(sync_wave(found), int)
