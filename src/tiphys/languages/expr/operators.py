"""What the operators between two values do.

Source: expr-lang.org, "Language Definition", Operators.
"""

import math
from collections.abc import Callable
from typing import Any, Final

from goduration import Duration
from gotime import Time

from tiphys.languages.expr.errors import ExprError
from tiphys.languages.expr.limits import Budget
from tiphys.languages.expr.values import is_number, type_of, whole, wrapped
from tiphys.languages.patterns import PatternError, search

_MAX_PATTERN: Final = 2000


def _unfit(operator: str, left: Any, right: Any) -> ExprError:
    return ExprError(f"`{operator}` does not go with {type_of(left)} and {type_of(right)}")


def equal(left: Any, right: Any) -> bool:
    """Return whether two values are the same; numbers of both kinds compare by value."""
    if is_number(left) and is_number(right):
        return bool(left == right)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, Time) and isinstance(right, Time):
        return bool(left.equal(right))
    return type(left) is type(right) and bool(left == right)


def add(left: Any, right: Any, budget: Budget) -> Any:
    """Return the sum of numbers, moments and durations; strings in a row."""
    if is_number(left) and is_number(right):
        return _number(left + right)
    if isinstance(left, str) and isinstance(right, str):
        budget.build(len(left) + len(right))
        return left + right
    if isinstance(left, Duration) and isinstance(right, (Duration, Time)):
        return right + left
    if isinstance(left, Time) and isinstance(right, Duration):
        return left + right
    raise _unfit("+", left, right)


def subtract(left: Any, right: Any, budget: Budget) -> Any:
    """Return a difference of numbers, moments or durations."""
    del budget
    if is_number(left) and is_number(right):
        return _number(left - right)
    if isinstance(left, (Time, Duration)) and isinstance(right, (Time, Duration)):
        if isinstance(left, Duration) and isinstance(right, Time):
            raise _unfit("-", left, right)
        return left - right
    raise _unfit("-", left, right)


def multiply(left: Any, right: Any, budget: Budget) -> Any:
    """Return a product; of a duration and a number, too."""
    del budget
    if is_number(left) and is_number(right):
        return _number(left * right)
    if isinstance(left, Duration) and is_number(right):
        return Duration(wrapped(int(left.total_nanoseconds() * right)))
    if is_number(left) and isinstance(right, Duration):
        return Duration(wrapped(int(left * right.total_nanoseconds())))
    raise _unfit("*", left, right)


def divide(left: Any, right: Any, budget: Budget) -> float:
    """Return a quotient, always with a fraction."""
    del budget
    if not (is_number(left) and is_number(right)):
        raise _unfit("/", left, right)
    if right == 0:
        return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left)
    return float(left) / float(right)


def remainder(left: Any, right: Any, budget: Budget) -> int:
    """Return what division of whole numbers leaves, with the sign of the first."""
    del budget
    if not (isinstance(left, int) and isinstance(right, int)) or not (
        is_number(left) and is_number(right)
    ):
        raise _unfit("%", left, right)
    if right == 0:
        raise ExprError("division by zero")
    return (
        int(math.copysign(abs(left) % abs(right), left)) if abs(left) < 2**53 else _far(left, right)
    )


def _far(left: int, right: int) -> int:
    size = abs(left) % abs(right)
    return -size if left < 0 else size


def power(left: Any, right: Any, budget: Budget) -> float:
    """Return a power as a float."""
    del budget
    if not (is_number(left) and is_number(right)):
        raise _unfit("**", left, right)
    try:
        return math.pow(left, right)
    except OverflowError:
        return math.inf if left > 0 or right % 2 == 0 else -math.inf
    except ValueError:
        return math.inf if left == 0 else math.nan


def _number(value: int | float) -> int | float:
    return wrapped(value) if isinstance(value, int) else value


def _ordered(operator: str, compare: Callable[[Any, Any], bool]) -> "Operation":
    def compared(left: Any, right: Any, budget: Budget) -> bool:
        del budget
        are_numbers = is_number(left) and is_number(right)
        if are_numbers or (type(left) is type(right) and isinstance(left, (str, Time))):
            return compare(left, right)
        if isinstance(left, Duration) and isinstance(right, Duration):
            return compare(left.total_nanoseconds(), right.total_nanoseconds())
        raise _unfit(operator, left, right)

    return compared


def contained(left: Any, right: Any, budget: Budget) -> bool:
    """Return whether a list holds a value, or a map a key; nothing is in nil."""
    if right is None:
        return False
    if isinstance(right, list):
        budget.step(len(right))
        return any(equal(left, item) for item in right)
    if isinstance(right, dict):
        if not isinstance(left, str):
            raise _unfit("in", left, right)
        return left in right
    raise _unfit("in", left, right)


def matches(left: Any, right: Any, budget: Budget) -> bool:
    """Return whether a regular expression is found in a string; nil matches nothing."""
    if left is None or right is None:
        return False
    if not (isinstance(left, str) and isinstance(right, str)):
        raise _unfit("matches", left, right)
    if len(right) > _MAX_PATTERN:
        raise ExprError(f"a pattern longer than {_MAX_PATTERN} characters")
    budget.step(10 + len(left) // 16)
    try:
        return search(right, left)
    except PatternError as err:
        raise ExprError(err.what) from err


def _of_strings(operator: str, test: Callable[[str, str], bool]) -> "Operation":
    def tested(left: Any, right: Any, budget: Budget) -> bool:
        budget.step()
        if left is None or right is None:
            return False
        if not (isinstance(left, str) and isinstance(right, str)):
            raise _unfit(operator, left, right)
        return test(left, right)

    return tested


def span(left: Any, right: Any, budget: Budget) -> list[int]:
    """Return the whole numbers from one to another, both included."""
    if not (isinstance(left, int) and isinstance(right, int)):
        raise _unfit("..", left, right)
    first, last = whole(left), whole(right)
    budget.build(max(0, last - first + 1))
    return list(range(first, last + 1))


Operation = Callable[[Any, Any, Budget], Any]

OPERATIONS: Final[dict[str, Operation]] = {
    "==": lambda left, right, budget: equal(left, right),
    "!=": lambda left, right, budget: not equal(left, right),
    "<": _ordered("<", lambda left, right: left < right),
    ">": _ordered(">", lambda left, right: left > right),
    "<=": _ordered("<=", lambda left, right: left <= right),
    ">=": _ordered(">=", lambda left, right: left >= right),
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": remainder,
    "**": power,
    "^": power,
    "in": contained,
    "matches": matches,
    "contains": _of_strings("contains", lambda left, right: right in left),
    "startsWith": _of_strings("startsWith", str.startswith),
    "endsWith": _of_strings("endsWith", str.endswith),
    "..": span,
}
