from typing import Any

import pytest

from tiphys.engine.ignoring import (
    Ignored,
    compile_rules,
    ignores_status,
    remove_fields,
    remove_pointer,
    select_rules,
)
from tiphys.model.application import ResourceIgnoreDifferences
from tiphys.model.errors import InvalidInputError
from tiphys.model.keys import GroupKind, Manifest, ResourceKey

KEY = ResourceKey("apps", "Deployment", "shop", "web")


def _no_jq(_expression: str) -> Any:
    return lambda manifest: manifest


@pytest.mark.parametrize(
    ("fields", "is_selected"),
    [
        pytest.param({"group": "apps", "kind": "Deployment"}, True, id="by group and kind"),
        pytest.param({"group": "*", "kind": "*"}, True, id="by globs"),
        pytest.param({"kind": "Deployment"}, False, id="an empty group is the core group"),
        pytest.param({"group": "apps", "kind": "D*", "name": "web"}, True, id="by name"),
        pytest.param({"group": "apps", "kind": "*", "name": "w*"}, False, id="names are exact"),
        pytest.param({"group": "apps", "kind": "*", "namespace": "x"}, False, id="by namespace"),
    ],
)
def test_rules_select_resources(fields: dict[str, Any], is_selected: bool) -> None:
    rules, _ = compile_rules([ResourceIgnoreDifferences(**fields)], _no_jq)

    assert bool(select_rules(rules, KEY)) is is_selected


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        pytest.param(("a",), {"l": [1, {"x": 1}], "a/b": 3}, id="a field"),
        pytest.param(("l", "0"), {"a": 1, "l": [{"x": 1}], "a/b": 3}, id="an element"),
        pytest.param(("l", "1", "x"), {"a": 1, "l": [1, {}], "a/b": 3}, id="below an element"),
        pytest.param(("l", "²"), None, id="no number"),
        pytest.param(("l", "9" * 5000), None, id="a number without end"),
        pytest.param(("l", "7"), None, id="no such element"),
        pytest.param(("a", "x"), None, id="below a scalar"),
        pytest.param((), None, id="everything is not to be ignored"),
    ],
)
def test_remove_pointer(pointer: tuple[str, ...], expected: Any) -> None:
    value = {"a": 1, "l": [1, {"x": 1}], "a/b": 3}

    assert remove_pointer(value, pointer) == (expected or value)
    assert value == {"a": 1, "l": [1, {"x": 1}], "a/b": 3}


def test_pointers_are_unescaped() -> None:
    entry = ResourceIgnoreDifferences(kind="*", json_pointers=("/metadata/annotations/a~1b~0c",))
    rules, _ = compile_rules([entry], _no_jq)

    assert rules[0].pointers == (("metadata", "annotations", "a/b~c"),)


def test_only_the_leaves_that_a_manager_owns_go() -> None:
    fields = {
        "f:labels": {".": {}, "f:a": {}},
        "f:items": {'k:{"name":"x"}': {".": {}, "f:image": {}}},
        "f:set": {'v:"b"': {}},
    }
    value = {
        "labels": {"a": 1, "b": 2},
        "items": [{"name": "x", "image": "i", "args": []}, {"name": "y", "image": "i"}],
        "set": ["a", "b"],
    }

    assert remove_fields(value, fields) == {
        "labels": {"b": 2},
        "items": [{"name": "x", "args": []}, {"name": "y", "image": "i"}],
        "set": ["a"],
    }


def test_an_expression_that_does_not_compile_is_reported_and_the_others_work() -> None:
    def compile_jq(expression: str) -> Any:
        if expression == "bad":
            raise InvalidInputError("no jq", where="rule")
        return lambda manifest: {**manifest, "seen": expression}

    entry = ResourceIgnoreDifferences(group="apps", kind="*", jq_path_expressions=("bad", "good"))
    rules, problems = compile_rules([entry], compile_jq)

    assert problems == ("rule: no jq",)
    assert Ignored(rules, ()).strip({}) == {"seen": "good"}


def test_an_expression_that_fails_changes_nothing_and_is_reported_once() -> None:
    def fails(_manifest: Manifest) -> Manifest:
        raise InvalidInputError("took too long")

    entry = ResourceIgnoreDifferences(kind="*", jq_path_expressions=("x",))
    rules, _ = compile_rules([entry], lambda _expression: fails)
    ignored = Ignored(rules, ())

    assert (ignored.strip({"a": 1}), ignored.strip({"a": 2})) == ({"a": 1}, {"a": 2})
    assert ignored.problems == ["took too long"]


def test_rules_are_equal_when_their_entries_are() -> None:
    entry = ResourceIgnoreDifferences(kind="*", jq_path_expressions=("x",))

    assert compile_rules([entry], _no_jq)[0] == compile_rules([entry], lambda _e: _no_jq(""))[0]


@pytest.mark.parametrize(
    ("setting", "kind", "expected"),
    [
        ("all", "Pod", True),
        ("crd", "Pod", False),
        ("crd", "CustomResourceDefinition", True),
        ("none", "CustomResourceDefinition", False),
    ],
)
def test_ignores_status(setting: str, kind: str, expected: bool) -> None:
    group = "apiextensions.k8s.io" if kind != "Pod" else ""

    assert ignores_status(setting, GroupKind(group, kind)) is expected
