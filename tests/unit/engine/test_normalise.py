import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.engine.normalise import normalise, prepare_target
from tiphys.model.keys import Manifest


def secret(**fields: Any) -> Manifest:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, **fields}


def role(kind: str = "ClusterRole", **fields: Any) -> Manifest:
    version = "rbac.authorization.k8s.io/v1"
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "r"}, **fields}


RULE = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        pytest.param(
            secret(stringData={"a": "ä"}, data={"a": "b2xk", "b": "eA=="}),
            secret(data={"a": "w6Q=", "b": "eA=="}),
            id="plain text wins over data",
        ),
        pytest.param(
            secret(data={"a": "YWJj\nZGVm\n"}), secret(data={"a": "YWJjZGVm"}), id="folded base64"
        ),
        pytest.param(secret(data=None), secret(), id="no data at all"),
        pytest.param(secret(data={}, stringData={}), secret(), id="empty data"),
        pytest.param(role(rules=[]), role(), id="no rules"),
        pytest.param(role(rules=[RULE]), role(rules=[RULE]), id="rules stay"),
        pytest.param(
            role(rules=[RULE], aggregationRule={"x": []}),
            role(aggregationRule={"x": []}),
            id="rules that an aggregation computes",
        ),
        pytest.param(
            {
                "kind": "A",
                "metadata": {
                    "name": "a",
                    "uid": "u",
                    "resourceVersion": "1",
                    "generation": 1,
                    "creationTimestamp": None,
                    "managedFields": [],
                    "labels": {},
                    "annotations": None,
                    "finalizers": [],
                },
            },
            {"kind": "A", "metadata": {"name": "a", "finalizers": []}},
            id="metadata that only the server sets, and empty labels",
        ),
    ],
)
def test_normalise(given_: Manifest, expected: Manifest) -> None:
    before = copy.deepcopy(given_)

    assert normalise(given_) == expected
    assert given_ == before


def test_an_object_of_another_group_is_no_secret() -> None:
    manifest = {"apiVersion": "example.com/v1", "kind": "Secret", "stringData": {"a": "b"}}

    assert normalise(manifest) == manifest


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"valuesObject": {"limits": {"cpu": None}}}, id="in a map"),
        pytest.param({"values": [{"cpu": None}, None]}, id="in a list"),
    ],
)
def test_nulls_of_a_custom_resource_are_data(spec: Manifest) -> None:
    target = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "a", "labels": {"x": None}, "annotations": None},
        "spec": spec,
        "status": None,
    }

    assert prepare_target(target) == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "a"},
        "spec": spec,
    }


def test_a_target_is_sent_without_nulls() -> None:
    spec = {"x": None, "y": [{"z": None}, None]}
    kind = {"apiVersion": "apps/v1", "kind": "Deployment"}
    target = {**kind, "metadata": {"name": "a"}, "spec": spec}

    assert prepare_target(target) == {
        **kind,
        "metadata": {"name": "a"},
        "spec": {"y": [{}, None]},
    }


values = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=8,
)
texts = st.dictionaries(st.sampled_from("ab"), st.none() | st.text(max_size=4), max_size=2)


@given(
    st.one_of(
        st.builds(lambda d, s: secret(data=d, stringData=s), st.none() | texts, st.none() | texts),
        st.builds(lambda r, a: role(rules=r, aggregationRule=a), st.lists(values), values),
        st.builds(lambda s, m: {"kind": "A", "metadata": m, "spec": s}, values, texts),
    )
)
def test_doing_it_twice_changes_nothing_more(manifest: Manifest) -> None:
    once = prepare_target(manifest)

    assert prepare_target(once) == once
    assert normalise(once) == once


@pytest.mark.parametrize(
    "fields",
    [
        {"stringData": {"password": ["swordfish"]}},
        {"stringData": {"port": 5432}},
        {"stringData": "swordfish"},
        {"data": ["swordfish"]},
    ],
)
def test_what_a_secret_must_not_hold_is_left_for_the_api_server_to_refuse(
    fields: dict[str, Any],
) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "one"}, **fields}

    assert normalise(secret) == secret
