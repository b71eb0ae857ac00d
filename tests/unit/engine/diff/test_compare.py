import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.engine.diff import (
    CompareMode,
    CompareSettings,
    Verdict,
    compare,
    judge_prediction,
    judge_refusal,
    live_digest,
)
from tiphys.engine.ignoring import compile_rules
from tiphys.model.application import ResourceIgnoreDifferences
from tiphys.model.keys import Manifest, gvk_of
from tiphys.structured.schema import load_builtin_schema
from tiphys.structured.types import TypeRef

SETTINGS = CompareSettings()
CLIENT_SIDE = CompareSettings(mode=CompareMode.CLIENT_SIDE)
REPLACE = CompareSettings(mode=CompareMode.REPLACE)
CONTAINER = 'k:{"name":"web"}'


def schema_of(manifest: Manifest) -> TypeRef | None:
    return load_builtin_schema().schema_for(gvk_of(manifest))


def target() -> Manifest:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
        "spec": {
            "replicas": 3,
            "paused": False,
            "template": {
                "spec": {
                    "containers": [
                        {
                            "name": "web",
                            "image": "nginx:1",
                            "args": ["a", "b"],
                            "ports": [{"containerPort": 80}],
                            "resources": {"limits": {"cpu": "1000m"}},
                            "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
                        }
                    ]
                }
            },
        },
    }


def container(manifest: Manifest) -> Manifest:
    found: Manifest = manifest["spec"]["template"]["spec"]["containers"][0]
    return found


def owned() -> Manifest:
    env: Manifest = {f'k:{{"name":"{n}"}}': {".": {}, "f:name": {}, "f:value": {}} for n in "AB"}
    fields = {
        ".": {},
        "f:name": {},
        "f:image": {},
        "f:args": {},
        "f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}},
        "f:resources": {"f:limits": {"f:cpu": {}}},
        "f:env": env,
    }
    return {
        "f:metadata": {"f:labels": {"f:app": {}}},
        "f:spec": {
            "f:replicas": {},
            "f:paused": {},
            "f:template": {"f:spec": {"f:containers": {CONTAINER: fields}}},
        },
    }


def entry(manager: str, fields: Manifest, operation: str = "Apply", **more: Any) -> Manifest:
    return {
        "manager": manager,
        "operation": operation,
        "apiVersion": "apps/v1",
        "time": "2026-01-01T00:00:00Z",
        "fieldsV1": fields,
        **more,
    }


def live(*entries: Manifest) -> Manifest:
    manifest = target()
    del manifest["spec"]["paused"]
    found = container(manifest)
    found["ports"][0]["protocol"] = "TCP"
    found["resources"]["limits"]["cpu"] = "1"
    found["imagePullPolicy"] = "Always"
    manifest["metadata"] |= {
        "uid": "u",
        "resourceVersion": "9",
        "generation": 2,
        "managedFields": list(entries or [entry("argocd-controller", owned())]),
    }
    manifest["status"] = {"replicas": 3}
    return manifest


def verdict(wanted: Manifest, found: Manifest, settings: CompareSettings = SETTINGS) -> Verdict:
    return compare(wanted, found, settings, schema_of(wanted)).verdict


def test_defaults_quantities_and_dropped_zeros_need_no_request() -> None:
    assert verdict(target(), live()) is Verdict.SYNCED


def test_without_a_schema_managed_fields_tell_how_lists_merge() -> None:
    found = compare(target(), live(), SETTINGS, None)

    assert found.verdict is Verdict.ASK  # only because quantities are plain text without a schema
    assert [drift.path for drift in found.drifts] == [
        '.spec.template.spec.containers[name="web"].resources.limits.cpu'
    ]


def test_inputs_are_left_alone() -> None:
    wanted, found = target(), live()
    before = copy.deepcopy((wanted, found))

    compare(wanted, found, SETTINGS, schema_of(wanted))

    assert (wanted, found) == before


