"""Built-in functions on lists, maps and numbers.

Source: expr-lang.org, "Language Definition", Array, Map and Number Functions.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any, Final

from goduration import Duration
from gotime import Time

from tiphys.languages.expr.errors import ExprError
from tiphys.languages.expr.limits import Budget
from tiphys.languages.expr.operators import equal
from tiphys.languages.expr.values import fetch, is_number, type_of, whole, wrapped

_MAX_NESTING: Final = 32


def a_list(value: Any) -> list[Any]:
    """Return a value that must be a list.

    Raises:
        ExprError: it is none.
    """
    if not isinstance(value, list):
        raise ExprError(f"expected array, got {type_of(value)}")
    return value


def a_map(value: Any) -> dict[str, Any]:
    """Return a value that must be a map.

    Raises:
        ExprError: it is none.
    """
    if not isinstance(value, dict):
        raise ExprError(f"expected map, got {type_of(value)}")
    return value


def a_number(value: Any) -> Any:
    """Return a value that must be a number.

    Raises:
        ExprError: it is none.
    """
    if not is_number(value):
        raise ExprError(f"expected a number, got {type_of(value)}")
    return value


def summed(values: list[Any]) -> Any:
    """Return the sum of a list of numbers, or of durations."""
    total: Any = 0
    for value in values:
        total = total + a_number(value)
    return wrapped(total) if isinstance(total, int) else total


def in_order(keys: list[Any], order: str) -> list[int]:
    """Return the indexes of keys, sorted; equal ones stay as they are.

    Args:
        keys: all numbers, all strings, or all moments or durations.
        order: "asc" or "desc".
    """
    if order not in {"asc", "desc"}:
        raise ExprError("a list is sorted `asc` or `desc`")
    are_numbers = all(is_number(key) for key in keys)
    is_uniform = len({type(key) for key in keys}) <= 1
    if not are_numbers and not (
        is_uniform and all(isinstance(key, (str, Time, Duration)) for key in keys)
    ):
        raise ExprError("only numbers or strings can be sorted")
    plain = [key.total_nanoseconds() if isinstance(key, Duration) else key for key in keys]
    return sorted(range(len(keys)), key=plain.__getitem__, reverse=order == "desc")


def _numbers(values: tuple[Any, ...], depth: int = 0) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list) and depth < _MAX_NESTING:
            yield from _numbers(tuple(value), depth + 1)
        else:
            yield a_number(value)


def _extreme(choose: Callable[[Any], Any]) -> Callable[..., Any]:
    def chosen(budget: Budget, *values: Any) -> Any:
        del budget
        found = list(_numbers(values))
        return choose(found) if found else None

    return chosen


def _mean(budget: Budget, *values: Any) -> Any:
    del budget
    found = list(_numbers(values))
    return float(sum(found)) / len(found) if found else 0.0


def _median(budget: Budget, *values: Any) -> Any:
    del budget
    found = sorted(_numbers(values))
    if not found:
        return 0.0
    middle = len(found) // 2
    if len(found) % 2:
        return float(found[middle])
    return (found[middle - 1] + found[middle]) / 2


def _flat(budget: Budget, items: Any, depth: int = 0) -> list[Any]:
    if depth > _MAX_NESTING:
        raise ExprError("lists within lists too deep")
    result: list[Any] = []
    for item in a_list(items):
        result += _flat(budget, item, depth + 1) if isinstance(item, list) else [item]
        budget.step()
    return result


def _unique(budget: Budget, items: Any) -> list[Any]:
    result: list[Any] = []
    for item in a_list(items):
        budget.step(len(result) // 4)
        if not any(equal(item, known) for known in result):
            result.append(item)
    return result


def _get(budget: Budget, value: Any, key: Any) -> Any:
    del budget
    try:
        return fetch(value, key)
    except ExprError:
        return None


def _take(budget: Budget, items: Any, count: Any) -> list[Any]:
    del budget
    if whole(count) < 0:
        raise ExprError("cannot take fewer than none")
    return a_list(items)[: whole(count)]


def _from_pairs(budget: Budget, pairs: Any) -> dict[Any, Any]:
    del budget
    result: dict[Any, Any] = {}
    for pair in a_list(pairs):
        if len(a_list(pair)) != 2 or isinstance(pair[0], (list, dict)):
            raise ExprError("a pair is a list of a key and a value")
        result[pair[0]] = pair[1]
    return result


def _sort(budget: Budget, items: Any, order: str = "asc") -> list[Any]:
    budget.step(len(a_list(items)))
    return [items[index] for index in in_order(items, order)]


def _concat(budget: Budget, *lists: Any) -> list[Any]:
    budget.build(sum(len(a_list(items)) for items in lists))
    return [item for items in lists for item in items]


def _rounded(value: Any) -> float:
    number = float(a_number(value))
    if not math.isfinite(number):
        return number
    return math.copysign(math.floor(abs(number) + 0.5), number)


def _bits(combine: Callable[[int, int], int]) -> Callable[..., int]:
    def combined(budget: Budget, left: Any, right: Any) -> int:
        del budget
        return wrapped(combine(_an_int(left), _an_int(right)))

    return combined


def _an_int(value: Any) -> int:
    if not is_number(value) or not isinstance(value, int):
        raise ExprError(f"expected int, got {type_of(value)}")
    return value


def _shift(number: int, count: int, *, is_left: bool, is_unsigned: bool = False) -> int:
    if count < 0:
        raise ExprError("cannot shift by less than nothing")
    if is_left:
        return number << count if count < 64 else 0
    return (number % 2**64 if is_unsigned else number) >> min(count, 64)


def _absolute(budget: Budget, value: Any) -> Any:
    del budget
    return wrapped(abs(a_number(value))) if isinstance(value, int) else abs(a_number(value))


COLLECTION_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "abs": _absolute,
    "ceil": lambda budget, value: float(math.ceil(a_number(value))),
    "floor": lambda budget, value: float(math.floor(a_number(value))),
    "round": lambda budget, value: _rounded(value),
    "max": _extreme(max),
    "min": _extreme(min),
    "mean": _mean,
    "median": _median,
    "first": lambda budget, items: items[0] if a_list(items) else None,
    "last": lambda budget, items: items[-1] if a_list(items) else None,
    "get": _get,
    "take": _take,
    "keys": lambda budget, value: list(a_map(value)),
    "values": lambda budget, value: list(a_map(value).values()),
    "toPairs": lambda budget, value: [[key, item] for key, item in a_map(value).items()],
    "fromPairs": _from_pairs,
    "reverse": lambda budget, items: a_list(items)[::-1],
    "uniq": _unique,
    "concat": _concat,
    "flatten": _flat,
    "sort": _sort,
    "bitand": _bits(lambda left, right: left & right),
    "bitor": _bits(lambda left, right: left | right),
    "bitxor": _bits(lambda left, right: left ^ right),
    "bitnand": _bits(lambda left, right: left & ~right),
    "bitnot": lambda budget, value: ~_an_int(value),
    "bitshl": _bits(lambda left, right: _shift(left, right, is_left=True)),
    "bitshr": _bits(lambda left, right: _shift(left, right, is_left=False)),
    "bitushr": _bits(lambda left, right: _shift(left, right, is_left=False, is_unsigned=True)),
}
