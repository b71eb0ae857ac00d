import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.engine.globs import as_expression, matches


@pytest.mark.parametrize(
    ("pattern", "text", "separator", "expected"),
    [
        pytest.param("*-*", "a-b", "", True, id="two stars"),
        pytest.param("*-*", "ab", "", False, id="what stands between them is missing"),
        pytest.param("a*b*c", "abc", "", True, id="stars may stand for nothing"),
        pytest.param("*/*", "a/b/c", "/", False, id="a star stays inside a part"),
        pytest.param("**/*", "a/b/c", "/", True, id="a double star does not"),
        pytest.param("**a*/b", "xa/ya/b", "/", True, id="the first way may be the wrong one"),
        pytest.param("{a*,b}-{c,d*}", "ax-dy", "", True, id="alternatives with stars"),
        pytest.param("{a,{b,c}*}*", "c1", "", True, id="alternatives in alternatives"),
        pytest.param("{a*,b*", "ab", "", False, id="a brace that is not closed"),
        pytest.param("a*,b*", "a1,b2", "", True, id="a comma outside of braces"),
        pytest.param("*[!a-c]*", "abc", "", False, id="letters that are ruled out"),
        pytest.param("*[!a-c]*", "abcd", "", True, id="and one that is not"),
        pytest.param("*\\**", "a*b", "", True, id="a star that is meant"),
        pytest.param("*\\**", "ab", "", False, id="and is not there"),
        pytest.param("*\n*", "a\nb", "", True, id="a line break is a letter"),
        pytest.param("é*-*ü", "éa-bü", "", True, id="letters of other languages"),
        pytest.param("a b*#*", "a b1#2", "", True, id="letters that expressions escape"),
    ],
)
def test_patterns_with_several_stars(
    pattern: str, text: str, separator: str, *, expected: bool
) -> None:
    assert matches(pattern, text, separator=separator) is expected


@given(
    st.lists(
        st.sampled_from(["*", "**", "?", "a", "b", "/", "[ab]", "[!a]", "{a,b*}", "{,a/}", "\\*"]),
        max_size=7,
    ).map("".join),
    st.text("ab/*", max_size=8),
    st.sampled_from(["", "/"]),
)
def test_globs_match_what_trying_one_way_after_the_other_matches(
    pattern: str, text: str, separator: str
) -> None:
    tried = re.compile(as_expression(pattern, separator), re.DOTALL).fullmatch(text)

    assert matches(pattern, text, separator=separator) is (pattern == "*" or tried is not None)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        pytest.param("*a" * 20 + "*b", "a" * 250, id="many stars"),
        pytest.param("**a" * 12 + "b", "a" * 2000, id="a long text"),
        pytest.param("{a*,aa*,aaa*}" * 4 + "b", "a" * 250, id="alternatives that overlap"),
    ],
)
def test_a_pattern_made_to_take_for_ever_takes_a_moment(pattern: str, text: str) -> None:
    began = time.process_time()

    assert not matches(pattern, text)

    assert time.process_time() - began < 0.5
