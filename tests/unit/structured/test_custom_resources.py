"""Custom resources are pruned, defaulted and checked as a real API server does it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tiphys.structured.custom.defaults import default
from tiphys.structured.custom.pruning import prune
from tiphys.structured.custom.validation import validate

FOLDER = Path(__file__).resolve().parents[2] / "recorded" / "custom"
ASKED = yaml.safe_load((FOLDER / "cases.yaml").read_text())
ANSWERS = json.loads((FOLDER / "server.json").read_text())
SCHEMA = ASKED["schema"]
Json = dict[str, Any]


def manifest(case: Json, field: str) -> Json:
    given = {"apiVersion": "x/v1", "kind": "Thing", "metadata": {"name": "thing"}}
    given |= {"spec": case[field]} if field in case else {}
    found: Json = default(prune(given, SCHEMA), SCHEMA)
    return found


@pytest.mark.parametrize("case", [pytest.param(c, id=c["name"]) for c in ASKED["cases"]])
def test_the_outcome_is_that_of_a_real_server(case: Json) -> None:
    new = manifest(case, "spec")
    old = manifest(case, "old") if "old" in case else None
    errors = validate(new, SCHEMA, old)
    expected = ANSWERS[case["name"]]

    if "causes" in expected:
        assert sorted([e.path, e.reason, e.message] for e in errors) == expected["causes"]
    else:
        assert errors == []
        assert new.get("spec") == expected["spec"]


def test_pruning_names_what_it_removes() -> None:
    given = {"kind": "T", "spec": {"a": 1, "b": [{"c": 1, "d": 2}]}, "more": 1}
    schema: Json = {
        "properties": {"spec": {"properties": {"b": {"items": {"properties": {"c": {}}}}}}}
    }
    unknown: list[str] = []

    pruned = prune(given, schema, unknown)

    assert pruned == {"kind": "T", "spec": {"b": [{"c": 1}]}}
    assert unknown == ["more", "spec.a", "spec.b[0].d"]
    assert given["more"] == 1


def test_defaults_leave_the_input_alone() -> None:
    given: Json = {"spec": {}}

    filled = default(given, {"properties": {"spec": {"properties": {"a": {"default": [1]}}}}})

    assert filled == {"spec": {"a": [1]}}
    assert given == {"spec": {}}


RULES: list[tuple[str, Any, Json, bool]] = [
    ("self.all(x, x > 0)", [1, 2], {"type": "array", "items": {"type": "integer"}}, True),
    ("self.sum() == 4", [1, 2], {"type": "array", "items": {"type": "integer"}}, False),
    ("self.isSorted()", [2, 1], {"type": "array", "items": {"type": "integer"}}, False),
    ("self.split(',').size() == 2", "a,b", {"type": "string"}, True),
    ("self.find('[0-9]+') == '12'", "a12", {"type": "string"}, True),
    ("self.foo__dot__bar == 1", {"foo.bar": 1}, {"properties": {"foo.bar": {}}}, True),
    ("self.__namespace__ == 'x'", {"namespace": "x"}, {"properties": {"namespace": {}}}, True),
    ("self > duration('1m')", "90s", {"type": "string", "format": "duration"}, True),
    (
        "self > timestamp('2020-01-01T00:00:00Z')", "2021-01-01T00:00:00Z",
        {"type": "string", "format": "date-time"}, True,
    ),
    ("isQuantity(self)", "10Gi", {"type": "string"}, True),
    ("isURL(self)", "no url", {"type": "string"}, False),
    ("self.nothere == 1", {"a": 1}, {"type": "object", "properties": {"a": {}}}, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "value", "schema", "holds"), [pytest.param(*row, id=row[0]) for row in RULES]
)
def test_rules_may_use_the_functions_of_kubernetes(
    rule: str, value: Any, schema: Json, holds: bool
) -> None:
    spec = {**schema, "x-kubernetes-validations": [{"rule": rule}]}

    errors = validate({"v": value}, {"properties": {"v": spec}})

    assert (errors == []) is holds


def test_a_rule_on_a_missing_field_says_so() -> None:
    schema = {"type": "object", "x-kubernetes-validations": [{"rule": "self.b == 1"}]}

    errors = validate({"v": {"a": 1}}, {"properties": {"v": schema}})

    assert [e.message for e in errors] == [
        'Invalid value: "object": no such key: b evaluating rule: self.b == 1'
    ]
