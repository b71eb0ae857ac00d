import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.engine.diff import Drift
from tiphys.engine.masking import Masker, is_secret
from tiphys.model.keys import GroupKind, Manifest
from tiphys.model.labels import LAST_APPLIED

SECRET = GroupKind("", "Secret")


def secret(data: dict[str, str] | None = None, **metadata: object) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "resourceVersion": "7", **metadata},
        "data": data or {},
    }


def test_equal_values_get_equal_runs_and_others_do_not() -> None:
    masker = Masker()

    target = masker.mask(secret({"a": "b2xk", "b": "c2FtZQ=="}))
    live = masker.mask(secret({"a": "bmV3", "b": "c2FtZQ=="}))

    assert target["data"]["b"] == live["data"]["b"]
    assert target["data"]["a"] != live["data"]["a"]
    assert all(set(value) == {"+"} for value in (*target["data"].values(), *live["data"].values()))


def test_plain_text_is_masked_as_the_data_it_becomes() -> None:
    masker = Masker()
    plain = {**secret(), "stringData": {"a": "x"}}

    assert masker.mask(plain)["data"] == masker.mask(secret({"a": "eA=="}))["data"]
    assert "stringData" not in masker.mask(plain)


def test_metadata_stays_readable() -> None:
    assert Masker().mask(secret())["metadata"] == {"name": "s", "resourceVersion": "7"}


@pytest.mark.parametrize(
    "applied",
    [
        pytest.param(json.dumps(secret({"a": "hunter2"})), id="as kubectl writes it"),
        pytest.param(json.dumps({"stringData": {"a": "hunter2"}}), id="without its kind"),
        pytest.param('"hunter2"', id="no object"),
        pytest.param("{hunter2", id="no JSON"),
    ],
)
def test_last_applied_configuration_is_masked(applied: str) -> None:
    masked = Masker().mask(secret(annotations={LAST_APPLIED: applied, "x": "y"}))

    assert "hunter2" not in json.dumps(masked)
    assert masked["metadata"]["annotations"]["x"] == "y"


def test_named_annotations_are_masked_on_any_kind() -> None:
    live = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "c",
            "annotations": {
                "token": "hunter2",
                LAST_APPLIED: json.dumps({"metadata": {"annotations": {"token": "hunter2"}}}),
            },
        },
        "data": {"open": "to all"},
    }

    masked = Masker(["token"]).mask(live)

    assert "hunter2" not in json.dumps(masked)
    assert masked["data"] == {"open": "to all"}


def test_drifts_are_masked_like_faces() -> None:
    masker = Masker(["a.b/token"])
    drifts = [
        Drift(path=".data.password", target="bmV3", live="b2xk"),
        Drift(path=".data", target={"a": "eA=="}, live=None),
        Drift(path='.metadata.annotations["a.b/token"]', target="hunter2", live="x"),
        Drift(path=".type", target="Opaque", live="tls"),
    ]

    masked = masker.mask_drifts(SECRET, drifts)

    assert [set(str(drift.target)) for drift in (masked[0], masked[2])] == [{"+"}, {"+"}]
    assert masked[0].target != masked[0].live
    assert masked[1].live is None
    assert "eA==" not in str(masked[1])
    assert masked[3] == drifts[3]
    assert masker.mask_drifts(GroupKind("", "ConfigMap"), drifts[:1]) == (drifts[0],)


def test_is_secret_looks_at_the_group_too() -> None:
    assert is_secret(secret())
    assert not is_secret({**secret(), "apiVersion": "example.com/v1"})


@given(st.dictionaries(st.text(max_size=3), st.text(min_size=4), min_size=1, max_size=4))
def test_no_value_survives(data: dict[str, str]) -> None:
    values = set(Masker().mask(secret(data))["data"].values())

    assert all(set(value) == {"+"} for value in values)


@pytest.mark.parametrize(
    "fields",
    [
        {"stringData": {"password": ["swordfish"]}},
        {"stringData": {"password": {"inner": "swordfish"}}},
        {"stringData": "swordfish"},
        {"stringData": ["swordfish"]},
        {"data": ["swordfish"]},
        {"data": {"password": ["swordfish", 5]}},
    ],
)
def test_what_a_secret_must_not_hold_is_not_shown_either(fields: dict[str, Any]) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "one"}, **fields}

    assert "swordfish" not in str(Masker().mask(secret))
