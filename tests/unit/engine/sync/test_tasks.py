from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.engine.sync.builders import (
    custom,
    definition,
    manifest,
    names,
    place,
    plan,
    request,
)
from tiphys.engine.sync.options import SyncOptions
from tiphys.engine.sync.tasks import SyncPair, build_tasks, is_selected
from tiphys.model.keys import Manifest, ResourceKey
from tiphys.model.labels import HOOK_FINALIZER
from tiphys.model.operation import SyncOperationResource
from tiphys.model.words import HookType, SyncPhase


def _order(*targets: Manifest) -> list[str]:
    return names(plan(targets))


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        pytest.param([manifest("b"), manifest("a")], ["a", "b"], id="names"),
        pytest.param(
            [manifest("a", "Deployment"), manifest("b", "Service"), manifest("c", "Namespace")],
            ["c", "b", "a"],
            id="kinds before names",
        ),
        pytest.param(
            [manifest("a", "Widget"), manifest("b", "APIService"), manifest("c", "Ingress")],
            ["c", "b", "a"],
            id="unknown kinds last",
        ),
        pytest.param(
            [manifest("a", wave=2), manifest("b", "Deployment", wave=-1), manifest("c")],
            ["b", "c", "a"],
            id="waves before kinds",
        ),
        pytest.param(
            [
                manifest("fail", hook="SyncFail", wave=-9),
                manifest("post", hook="PostSync", wave=-9),
                manifest("sync"),
                manifest("pre", hook="PreSync", wave=9),
            ],
            ["pre", "sync", "post", "fail"],
            id="phases before waves",
        ),
    ],
)
def test_tasks_are_ordered_by(targets: list[Manifest], expected: list[str]) -> None:
    assert _order(*targets) == expected


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        pytest.param(
            [custom("example.com", "Widget", "w"), definition("example.com", "Widget")],
            ["widgets.example.com", "w"],
            id="a definition before its objects",
        ),
        pytest.param(
            [
                custom("projectcalico.org", "NetworkPolicy", "deny"),
                manifest("one"),
                definition("projectcalico.org", "NetworkPolicy"),
            ],
            ["networkpolicys.projectcalico.org", "deny", "one"],
            id="also when their kind's name is that of an early kind",
        ),
        pytest.param(
            [
                {**custom("example.com", "Widget", "w", hook="PreSync")},
                definition("example.com", "Widget", wave=5),
            ],
            ["widgets.example.com", "w"],
            id="also across phases and waves",
        ),
        pytest.param(
            [manifest("check", hook="PreSync"), manifest("shop", "Namespace", wave=3)],
            ["shop", "check"],
            id="a namespace before what lives in it",
        ),
        pytest.param(
            [manifest("check", hook="PreSync"), manifest("other", "Namespace")],
            ["check", "other"],
            id="but not before what lives elsewhere",
        ),
    ],
)
def test_what_others_need_comes_first(targets: list[Manifest], expected: list[str]) -> None:
    tasks = plan(targets)

    assert names(tasks) == expected
    groups = [place(task) for task in tasks]
    assert groups == sorted(groups)


def test_waves_of_prunes_are_mirrored() -> None:
    prunes = [manifest("a", wave=-1), manifest("b", wave=0), manifest("c", wave=7)]

    assert [(task.key.name, task.wave) for task in plan(prunes=prunes)] == [
        ("c", -1),
        ("b", 0),
        ("a", 7),
    ]


@pytest.mark.parametrize(
    ("waves", "expected"),
    [
        pytest.param([0, 3], 4, id="behind the last wave"),
        pytest.param([-7], 1, id="and never before wave 1"),
        pytest.param([], 1, id="also when there is nothing else"),
    ],
)
def test_what_is_pruned_last_comes_behind_everything(waves: list[int], expected: int) -> None:
    targets = [manifest(f"r{wave}", wave=wave) for wave in waves]
    last = manifest("last", sync_options="PruneLast=true", wave=-5)

    tasks = plan([*targets, manifest("after", hook="PostSync")], [last])

    assert [(task.key.name, task.wave) for task in tasks if task.is_prune] == [("last", expected)]
    assert names(tasks)[-2:] == ["last", "after"]


