"""Policies as people write them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.engine.rbac.parsing import Lines, PolicyLine, RoleLine, parse_lines, unreadable_patterns
from tiphys.engine.rbac.patterns import MatchMode, Patterns, UnreadableError, pattern
from tiphys.model.errors import InvalidInputError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", Lines(), id="nothing"),
        pytest.param("# p, a\n\n   \n  # g", Lines(), id="comments and empty lines"),
        pytest.param(
            "p, a, b, c, d, allow", Lines((PolicyLine("a", "b", "c", "d", "allow"),)), id="a policy"
        ),
        pytest.param("g,a,b", Lines((), (RoleLine("a", "b"),)), id="a role without spaces"),
        pytest.param("  g,  a,\tb  \r\n", Lines((), (RoleLine("a", "b"),)), id="outer spaces go"),
        pytest.param(
            "g, a , b", Lines((), (RoleLine("a ", "b"),)), id="a space before a comma stays"
        ),
        pytest.param('g, "a, b", c', Lines((), (RoleLine("a, b", "c"),)), id="a quoted comma"),
        pytest.param('g, "a ""b""", c', Lines((), (RoleLine('a "b"', "c"),)), id="a quoted quote"),
        pytest.param("g, , c", Lines((), (RoleLine("", "c"),)), id="an empty field"),
        pytest.param("g, a#b, c", Lines((), (RoleLine("a#b", "c"),)), id="a hash inside"),
    ],
)
def test_a_policy_text_is_read(text: str, expected: Lines) -> None:
    assert parse_lines(text, where="x") == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("p, a, b, c, d", id="five fields"),
        pytest.param("p, a, b, c, d, allow, more", id="seven fields"),
        pytest.param("p, a, b, c, d, allow,", id="a comma at the end"),
        pytest.param("g, a", id="a role without a role"),
        pytest.param("g, a, b, c", id="a role in a domain"),
        pytest.param("p2, a, b, c, d, allow", id="another type"),
        pytest.param("x", id="a word"),
        pytest.param(",,,,,", id="no type"),
        pytest.param('g, a"b, c', id="a quote inside a field"),
        pytest.param('g, "a"b, c', id="text after a quote"),
        pytest.param('g, "a, c', id="a quote that is not closed"),
        pytest.param("g, a, b\np, a, b", id="one good line and one bad"),
    ],
)
def test_one_bad_line_refuses_the_whole_text(text: str) -> None:
    with pytest.raises(InvalidInputError, match="invalid RBAC policy") as caught:
        parse_lines(text, where="argocd-rbac-cm: policy.csv")

    assert caught.value.where.startswith("argocd-rbac-cm: policy.csv, line ")


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")),
        min_size=2,
        max_size=2,
    )
)
def test_what_is_quoted_is_read_as_it_was(fields: list[str]) -> None:
    quoted = ", ".join('"' + field.replace('"', '""') + '"' for field in fields)

    assert parse_lines(f"g, {quoted}", where="x").roles == (RoleLine(*fields),)


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        pytest.param("[a", MatchMode.GLOB, id="an open list"),
        pytest.param("[]", MatchMode.GLOB, id="an empty list"),
        pytest.param("[!]", MatchMode.GLOB, id="an empty negated list"),
        pytest.param("{a", MatchMode.GLOB, id="an open choice"),
        pytest.param("a\\", MatchMode.GLOB, id="a backslash at the end"),
        pytest.param("[z-a]", MatchMode.GLOB, id="a range backwards"),
        pytest.param("(?!a)", MatchMode.REGEX, id="look-ahead"),
        pytest.param(r"(a)\1", MatchMode.REGEX, id="a back reference"),
        pytest.param("a)(b", MatchMode.REGEX, id="parentheses that close nothing"),
        pytest.param("a" * 5000, MatchMode.REGEX, id="far too long"),
    ],
)
def test_a_pattern_that_cannot_be_read_is_reported(text: str, mode: MatchMode) -> None:
    with pytest.raises(UnreadableError):
        pattern(text, mode)
    lines = Lines((PolicyLine("a", "applications", "get", text, "allow"),))
    assert any("cannot be read" in problem for problem in unreadable_patterns(lines, mode))


@given(st.text())
def test_a_glob_without_special_characters_matches_itself_only(text: str) -> None:
    escaped = "".join("\\" + char if char in "*?[]{}\\," else char for char in text)

    assert Patterns([escaped], MatchMode.GLOB).match(text)
    assert not Patterns([escaped], MatchMode.GLOB).match(text + "x")


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        pytest.param("(a+)+$", MatchMode.REGEX, id="nested repetition"),
        pytest.param("^(a|aa)*b$", MatchMode.REGEX, id="two ways to read each letter"),
        pytest.param("*a*a*a*a*a*a*a*a*b", MatchMode.GLOB, id="many stars"),
    ],
)
def test_no_pattern_takes_long(text: str, mode: MatchMode) -> None:
    """Fails when `re2` is replaced by `re` in `patterns`: these take it hours."""
    began = time.perf_counter()

    pattern(text, mode).match("a" * 20_000 + "!")

    assert time.perf_counter() - began < 1
