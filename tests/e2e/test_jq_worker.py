"""The jq worker as a process: it answers, it is killed when it hangs, and comes back."""

import time
from collections.abc import Iterator

import pytest

from tiphys.languages.jq import JqDeleter, JqError

pytestmark = pytest.mark.e2e

SELECTION = '.items[] | select(. == "b")'


@pytest.fixture
def deleter() -> Iterator[JqDeleter]:
    made = JqDeleter(time_limit_s=0.5)
    yield made
    made.close()


def test_an_expression_that_never_ends_costs_its_time_limit_and_no_more(
    deleter: JqDeleter,
) -> None:
    endless = deleter.compile("repeat(.)")
    started_at = time.monotonic()

    with pytest.raises(JqError, match=r"time limit of 0\.5 s exceeded"):
        endless({"a": 1})

    assert time.monotonic() - started_at < 5
    assert deleter.compile(SELECTION)({"items": ["a", "b"]}) == {"items": ["a"]}


def test_an_expression_cannot_read_our_environment(
    deleter: JqDeleter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIPHYS_SECRET", "hunter2")

    with pytest.raises(JqError) as caught:
        deleter.compile("env")({"a": 1})

    assert "hunter2" not in str(caught.value)


def test_bad_syntax_is_reported_when_the_rule_is_compiled(deleter: JqDeleter) -> None:
    with pytest.raises(JqError, match="syntax error"):
        deleter.compile("a b")
