"""An expression costs a bounded amount of time and memory, whatever it says."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.languages.expr.errors import ExprError
from tiphys.languages.expr.evaluator import evaluate
from tiphys.languages.expr.limits import Budget
from tiphys.languages.expr.parser import parse

MANY = {"many": list(range(3000)), "long": "a" * 100_000}


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param("1..1000000000", id="a range of a thousand million"),
        pytest.param("map(many, {map(many, {1})})", id="loops within loops"),
        pytest.param("count(1..100000, {any(1..100000, # == 0)})", id="ranges within ranges"),
        pytest.param('repeat("a", 1000000000)', id="a repeated letter"),
        pytest.param('repeat(repeat("aaaaaaaaaa", 100000), 100000)', id="repeated repeats"),
        pytest.param("reduce(many, #acc + #acc, long)", id="a string that doubles"),
        pytest.param("reduce(many, concat(#acc, #acc), [1])", id="a list that doubles"),
        pytest.param('reduce(many, replace(#acc, "a", "aa"), "a")', id="a growing replacement"),
        pytest.param("(" * 5000 + "1" + ")" * 5000, id="five thousand brackets"),
        pytest.param("-" * 5000 + "1", id="five thousand signs"),
        pytest.param("not " * 3000 + "true", id="three thousand negations"),
        pytest.param("1" + "+1" * 8000, id="eight thousand sums"),
        pytest.param("a" + ".a" * 8000, id="eight thousand members"),
        pytest.param("1 ? " * 3000 + "1", id="three thousand conditions"),
        pytest.param("[" * 3000, id="three thousand open lists"),
        pytest.param('"a" + ' * 10000 + '"a"', id="longer than allowed"),
        pytest.param("uniq(many) | map({uniq(many)})", id="quadratic comparisons"),
        pytest.param('"a" matches repeat("(a*)*", 500)', id="a pattern longer than allowed"),
        pytest.param('long matches "((a{1,100}){1,100}){1,100}"', id="a pattern too large"),
    ],
)
def test_an_expression_that_does_too_much_is_refused_in_time(expression: str) -> None:
    started = time.process_time()
    with pytest.raises(ExprError):
        evaluate(parse(expression), MANY)

    assert time.process_time() - started < 2


def test_a_pattern_that_other_engines_choke_on_takes_linear_time() -> None:
    started = time.process_time()

    assert evaluate(parse('long matches "^(a+)+$"'), MANY) is True
    assert evaluate(parse('long matches "^(a+)+b$"'), MANY) is False
    assert time.process_time() - started < 1


def test_a_smaller_budget_ends_an_evaluation_sooner() -> None:
    node = parse("count(many, {# >= 0})")

    assert evaluate(node, MANY) == 3000
    with pytest.raises(ExprError, match="more than 1000 steps"):
        evaluate(node, MANY, Budget(steps=1000))


def test_an_error_says_where_in_the_text_it_is() -> None:
    with pytest.raises(ExprError, match=r"character 5: unexpected end"):
        parse("1 + ")


def test_python_is_out_of_reach() -> None:
    for expression in ("app.__class__", "app.name.__class__", "time.Now.__globals__", "$env.__x__"):
        try:
            value = evaluate(parse(expression), {"app": {"name": "a"}, "time": {"Now": len}})
        except ExprError:
            continue
        assert value is None


@given(st.text(alphabet="ab12.+-*/()[]{}#?:,;|!=<>&\"' inotdr", max_size=60))
def test_any_text_gives_a_value_or_one_kind_of_error(text: str) -> None:
    with contextlib.suppress(ExprError):
        evaluate(parse(text), {"a": {"b": [1, "a"]}}, Budget(steps=5000))