def test_prune_last_of_the_application_covers_every_prune() -> None:
    tasks = plan(
        [manifest("one", wave=2)],
        [manifest("a", wave=1), manifest("b", wave=9)],
        options=SyncOptions(prune_last=True),
    )

    # The highest wave of the phase counts, whoever has it.
    assert {task.wave for task in tasks if task.is_prune} == {10}


def test_a_hook_makes_a_task_for_each_of_its_phases() -> None:
    tasks = plan([manifest("check", hook="PreSync,PostSync,PreDelete")])

    assert [(task.phase, task.hook_type) for task in tasks] == [
        (SyncPhase.PRE_SYNC, HookType.PRE_SYNC),
        (SyncPhase.POST_SYNC, HookType.POST_SYNC),
    ]


@pytest.mark.parametrize("hook", ["Skip", "Garbage", "PreDelete", "PostDelete"])
def test_what_runs_at_no_phase_of_a_sync_makes_no_task(hook: str) -> None:
    assert plan([manifest("check", hook=hook)]) == ()


@pytest.mark.parametrize(
    ("revision", "name"),
    [
        pytest.param("0123456789abcdef", "check-0123456-presync-1767225600", id="a commit"),
        pytest.param("1.2.0", "check-1.2.0-presync-1767225600", id="a chart's version"),
    ],
)
def test_a_hook_without_a_name_gets_one(revision: str, name: str) -> None:
    hook = manifest("", "Job", hook="PreSync")
    hook["metadata"]["generateName"] = "check-"

    (task,) = plan([hook], revision=revision)

    assert task.key.name == name
    assert "generateName" not in task.manifest["metadata"]


@pytest.mark.parametrize("phase", ["PreSync", "Sync", "PostSync", "SyncFail"])
@pytest.mark.parametrize("kind", ["Namespace", "CustomResourceDefinition"])
def test_a_hook_of_a_cluster_scoped_kind_is_looked_for_where_it_lives(
    kind: str, phase: str
) -> None:
    (task,) = plan([manifest("shared", kind, hook=phase)])

    assert task.key.namespace == ""
    assert "namespace" not in task.manifest["metadata"]


def test_hooks_without_names_and_equal_prefixes_get_distinct_names() -> None:
    hooks = [manifest("", "Job", hook="PreSync") for _ in range(3)]
    for hook in hooks:
        hook["metadata"]["generateName"] = "check-"

    found = names(plan(hooks))

    assert found == [f"check-0123456-presync-1767225600{end}" for end in ("", "-2", "-3")]
    assert found == names(plan(hooks)), "an operation that is resumed finds them again"


@pytest.mark.parametrize(
    ("kind", "limit"), [("Job", 63), ("CronJob", 52), ("StatefulSet", 52), ("ConfigMap", 63)]
)
def test_a_generated_name_fits_the_limit_of_its_kind(kind: str, limit: int) -> None:
    hooks = [manifest("", kind, hook="PostSync") for _ in range(2)]
    for hook in hooks:
        hook["metadata"]["generateName"] = "a" * 70 + "-"

    found = names(plan(hooks))

    assert len(set(found)) == 2
    assert all(len(name) <= limit and name.startswith("aaaa") for name in found)


def test_a_generated_name_is_valid_whatever_the_revision_is() -> None:
    hook = manifest("", "Job", hook="PreSync")
    hook["metadata"]["generateName"] = "check-"

    assert names(plan([hook], revision="1.2+B_1")) == ["check-1.2-b-1-presync-1767225600"]


def test_a_hook_gets_our_finalizer_once() -> None:
    hook = manifest("check", hook="Sync")
    hook["metadata"]["finalizers"] = ["other", HOOK_FINALIZER]

    (task,) = plan([hook])

    assert task.manifest["metadata"]["finalizers"] == ["other", HOOK_FINALIZER]


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"runs_hooks": False}, id="the strategy apply"),
        pytest.param({"selected": (SyncOperationResource(kind="*", name="*"),)}, id="a selection"),
    ],
)
def test_no_hooks_run_with(asked: dict[str, Any]) -> None:
    assert names(plan([manifest("check", hook="Sync"), manifest("one")], **asked)) == ["one"]