def test_a_drift_names_path_values_and_author() -> None:
    found = live(
        entry("argocd-controller", owned()),
        entry(
            "kubectl-edit",
            {"f:spec": {"f:replicas": {}}},
            operation="Update",
            time="2026-02-02T00:00:00Z",
        ),
    )
    found["spec"]["replicas"] = 5

    drift = compare(target(), found, SETTINGS, schema_of(found)).drifts[0]

    assert (drift.path, drift.target, drift.live) == (".spec.replicas", 3, 5)
    assert (drift.manager, drift.changed_at) == ("kubectl-edit", "2026-02-02T00:00:00Z")


def test_a_field_that_is_gone_has_no_author() -> None:
    found = live()
    del found["spec"]["replicas"]

    drift = compare(target(), found, SETTINGS, schema_of(found)).drifts[0]

    assert (drift.path, drift.live, drift.manager) == (".spec.replicas", None, "")


def test_names_with_dots_are_quoted_in_paths() -> None:
    wanted = target()
    wanted["metadata"]["annotations"] = {"a.b/c": "1"}
    found = live()
    found["metadata"]["annotations"] = {"a.b/c": "2"}

    drifts = compare(wanted, found, SETTINGS, schema_of(wanted)).drifts

    assert [drift.path for drift in drifts] == ['.metadata.annotations["a.b/c"]']


def _without_owner_of_paused(found: Manifest) -> None:
    del found["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:paused"]


def _other_version(found: Manifest) -> None:
    found["metadata"]["managedFields"][0]["apiVersion"] = "apps/v1beta2"


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda found: found["spec"].update(replicas=4), id="another value"),
        pytest.param(lambda found: container(found)["args"].append("c"), id="a longer atomic list"),
        pytest.param(lambda found: container(found)["env"].pop(), id="an element that is gone"),
        pytest.param(lambda found: container(found)["env"].reverse(), id="another order"),
        pytest.param(_without_owner_of_paused, id="an absent zero that is not ours"),
        pytest.param(_other_version, id="our entry in another version"),
        pytest.param(
            lambda found: found.update(apiVersion="apps/v2"), id="live in another version"
        ),
    ],
)
def test_any_doubt_goes_to_the_server(edit: Any) -> None:
    found = live()
    edit(found)

    assert verdict(target(), found) is Verdict.ASK


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda found: found["spec"].update(minReadySeconds=5), id="a field"),
        pytest.param(lambda found: found["metadata"]["labels"].update(x="y"), id="a label"),
        pytest.param(
            lambda found: container(found)["env"].append({"name": "C", "value": "3"}),
            id="an element",
        ),
        pytest.param(lambda found: found["status"].update(replicas=0), id="the status"),
    ],
)
def test_what_others_add_is_no_drift(edit: Any) -> None:
    found = live()
    edit(found)

    assert verdict(target(), found) is Verdict.SYNCED


@pytest.mark.parametrize("field", ["replicas", "paused"])
def test_what_we_applied_and_git_dropped_is_asked_about_if_live_has_it(field: str) -> None:
    wanted = target()
    del wanted["spec"][field]

    expected = Verdict.ASK if field == "replicas" else Verdict.SYNCED
    assert verdict(wanted, live()) is expected


def legacy_live(*others: Manifest) -> Manifest:
    found = live(entry("kubectl-client-side-apply", owned(), operation="Update"), *others)
    text = msgspec.json.encode(target()).decode()
    found["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": text}
    found["spec"]["paused"] = False
    return found


def test_a_field_of_client_side_apply_that_left_git_is_drift_without_asking() -> None:
    wanted = target()
    del wanted["spec"]["replicas"]

    found = compare(wanted, legacy_live(), SETTINGS, schema_of(wanted))

    assert found.verdict is Verdict.OUT_OF_SYNC
    assert [(drift.path, drift.note) for drift in found.drifts] == [
        (".spec.replicas", "no longer in Git")
    ]


