from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.engine.ignoring import Ignored, IgnoreRule, compile_rules
from tiphys.engine.respecting import ours, respect_ignored
from tiphys.model.application import ResourceIgnoreDifferences
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


def test_a_list_that_is_one_value_is_ignored_as_a_whole() -> None:
    container = {"name": "web", "args": ["a", "b"]}
    live = {"name": "web", "args": ["a", "c"]}
    pointer = "/spec/template/spec/containers/0/args/1"

    written = respect_ignored(
        deployment(1, container), deployment(1, live), rules(pointer), SCHEMA, everything
    )

    assert written == deployment(1, live)


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
