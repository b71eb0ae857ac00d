"""Built-in functions that ask something about each element of a list.

Source: expr-lang.org, "Language Definition", Array Functions.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from tiphys.languages.expr.collections import in_order, summed
from tiphys.languages.expr.errors import ExprError
from tiphys.languages.expr.values import type_of

Ask = Callable[..., Any]
"""Called with an element and its index, and for `reduce` with what came of the ones before."""


def _is(answer: Any) -> bool:
    if not isinstance(answer, bool):
        raise ExprError(f"a predicate gives bool, got {type_of(answer)}")
    return answer


def _hits(ask: Ask, items: list[Any], order: Iterable[int]) -> Iterable[int]:
    return (index for index in order if _is(ask(items[index], index)))


def _forth(items: list[Any]) -> range:
    return range(len(items))


def _back(items: list[Any]) -> range:
    return range(len(items) - 1, -1, -1)


def _find(ask: Ask, items: list[Any], order: range) -> Any:
    index = next(iter(_hits(ask, items, order)), None)
    return None if index is None else items[index]


def _group(ask: Ask, items: list[Any]) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = {}
    for index, item in enumerate(items):
        key = ask(item, index)
        if isinstance(key, (list, dict)):
            raise ExprError(f"cannot group by {type_of(key)}")
        groups.setdefault(key, []).append(item)
    return groups


def _reduce(ask: Ask, items: list[Any], *start: Any) -> Any:
    if not items and not start:
        raise ExprError("`reduce` of an empty list needs a start")
    total = start[0] if start else items[0]
    for index in range(0 if start else 1, len(items)):
        total = ask(items[index], index, total)
    return total


def _sort(ask: Ask, items: list[Any], order: str = "asc") -> list[Any]:
    keys = [ask(item, index) for index, item in enumerate(items)]
    return [items[index] for index in in_order(keys, order)]


ASKING: Final[dict[str, Callable[..., Any]]] = {
    "all": lambda ask, items: all(_is(ask(item, at)) for at, item in enumerate(items)),
    "any": lambda ask, items: any(True for _ in _hits(ask, items, _forth(items))),
    "none": lambda ask, items: not any(True for _ in _hits(ask, items, _forth(items))),
    "one": lambda ask, items: sum(1 for _ in _hits(ask, items, _forth(items))) == 1,
    "count": lambda ask, items: sum(1 for _ in _hits(ask, items, _forth(items))),
    "filter": lambda ask, items: [items[at] for at in _hits(ask, items, _forth(items))],
    "map": lambda ask, items: [ask(item, at) for at, item in enumerate(items)],
    "find": lambda ask, items: _find(ask, items, _forth(items)),
    "findIndex": lambda ask, items: next(iter(_hits(ask, items, _forth(items))), None),
    "findLast": lambda ask, items: _find(ask, items, _back(items)),
    "findLastIndex": lambda ask, items: next(iter(_hits(ask, items, _back(items))), None),
    "sum": lambda ask, items: summed([ask(item, at) for at, item in enumerate(items)]),
    "groupBy": _group,
    "sortBy": _sort,
    "reduce": _reduce,
}
