"""What an apply would change besides values: who owns what."""

from typing import Any

import msgspec
import pytest

from tiphys.engine.diff.compare import compare
from tiphys.engine.diff.settings import CompareMode, CompareSettings, Verdict
from tiphys.engine.diff.settled import owns_all
from tiphys.model.keys import Manifest

OURS = {
    "f:metadata": {"f:labels": {"f:app": {}}},
    "f:data": {"f:key": {}},
}
TARGET: Manifest = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "one", "namespace": "shop", "labels": {"app": "web"}},
    "data": {"key": "value"},
}


def _entry(fields: Manifest, manager: str = "argocd-controller", **more: str) -> Manifest:
    return {
        "manager": manager,
        "operation": "Apply",
        "apiVersion": "v1",
        "time": "2026-01-01T00:00:00Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
        **more,
    }


def _live(*entries: Manifest) -> Manifest:
    metadata = {**TARGET["metadata"], "uid": "u", "managedFields": list(entries)}
    return {**TARGET, "metadata": metadata}


@pytest.mark.parametrize(
    ("entries", "settings", "expected"),
    [
        pytest.param([_entry(OURS)], {}, True, id="all of it is ours"),
        pytest.param([], {}, False, id="nobody owns it"),
        pytest.param([_entry(OURS, "helm")], {}, False, id="somebody else applied it"),
        pytest.param([_entry({"f:data": {"f:key": {}}})], {}, False, id="a label is not ours yet"),
        pytest.param(
            [
                _entry(OURS),
                _entry({"f:data": {"f:key": {}}}, "kubectl-client-side-apply", operation="Update"),
            ],
            {},
            False,
            id="client-side apply owns some that a sync takes over",
        ),
        pytest.param(
            [_entry(OURS), _entry({"f:data": {"f:key": {}}}, "an-operator", operation="Update")],
            {},
            True,
            id="another owner besides does not matter",
        ),
        pytest.param([_entry(OURS)], {"mode": CompareMode.CLIENT_SIDE}, False, id="client-side"),
    ],
)
def test_a_synced_object_is_settled_when_all_of_it_is_ours(
    entries: list[Manifest], settings: dict[str, Any], expected: bool
) -> None:
    how = msgspec.structs.replace(CompareSettings(), **settings)

    found = compare(TARGET, _live(*entries), how, None)

    assert found.verdict in {Verdict.SYNCED, Verdict.ASK}
    assert found.is_settled is expected


@pytest.mark.parametrize(
    ("fields", "value", "expected"),
    [
        pytest.param({}, {"any": ["thing"]}, True, id="a leaf owns all below it"),
        pytest.param({"f:a": {}}, {"a": 1, "b": None}, True, id="null asks for nothing"),
        pytest.param({"f:a": {}}, {"a": 1, "b": 2}, False, id="a field is missing"),
        pytest.param({"f:a": {"f:b": {}}}, {"a": 1}, False, id="a scalar where fields are"),
        pytest.param(
            {'k:{"name":"web"}': {".": {}, "f:name": {}, "f:image": {}}},
            [{"name": "web", "image": "web:1"}],
            True,
            id="an item by its key",
        ),
        pytest.param(
            {'k:{"name":"web"}': {".": {}, "f:name": {}}},
            [{"name": "web", "image": "web:1"}],
            False,
            id="a field of an item is missing",
        ),
        pytest.param(
            {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}},
            [{"containerPort": 80}],
            True,
            id="a key with a default",
        ),
        pytest.param(
            {'k:{"name":"web"}': {".": {}, "f:name": {}}},
            [{"name": "web"}, {"name": "job"}],
            False,
            id="an item is missing",
        ),
        pytest.param({'v:"a"': {}, 'v:"b"': {}}, ["a", "b"], True, id="members of a set"),
        pytest.param({'v:"a"': {}}, ["a", "b"], False, id="a member is missing"),
        pytest.param({"i:0": {}}, ["a"], False, id="what is not understood is not ours"),
    ],
)
def test_whether_a_map_of_fields_owns_all_of_a_value(
    fields: Manifest, value: Any, expected: bool
) -> None:
    assert owns_all(fields, value) is expected
