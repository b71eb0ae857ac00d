"""Evaluates expressions about an Application, with facts that are fetched when one is asked for."""

from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any, Final, TypeVar

from gotime import Time

from tiphys.languages.expr.evaluator import evaluate
from tiphys.languages.expr.limits import STEPS, Budget
from tiphys.languages.expr.nodes import Node
from tiphys.languages.expr.parser import parse
from tiphys.languages.variables import FactNeededError, fact_key, offered
from tiphys.model.errors import InvalidInputError

_T = TypeVar("_T")
_MAX_FACTS: Final = 8
_GUARDED_STEPS: Final = 20_000
"""Of a team's expression: it must not cost the loop more than others notice."""

FetchFact = Callable[[str, str], Awaitable[Mapping[str, Any]]]
"""Fetches what a function of `repo` tells, by its name and argument."""

parsed: Callable[[str], Node] = lru_cache(maxsize=2048)(parse)


def depends_on_clock(expression: str) -> bool:
    """Return whether an expression may change its value with nothing but time."""
    return "time.Now" in expression


def evaluator(
    variables: Mapping[str, Any], facts: Mapping[str, Any], *, is_guarded: bool
) -> Callable[[str], Any]:
    """Return what gives the value of an expression.

    It raises ExprError, and FactNeededError for a fact that is missing.

    Args:
        variables: `app` and more.
        facts: what has been fetched.
        is_guarded: for a team's own configuration, with a smaller budget.
    """
    known = {**offered(facts, Time.now), **variables}
    steps = _GUARDED_STEPS if is_guarded else STEPS
    return lambda text: evaluate(parsed(text), known, Budget(steps=steps))


async def with_facts(decide: Callable[[Mapping[str, Any]], _T], fetch: FetchFact) -> _T:
    """Return what a decision comes to, once all facts that it asks for have been fetched.

    Args:
        decide: called with the facts so far; raises FactNeededError for a missing one.
        fetch: see `FetchFact`.

    Raises:
        InvalidInputError: it asks for too many.
    """
    facts: dict[str, Any] = {}
    while True:
        try:
            return decide(facts)
        except FactNeededError as need:
            if len(facts) >= _MAX_FACTS:
                raise InvalidInputError(f"asks for more than {_MAX_FACTS} commits") from need
            facts[fact_key(need.name, need.argument)] = await fetch(need.name, need.argument)