@pytest.mark.parametrize(
    ("others", "settings"),
    [
        pytest.param(
            [entry("hpa", {"f:spec": {"f:replicas": {}}}, "Update", subresource="scale")],
            SETTINGS,
            id="another manager owns it too",
        ),
        pytest.param([], CompareSettings(migrates=False), id="nothing is to be taken over"),
    ],
)
def test_a_field_that_no_sync_would_remove_is_no_drift(
    others: list[Manifest], settings: CompareSettings
) -> None:
    wanted = target()
    del wanted["spec"]["replicas"]

    assert verdict(wanted, legacy_live(*others), settings) is Verdict.SYNCED


def test_a_stale_last_applied_annotation_proves_nothing() -> None:
    wanted, found = target(), legacy_live()
    del wanted["spec"]["replicas"]
    fields = owned()
    del fields["f:spec"]["f:replicas"]
    found["metadata"]["managedFields"] = [
        entry("argocd-controller", fields),
        entry("hpa", {"f:spec": {"f:replicas": {}}}, "Update"),
    ]

    assert verdict(wanted, found) is Verdict.SYNCED


@pytest.mark.parametrize("settings", [CLIENT_SIDE, REPLACE], ids=["client-side", "replace"])
def test_other_modes_never_ask(settings: CompareSettings) -> None:
    changed = target()
    changed["spec"]["replicas"] = 4

    assert verdict(target(), legacy_live(), settings) is Verdict.SYNCED
    assert verdict(changed, legacy_live(), settings) is Verdict.OUT_OF_SYNC


def test_client_side_notices_what_left_git_and_replace_does_not() -> None:
    wanted = target()
    del wanted["spec"]["replicas"]

    assert verdict(wanted, legacy_live(), CLIENT_SIDE) is Verdict.OUT_OF_SYNC
    assert verdict(wanted, legacy_live(), REPLACE) is Verdict.SYNCED


def test_equal_keys_are_compared_in_process_with_a_note() -> None:
    wanted, found = target(), live()
    for manifest in (wanted, found):
        container(manifest)["env"][1]["name"] = "A"
    other = copy.deepcopy(wanted)
    container(other)["env"][1]["value"] = "9"

    same = compare(wanted, found, SETTINGS, schema_of(wanted))

    assert same.verdict is Verdict.SYNCED
    assert "equal keys" in same.note
    assert verdict(other, found) is Verdict.OUT_OF_SYNC


def test_what_is_on_one_side_only_is_out_of_sync() -> None:
    assert compare(None, live(), SETTINGS, None).note == "no longer in Git"
    assert compare(target(), None, SETTINGS, None).note == "not in the cluster"
    assert compare(None, None, SETTINGS, None).verdict is Verdict.SYNCED


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param({"json_pointers": ("/spec/replicas",)}, id="by pointer"),
        pytest.param({"managed_fields_managers": ("hpa",)}, id="by manager"),
        pytest.param({"jq_path_expressions": (".spec.replicas",)}, id="by jq"),
    ],
)
def test_ignored_fields_do_not_count(rule: dict[str, Any]) -> None:
    found = live(
        entry("argocd-controller", owned()), entry("hpa", {"f:spec": {"f:replicas": {}}}, "Update")
    )
    found["spec"]["replicas"] = 5
    rules, _ = compile_rules(
        [ResourceIgnoreDifferences(group="apps", kind="Deployment", **rule)],
        lambda _expression: (
            lambda manifest: {
                **manifest,
                "spec": {k: v for k, v in manifest["spec"].items() if k != "replicas"},
            }
        ),
    )

    assert verdict(target(), found, CompareSettings(ignore=rules)) is Verdict.SYNCED


def predicted(wanted: Manifest) -> Manifest:
    found = live()
    found["spec"]["replicas"] = wanted["spec"].get("replicas", 1)
    return found


def judge(wanted: Manifest, found: Manifest, prediction: Manifest) -> Any:
    return judge_prediction(wanted, found, prediction, SETTINGS, schema_of(wanted))


