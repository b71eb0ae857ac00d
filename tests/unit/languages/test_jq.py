from typing import Any

import jq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.languages.jq import compile_deletion, delete_path, parse_path
from tiphys.languages.worker import run_jq

MANIFEST: dict[str, Any] = {
    "metadata": {"annotations": {"a.b/c": "1", "keep": "2"}},
    "spec": {
        "replicas": 3,
        "containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}],
    },
}


def oracle(expression: str, value: Any) -> Any:
    return jq.compile(f"del({expression})").input_value(value).first()


@pytest.mark.parametrize(
    "expression",
    [
        ".spec.replicas",
        ".spec",
        '.metadata.annotations["a.b/c"]',
        '.metadata.annotations."a.b/c"',
        '.metadata["annotations"]',
        ".spec.containers[0]",
        ".spec.containers[1].image",
        ".spec.containers[].image",
        ".spec.containers[]",
        ".spec.containers[]?.image?",
        ".spec[]?[]?",
        ".spec.missing.deeper",
        ".spec.containers[9]",
        "  .spec .replicas ",
    ],
)
def test_plain_paths_delete_what_jq_deletes(expression: str) -> None:
    steps = parse_path(expression)

    assert steps is not None
    before = repr(MANIFEST)
    assert delete_path(MANIFEST, steps) == oracle(expression, MANIFEST)
    assert repr(MANIFEST) == before


@pytest.mark.parametrize(
    "expression",
    [
        '.spec.containers[] | select(.name == "a")',
        "..",
        ".",
        "",
        ".a,.b",
        ".spec.containers[-1]",
        ".spec.containers[1:]",
        '.["a\\"b"]',
        "spec.replicas",
        "[0]",
    ],
)
def test_anything_else_is_left_to_jq(expression: str) -> None:
    assert parse_path(expression) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(
    json_values,
    st.lists(st.sampled_from([".a", ".b", '["c"]', "[0]", "[1]", "[]?"]), min_size=1, max_size=4),
)
def test_paths_agree_with_jq_wherever_jq_does_not_fail(value: Any, steps: list[str]) -> None:
    expression = "." + "".join(steps).lstrip(".") if steps[0][0] == "." else "." + "".join(steps)
    parsed = parse_path(expression)
    assert parsed is not None
    try:
        expected = oracle(expression, value)
    except ValueError:
        return  # where jq stops, nothing is deleted by the rule as a whole

    assert delete_path(value, parsed) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param(
            '.spec.containers[] | select(.name == "a") | .image',
            {"output": {"spec": {"containers": [{"name": "a"}]}}},
            id="a selection",
        ),
        pytest.param(".", {"error": "yields NoneType instead of an object"}, id="everything"),
        pytest.param("1", {"error": "Invalid path expression with result 1"}, id="no path"),
    ],
)
def test_the_worker_answers(expression: str, expected: dict[str, Any]) -> None:
    manifest = {"spec": {"containers": [{"name": "a", "image": "x"}]}}

    assert run_jq({"text": expression, "input": manifest}) == expected


def test_the_worker_names_bad_syntax() -> None:
    found = run_jq({"text": "a b"})

    assert "syntax error" in found["error"]


def test_plain_paths_need_no_worker() -> None:
    deletion = compile_deletion(".spec.replicas")

    assert not deletion.needs_worker
    assert "replicas" not in deletion(MANIFEST)["spec"]
