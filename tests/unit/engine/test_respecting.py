from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.engine.ignoring import Ignored, IgnoreRule, UndecidedError, compile_rules
from tiphys.engine.respecting import ours, respect_ignored
from tiphys.model.application import ResourceIgnoreDifferences
from tiphys.model.errors import TiphysError
from tiphys.model.keys import GroupVersionKind, Manifest
from tiphys.structured.schema import load_builtin_schema

SCHEMA = load_builtin_schema().schema_for(GroupVersionKind("apps", "v1", "Deployment"))


def rules(*pointers: str, managers: tuple[str, ...] = ()) -> tuple[IgnoreRule, ...]:
    entry = ResourceIgnoreDifferences(
        group="*", kind="*", json_pointers=pointers, managed_fields_managers=managers
    )
    return compile_rules([entry], lambda text: lambda manifest: manifest)[0]


def deployment(replicas: int | None, *containers: dict[str, Any], **top: Any) -> Manifest:
    spec = {"template": {"spec": {"containers": list(containers)}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "spec": {**spec, **({} if replicas is None else {"replicas": replicas})},
        **top,
    }


def everything(path: tuple[str, ...]) -> bool:
    return True


def nothing(path: tuple[str, ...]) -> bool:
    return False


WEB, WEB_2 = {"name": "web", "image": "web:1"}, {"name": "web", "image": "web:2"}
IMAGE = "/spec/template/spec/containers/0/image"


@pytest.mark.parametrize(
    ("target", "live", "pointers", "expected"),
    [
        pytest.param(
            deployment(1), deployment(5), ["/spec/replicas"], deployment(5), id="live's value"
        ),
        pytest.param(
            deployment(1), deployment(None), ["/spec/replicas"], deployment(None), id="not in live"
        ),
        pytest.param(
            deployment(None), deployment(5), ["/spec/replicas"], deployment(5), id="not in Git"
        ),
        pytest.param(deployment(1), deployment(5), [], deployment(1), id="nothing is ignored"),
        pytest.param(
            deployment(1), deployment(5), ["/spec/absent"], deployment(1), id="nothing is there"
        ),
        pytest.param(
            deployment(1, WEB),
            deployment(1, {"name": "sidecar", "image": "s"}, WEB_2),
            ["/spec/template/spec/containers/1/image", IMAGE],
            deployment(1, WEB_2),
            id="in the item of that name, wherever it stands",
        ),
        pytest.param(
            deployment(1),
            deployment(1, status={"replicas": 1}),
            ["/status"],
            deployment(1),
            id="never a status",
        ),
        pytest.param(
            deployment(1, metadata={"labels": {"a": "git"}}),
            deployment(1, metadata={"labels": {"a": "live", "b": "live"}}),
            ["/metadata/labels"],
            deployment(1, metadata={"labels": {"a": "live", "b": "live"}}),
            id="a whole map",
        ),
    ],
)
def test_the_ignored_fields_are_written_as_they_are_live(
    target: Manifest, live: Manifest, pointers: list[str], expected: Manifest
) -> None:
    assert respect_ignored(target, live, rules(*pointers), SCHEMA, everything) == expected


def test_what_somebody_else_owns_is_left_out() -> None:
    target, live = deployment(1, WEB), deployment(5, WEB_2)

    written = respect_ignored(target, live, rules("/spec/replicas", IMAGE), SCHEMA, nothing)

    assert written == deployment(None, {"name": "web"})


def custom(spec: Any, **metadata: Any) -> Manifest:
    return {"apiVersion": "example.org/v1", "kind": "Deck", "metadata": metadata, "spec": spec}


def jq(transform: Callable[[Manifest], Manifest]) -> tuple[IgnoreRule, ...]:
    entry = ResourceIgnoreDifferences(group="*", kind="*", jq_path_expressions=("x",))
    return compile_rules([entry], lambda text: transform)[0]


def without(field: str, **having: Any) -> Callable[[Manifest], Manifest]:
    """Return what a jq `del(.spec[] | select(...) | .name)` does."""

    def stripped(item: Any) -> Any:
        is_meant = isinstance(item, dict) and all(item.get(k) == v for k, v in having.items())
        return {k: v for k, v in item.items() if k != field} if is_meant else item

    return lambda manifest: {**manifest, "spec": [stripped(item) for item in manifest["spec"]]}


def lacking(*members: Any) -> Callable[[Manifest], Manifest]:
    """Return what a jq that selects whole elements does."""
    return lambda manifest: {
        **manifest, "spec": [item for item in manifest["spec"] if item not in members]
    }  # fmt: skip


A1, A9 = {"name": "a", "value": 1, "note": "git"}, {"name": "a", "value": 9, "note": "live"}
B1, B9 = {"name": "b", "value": 2, "note": "git"}, {"name": "b", "value": 8, "note": "live"}


@pytest.mark.parametrize(
    ("wanted", "live", "chosen", "expected"),
    [
        pytest.param(
            [A1, B1],
            [A9, B9],
            rules("/spec/0/value"),
            [{**A1, "value": 9}, B1],
            id="a field by its place",
        ),
        pytest.param(
            [A1, B1],
            [A9, B9],
            jq(without("value")),
            [{**A1, "value": 9}, {**B1, "value": 8}],
            id="a field of every element",
        ),
        pytest.param(
            [A1, B1],
            [B9, A9],
            jq(without("value", name="a")),
            [{**A1, "value": 9}, B1],
            id="in the element of that name, wherever it stands",
        ),
        pytest.param(
            [B1, A1],
            [A9],
            jq(without("value")),
            [B1, {**A1, "value": 9}],
            id="a new element is Git's as a whole",
        ),
        pytest.param(
            [A1],
            [A9, B9],
            jq(without("value")),
            [{**A1, "value": 9}],
            id="an element that left Git goes",
        ),
        pytest.param(
            [A1],
            [{"name": "a", "note": "live"}],
            jq(without("value")),
            [{"name": "a", "note": "git"}],
            id="a field that somebody took away stays away",
        ),
        pytest.param(
            [B1], [A9, B9], jq(lacking(A9)), [A9, B1], id="a whole element that somebody added"
        ),
        pytest.param(
            ["--a=1", "--b=2"],
            ["--a=live", "--b=1"],
            rules("/spec/0"),
            ["--a=live", "--b=2"],
            id="a word by its place",
        ),
        pytest.param(
            ["--b=2", "--c=3"],
            ["--a=live", "--b=1"],
            jq(lacking("--a=live")),
            ["--a=live", "--b=2", "--c=3"],
            id="a word that somebody added",
        ),
        pytest.param(
            [[{"v": 1, "n": 1}]],
            [[{"v": 9, "n": 9}]],
            rules("/spec/0/0/v"),
            [[{"v": 9, "n": 1}]],
            id="a list in a list",
        ),
    ],
)
@pytest.mark.parametrize("owned", [everything, nothing], ids=["ours", "somebody else's"])
def test_in_a_list_that_is_one_value_live_keeps_what_is_ignored_and_git_gives_the_rest(
    wanted: Any, live: Any, chosen: tuple[IgnoreRule, ...], expected: Any, owned: Any
) -> None:
    written = respect_ignored(custom(wanted), custom(live), chosen, None, owned)

    assert written["spec"] == expected


def test_in_a_list_of_a_known_kind_that_is_one_value_the_rest_is_gits() -> None:
    container = {"name": "web", "args": ["a", "b"]}
    live = {"name": "web", "args": ["x", "c"]}
    pointer = "/spec/template/spec/containers/0/args/1"

    written = respect_ignored(
        deployment(1, container), deployment(1, live), rules(pointer), SCHEMA, nothing
    )

    assert written == deployment(1, {"name": "web", "args": ["a", "c"]})


def test_a_new_container_is_written_as_it_stands_in_git() -> None:
    new = {"name": "new", "image": "new:1"}
    pointers = (IMAGE, "/spec/template/spec/containers/1/image")

    written = respect_ignored(
        deployment(1, WEB, new), deployment(1, WEB_2), rules(*pointers), SCHEMA, everything
    )

    assert written == deployment(1, WEB_2, new)


def test_an_image_is_kept_when_the_containers_stand_in_another_order_in_the_cluster() -> None:
    live = deployment(1, {"name": "sidecar", "image": "s:1"}, WEB_2)

    written = respect_ignored(deployment(1, WEB), live, rules(IMAGE), SCHEMA, everything)

    assert written == deployment(1, WEB_2)


def test_a_map_that_is_one_value_keeps_what_is_ignored_whoever_owns_it() -> None:
    pointer = "/spec/template/spec/nodeSelector/zone"
    target, live = deployment(1), deployment(1)
    target["spec"]["template"]["spec"]["nodeSelector"] = {"zone": "git", "disk": "git"}
    live["spec"]["template"]["spec"]["nodeSelector"] = {"zone": "live", "disk": "live"}

    written = respect_ignored(target, live, rules(pointer), SCHEMA, nothing)

    selector = written["spec"]["template"]["spec"]["nodeSelector"]
    assert selector == {"zone": "live", "disk": "git"}


def test_a_custom_map_that_its_owners_wrote_as_one_value_keeps_what_is_ignored() -> None:
    fields: dict[str, Any] = {"f:spec": {"f:opts": {}}}
    entry = {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": fields}
    live = custom({"opts": {"a": 9, "b": 9}}, managedFields=[entry])

    written = respect_ignored(
        custom({"opts": {"a": 1, "b": 1}}), live, rules("/spec/opts/a"), None, nothing
    )

    assert written["spec"] == {"opts": {"a": 9, "b": 1}}


OWNED = {
    "managedFields": [
        {
            "manager": "argocd-controller",
            "operation": "Apply",
            "apiVersion": "apps/v1",
            "fieldsV1": {"f:spec": {"f:replicas": {}}},
        },
        {
            "manager": "scaler",
            "operation": "Update",
            "apiVersion": "apps/v1",
            "fieldsV1": {"f:spec": {"f:paused": {}}},
        },
    ]
}


def test_managed_fields_tell_what_is_ours() -> None:
    is_ours = ours(deployment(1, metadata=OWNED), "argocd-controller")

    assert is_ours(("f:spec", "f:replicas"))
    assert not is_ours(("f:spec", "f:paused"))
    assert not ours(deployment(1), "argocd-controller")(("f:spec", "f:replicas"))


def test_the_fields_of_a_manager_may_be_ignored() -> None:
    live = deployment(5, metadata=OWNED)
    live["spec"]["paused"] = True
    target = deployment(5)
    target["spec"]["paused"] = False

    written = respect_ignored(
        target, live, rules(managers=("scaler",)), SCHEMA, ours(live, "argocd-controller")
    )

    assert written == deployment(5)


_VALUES = st.recursive(
    st.integers() | st.text(max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from("abc"), _VALUES),
    st.dictionaries(st.sampled_from("abc"), _VALUES),
    st.lists(st.sampled_from(["/a", "/b/a", "/c/b/a"])),
)
def test_afterwards_nothing_ignored_differs_and_nothing_else_has_changed(
    target: Manifest, live: Manifest, pointers: list[str]
) -> None:
    chosen = rules(*pointers)
    written = respect_ignored(target, live, chosen, None, everything)

    strip = Ignored(chosen, ()).strip
    if all(isinstance(value, dict) for value in (*target.values(), *live.values())):
        assert strip(written) == strip(target)
    assert respect_ignored(written, live, chosen, None, everything) == written


def test_where_nobody_can_tell_what_is_ignored_nothing_is_written_over_it() -> None:
    def takes_too_long(manifest: Manifest) -> Manifest:
        raise UndecidedError("time limit of 1 s exceeded")

    entry = ResourceIgnoreDifferences(group="*", kind="*", jq_path_expressions=("repeat(.)",))
    endless, _ = compile_rules([entry], lambda _: takes_too_long)

    with pytest.raises(UndecidedError, match="cannot be respected: time limit"):
        respect_ignored(deployment(1), deployment(5), endless, SCHEMA, everything)


def test_an_expression_that_fails_on_an_object_ignores_nothing_of_it() -> None:
    def fails(manifest: Manifest) -> Manifest:
        raise TiphysError("Cannot iterate over null")

    entry = ResourceIgnoreDifferences(group="*", kind="*", jq_path_expressions=(".a[]",))
    failing, _ = compile_rules([entry], lambda _: fails)

    assert respect_ignored(deployment(1), deployment(5), failing, SCHEMA, everything) == deployment(
        1
    )
