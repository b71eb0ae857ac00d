from typing import Any

import pytest

from tests.unit.engine.sync.builders import custom, manifest
from tiphys.engine.shape import shape_problem
from tiphys.model.keys import GroupKind, Manifest


def config_map(**fields: Any) -> Manifest:
    return {**manifest("one"), **fields}


def widget(spec: dict[str, Any]) -> Manifest:
    return {**custom("example.com", "Widget", "w"), "spec": spec}


DEFINITION = {
    "spec": {
        "versions": [
            {
                "name": "v1",
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {"size": {"type": "integer"}},
                            }
                        },
                    }
                },
            }
        ]
    }
}
DEFINED = {GroupKind("example.com", "Widget"): DEFINITION}


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        pytest.param(config_map(data={"a": "b"}), "", id="a valid object"),
        pytest.param(
            config_map(data={"a": 1}), ".data.a: expected string, got &value", id="a type"
        ),
        pytest.param(config_map(dota={"a": "b"}), "", id="an unknown field of a built-in kind"),
        pytest.param(config_map(data={"a": None}), "", id="a null"),
        pytest.param(custom("none.example", "Ghost", "g"), "", id="a kind that nobody knows"),
        pytest.param(widget({"size": 1}), "", id="a valid custom resource"),
        pytest.param(widget({"size": "big"}), ".spec.size: expected numeric", id="its type"),
        pytest.param(
            widget({"sise": 1}), ".spec.sise: field not declared in schema", id="its fields"
        ),
        pytest.param(
            {**widget({"sise": 1}), "apiVersion": "example.com/v9"}, "", id="in an unknown version"
        ),
    ],
)
def test_a_manifest_is_checked_as_far_as_its_schema_is_known(found: Manifest, problem: str) -> None:
    said = shape_problem(found, DEFINED)

    assert said.startswith(problem)
    assert bool(said) is bool(problem)
