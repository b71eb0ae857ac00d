from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.engine.sync.builders import definition, manifest
from tiphys.engine.deletion import (
    cascades,
    is_approved,
    is_deletable,
    is_kept_on_deletion,
    needs_deletion_approval,
    next_deletion,
    propagation,
    without_cascade,
)
from tiphys.engine.sync.options import SyncOptions, parse_options
from tiphys.model.keys import Manifest

RESOURCES = "resources-finalizer.argocd.argoproj.io"
PLAIN = SyncOptions()
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("finalizers", "goes_along", "policy"),
    [
        pytest.param([], False, "Foreground", id="none"),
        pytest.param(["other"], False, "Foreground", id="somebody else's"),
        pytest.param([RESOURCES], True, "Foreground", id="the plain one"),
        pytest.param([RESOURCES + "/foreground"], True, "Foreground", id="foreground"),
        pytest.param([RESOURCES + "/background"], True, "Background", id="background"),
    ],
)
def test_the_finalizer_decides_what_becomes_of_the_objects(
    finalizers: list[str], goes_along: bool, policy: str
) -> None:
    assert cascades(finalizers) is goes_along
    assert propagation(finalizers) == policy


def test_only_our_own_finalizers_go() -> None:
    assert without_cascade(["other", RESOURCES, RESOURCES + "/background"]) == ["other"]


def marked(**annotations: str) -> Manifest:
    return {"metadata": {"annotations": annotations}}


OPTIONS, KEEP = "argocd.argoproj.io/sync-options", "helm.sh/resource-policy"


@pytest.mark.parametrize(
    ("app", "annotations", "kept", "asks"),
    [
        pytest.param([], {}, False, False, id="nothing said"),
        pytest.param([], {OPTIONS: "Delete=false"}, True, False, id="kept by the resource"),
        pytest.param([], {OPTIONS: "Delete=confirm"}, False, True, id="asked for by the resource"),
        pytest.param([], {OPTIONS: "Prune=confirm"}, False, False, id="prune is not deletion"),
        pytest.param([], {KEEP: "keep"}, True, False, id="kept by Helm"),
        pytest.param(["Delete=false"], {}, True, False, id="kept by the application"),
        pytest.param(["Delete=confirm"], {}, False, True, id="asked for by the application"),
        pytest.param(
            ["Delete=false"], {OPTIONS: "Delete=true"}, False, False, id="the resource wins"
        ),
        pytest.param(
            ["Delete=confirm"], {OPTIONS: "Delete=false"}, True, False, id="also for keeping"
        ),
    ],
)
def test_what_a_deletion_does_with_a_resource(
    app: list[str], annotations: dict[str, str], kept: bool, asks: bool
) -> None:
    options: SyncOptions = parse_options(app)

    assert is_kept_on_deletion(marked(**annotations), options) is kept
    assert needs_deletion_approval(marked(**annotations), options) is asks


def test_a_definition_never_goes_along() -> None:
    assert not is_deletable(definition("example.com", "Widget"), PLAIN)
    assert is_deletable(manifest("one"), PLAIN)


def test_nothing_left_is_the_end() -> None:
    assert next_deletion([], PLAIN, is_approved=False).is_done


def test_who_must_be_asked_is_asked_before_anything_is_deleted() -> None:
    live = [manifest("one", wave=9), manifest("two", sync_options="Delete=confirm")]

    step = next_deletion(live, PLAIN, is_approved=False)

    assert (step.delete, step.message) == (
        (),
        "waiting for deletion confirmation of /ConfigMap/two",
    )
    assert next_deletion(live, PLAIN, is_approved=True).delete == (live[0],)


def _leaving(found: Manifest) -> Manifest:
    metadata = {**found["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}
    return {**found, "metadata": metadata}


def test_a_wave_is_waited_for_and_what_is_leaving_is_not_deleted_twice() -> None:
    live = [_leaving(manifest("a", wave=2)), manifest("b", wave=2), manifest("c", wave=1)]

    step = next_deletion(live, PLAIN, is_approved=False)

    assert step.delete == (live[1],)
    assert step.message == "waiting for deletion of /ConfigMap/a and 1 more resources"
    assert not next_deletion(live[:1], PLAIN, is_approved=False).delete


@pytest.mark.parametrize(
    ("approved", "since", "expected"),
    [
        pytest.param(None, NOW, False, id="nobody approved"),
        pytest.param(NOW - timedelta(seconds=1), NOW, False, id="of an earlier deletion"),
        pytest.param(NOW, NOW, True, id="in the same second"),
        pytest.param(NOW + timedelta(seconds=1), NOW, True, id="of this one"),
    ],
)
def test_an_approval_counts_for_one_deletion(
    approved: datetime | None, since: datetime, expected: bool
) -> None:
    assert is_approved(approved, since) is expected


@given(st.lists(st.integers(-3, 3), max_size=8))
def test_objects_are_deleted_from_the_highest_wave_to_the_lowest(waves: list[int]) -> None:
    live = [manifest(f"m{place}", wave=wave) for place, wave in enumerate(waves)]
    deleted: list[int] = []
    for _ in range(len(waves) + 1):
        step = next_deletion(live, PLAIN, is_approved=False)
        if step.is_done:
            break
        deleted += [waves[int(found["metadata"]["name"][1:])] for found in step.delete]
        live = [found for found in live if found not in step.delete]

    assert not live
    assert deleted == sorted(waves, reverse=True)


def test_what_is_held_is_told_with_what_holds_it() -> None:
    held = manifest("held")
    held["metadata"] |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["a/b", "c/d"]}

    step = next_deletion([held], SyncOptions(), is_approved=False)

    assert step.message == "waiting for deletion of /ConfigMap/held (held by a/b, c/d)"


def test_projects_go_behind_the_applications_of_their_wave() -> None:
    project = {**manifest("team", "AppProject"), "apiVersion": "argoproj.io/v1alpha1"}
    app = {**manifest("web", "Application"), "apiVersion": "argoproj.io/v1alpha1"}

    step = next_deletion([project, app], SyncOptions(), is_approved=False)

    assert [found["kind"] for found in step.delete] == ["Application"]
    assert next_deletion([project], SyncOptions(), is_approved=False).delete == (project,)