def test_the_prediction_decides_at_what_target_has() -> None:
    changed = target()
    changed["spec"]["replicas"] = 9

    found = judge(changed, live(), predicted(changed))

    assert found.verdict is Verdict.OUT_OF_SYNC
    assert [(d.path, d.target, d.live) for d in found.drifts] == [(".spec.replicas", 9, 3)]


def test_a_field_that_comes_back_with_its_default_has_changed() -> None:
    wanted = target()
    del wanted["spec"]["replicas"]

    found = judge(wanted, live(), predicted(wanted))

    assert [(d.path, d.target, d.live) for d in found.drifts] == [(".spec.replicas", 1, 3)]


def test_what_the_server_changes_elsewhere_says_nothing() -> None:
    prediction = live()
    prediction["spec"]["minReadySeconds"] = 7
    prediction["metadata"] |= {"generation": 3, "resourceVersion": "10"}

    assert judge(target(), live(), prediction).verdict is Verdict.SYNCED


def test_a_value_that_admission_overrules_is_synced_with_a_note() -> None:
    wanted = target()
    container(wanted)["image"] = "nginx:latest"

    found = judge(wanted, live(), live())

    assert found.verdict is Verdict.SYNCED
    assert found.note == (
        'the API server overrules .spec.template.spec.containers[name="web"].image'
    )


def test_a_refused_dry_run_is_never_synced_and_says_why() -> None:
    changed = target()
    changed["spec"]["replicas"] = 9
    asked = compare(changed, live(), SETTINGS, schema_of(changed))

    found = judge_refusal(asked, "denied by policy")

    assert found.verdict is Verdict.OUT_OF_SYNC
    assert found.drifts == asked.drifts
    assert found.note == "dry run refused: denied by policy"


def test_the_digest_of_live_ignores_what_no_verdict_depends_on() -> None:
    one, other, moved = live(), live(), live()
    other["status"] = {"replicas": 0}
    other["metadata"] |= {"resourceVersion": "10", "generation": 5}
    other["metadata"]["managedFields"][0]["time"] = "2027-01-01T00:00:00Z"
    moved["metadata"]["managedFields"][0]["manager"] = "somebody"

    assert live_digest(one) == live_digest(other)
    assert live_digest(one, with_status=True) != live_digest(other, with_status=True)
    assert live_digest(one) != live_digest(moved)


leaves = st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab", max_size=3)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "name"]), inner, max_size=3)
    ),
    max_leaves=15,
)
manifests = st.builds(
    lambda spec, labels: {
        "apiVersion": "example.com/v1",
        "kind": "Boat",
        "metadata": {"name": "argo", "labels": labels},
        "spec": spec,
    },
    values,
    st.none() | st.dictionaries(st.sampled_from("ab"), st.text("xy", max_size=2)),
)


@given(manifests, st.sampled_from(CompareMode))
def test_everything_equals_itself(manifest: Manifest, mode: CompareMode) -> None:
    found = compare(manifest, manifest, CompareSettings(mode=mode), None)

    assert found.verdict is Verdict.SYNCED


@given(manifests, st.integers(6, 9))
def test_a_value_found_nowhere_in_live_is_never_synced(manifest: Manifest, value: int) -> None:
    wanted = {**manifest, "spec": {"a": value}}

    assert compare(wanted, manifest, SETTINGS, None).verdict is Verdict.ASK


def test_true_is_not_one() -> None:
    one = {"apiVersion": "example.com/v1", "kind": "Boat", "spec": {"a": [1]}}
    other = {"apiVersion": "example.com/v1", "kind": "Boat", "spec": {"a": [True]}}

    assert compare(one, other, CLIENT_SIDE, None).verdict is Verdict.OUT_OF_SYNC


def test_an_empty_list_that_merges_asks_for_nothing() -> None:
    wanted = target()
    wanted["spec"]["template"]["spec"]["volumes"] = []

    assert verdict(wanted, live()) is Verdict.SYNCED


def test_an_empty_list_that_is_one_value_has_to_be_ours() -> None:
    wanted = target()
    wanted["spec"]["template"]["spec"]["tolerations"] = []

    assert verdict(wanted, live()) is Verdict.ASK
