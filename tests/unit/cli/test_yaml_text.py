from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tiphys.cli.yaml_text import yaml_text


@pytest.mark.parametrize(
    "text",
    [
        "y", "Y", "n", "N", "yes", "No", "on", "OFF", "true", "False", "null", "Null", "~", "",
        "1", "-1", "+1", "0", "007", "0o17", "0O17", "0x1F", "0b11", "1_000", "1e3", "1E3",
        "12345e6", "1234567e8", "1.", ".5", "1.5", "1.5e-3", "-.5", ".inf", "-.Inf", ".NaN",
        "12:30", "12:30:45", "190:20:30.15", "2026-11-29", "2026-11-29T21:00:00Z", "=", "<<",
    ],
)  # fmt: skip
def test_a_text_that_reads_like_something_else_is_quoted(text: str) -> None:
    assert yaml_text({"a": text}) == f'a: "{text}"\n'
    assert yaml_text({text: "a"}) == f'"{text}": a\n'


@pytest.mark.parametrize(
    "text",
    ["web", "1.2.3", "10.0.0.1", "nginx:1.2", "/path", "a b", "ü", "e3", "1e", "0xg", "v1", "none"],
)
def test_a_text_that_reads_like_nothing_else_is_plain(text: str) -> None:
    assert yaml_text({"a": text}) == f"a: {text}\n"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({"a": "one\ntwo\n"}, "a: |\n  one\n  two\n", id="lines are a block"),
        pytest.param({"a": "one\ntwo"}, "a: |-\n  one\n  two\n", id="without an end of line"),
        pytest.param({"a": "ü\nß\n"}, "a: |\n  ü\n  ß\n", id="letters stay letters"),
        pytest.param({"a": "x" * 200 + " y"}, "a: " + "x" * 200 + " y\n", id="nothing is folded"),
        pytest.param({"a": [{"b": 1}, True, None]}, "a:\n- b: 1\n- true\n- null\n", id="lists"),
        pytest.param({"b": 1, "a": {}}, "b: 1\na: {}\n", id="fields keep their order"),
        pytest.param({"a": ": x"}, "a: ': x'\n", id="signs are quoted"),
    ],
)
def test_yaml_reads_as_kubectls(value: Any, expected: str) -> None:
    assert yaml_text(value) == expected


def test_what_is_there_twice_is_written_twice() -> None:
    labels = {"app": "web"}

    assert yaml_text([labels, labels]) == "- app: web\n- app: web\n"


_TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co")), max_size=12)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXTS | st.sampled_from(["a\nb\n"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(_VALUES)
def test_what_is_written_reads_as_what_it_was(value: Any) -> None:
    assert yaml.safe_load(yaml_text(value)) == value