def _rule(text: str, *, exclude: bool = False) -> SyncOperationResource:
    group, kind, namespace, name = text.split("/")
    return SyncOperationResource(
        group=group, kind=kind, namespace=namespace, name=name, exclude=exclude
    )


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param([], True, id="no selection selects all"),
        pytest.param([_rule("apps/Deployment/shop/web")], True, id="exactly"),
        pytest.param([_rule("apps/Deployment//web")], True, id="any namespace"),
        pytest.param([_rule("apps/Deployment/other/web")], False, id="another namespace"),
        pytest.param([_rule("/Deployment//web")], False, id="another group"),
        pytest.param([_rule("*/*//*")], True, id="globs"),
        pytest.param([_rule("apps/Deployment//api"), _rule("*/*//w*")], True, id="any rule"),
        pytest.param([_rule("apps/Deployment//web", exclude=True)], False, id="excluded"),
        pytest.param([_rule("apps/Deployment//api", exclude=True)], True, id="another excluded"),
        pytest.param(
            [_rule("*/*//*"), _rule("apps/*//*", exclude=True)], False, id="an exclusion wins"
        ),
    ],
)
def test_a_selection_names_resources(rules: list[SyncOperationResource], expected: bool) -> None:
    assert is_selected(ResourceKey("apps", "Deployment", "shop", "web"), rules) is expected


def test_a_forced_operation_forces_every_resource() -> None:
    (task,) = plan([manifest("one")], force=True)

    assert task.options.force


def test_a_pair_keeps_whether_it_differs() -> None:
    pair = SyncPair(target=manifest("one"), live=manifest("one"), is_modified=False)
    (task,) = build_tasks([pair], lambda key: None, request())

    assert not task.is_modified


_KINDS = st.sampled_from(["ConfigMap", "Deployment", "Job", "Widget", "Namespace", "Service"])
_HOOKS = st.sampled_from([None, "PreSync", "Sync", "PostSync", "SyncFail", "PreSync,PostSync"])


@st.composite
def _manifests(draw: st.DrawFn) -> list[Manifest]:
    made: list[Manifest] = []
    for place_ in range(draw(st.integers(0, 7))):
        hook = draw(_HOOKS)
        name = draw(st.sampled_from(["shop", "a", "b"])) + str(draw(st.integers(0, 1)) or "")
        annotations = {"hook": hook} if hook else {}
        found = manifest(name, draw(_KINDS), wave=draw(st.integers(-2, 2)), **annotations)
        if not any(same(found, other) for other in made):
            made.append(found)
        if place_ == 0 and draw(st.booleans()):
            made += [custom("x.io", "NetworkPolicy", "np"), definition("x.io", "NetworkPolicy")]
    return made


def same(one: Manifest, other: Manifest) -> bool:
    return (one["kind"], one["metadata"]["name"]) == (other["kind"], other["metadata"]["name"])


@given(_manifests(), st.randoms())
def test_the_plan_is_one_total_order_whatever_order_the_manifests_come_in(
    manifests: list[Manifest], chance: object
) -> None:
    shuffled = list(manifests)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]

    tasks = plan(manifests)

    assert tasks == plan(shuffled)
    assert len({task.identity for task in tasks}) == len(tasks)
    groups = [place(task) for task in tasks]
    assert groups == sorted(groups)


@given(_manifests())
def test_nothing_comes_before_the_namespace_or_the_definition_that_it_needs(
    manifests: list[Manifest],
) -> None:
    tasks = plan(manifests)
    order = names(tasks)
    for position, task in enumerate(tasks):
        if task.key.kind == "Namespace" and not task.is_hook:
            dependents = [t for t in tasks[:position] if t.key.namespace == task.key.name]
            assert not dependents
    if "np" in order:
        assert order.index("networkpolicys.x.io") < order.index("np")


@given(st.lists(st.integers(-5, 5), max_size=8))
def test_prunes_run_in_the_opposite_order_of_their_waves(waves: list[int]) -> None:
    prunes = [manifest(f"p{place_}", wave=wave) for place_, wave in enumerate(waves)]

    order = [waves[int(task.key.name[1:])] for task in plan(prunes=prunes)]

    assert order == sorted(waves, reverse=True)
    assert {task.wave for task in plan(prunes=prunes)} == set(waves)
