"""Gives the value of an expression's tree for some variables."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from tiphys.languages.expr.builtins import FUNCTIONS
from tiphys.languages.expr.errors import ExprError
from tiphys.languages.expr.limits import Budget
from tiphys.languages.expr.nodes import (
    Binary,
    Builtin,
    Call,
    Chain,
    Conditional,
    Constant,
    Let,
    ListOf,
    MapOf,
    Member,
    Name,
    Node,
    Pointer,
    Predicate,
    Several,
    Slice,
    Unary,
)
from tiphys.languages.expr.operators import OPERATIONS
from tiphys.languages.expr.predicates import ASKING
from tiphys.languages.expr.signatures import PREDICATES
from tiphys.languages.expr.values import fetch, is_number, type_of, whole, wrapped

_MAX_DEPTH: Final = 160
_LAZY: Final = frozenset({"and", "&&", "or", "||", "??"})


def evaluate(node: Node, variables: Mapping[str, Any], budget: Budget | None = None) -> Any:
    """Return the value of an expression.

    Args:
        node: from `parse`.
        variables: by name; maps, lists and the values of `values`, and functions.
        budget: what it may cost; the usual one when None.

    Raises:
        ExprError: a value does not fit, or the budget is spent. A name that no variable has is nil.
    """
    return _Evaluation(variables, budget or Budget()).value(node, Surroundings())


class Surroundings(msgspec.Struct, frozen=True):
    """What is known at one place of an expression beside the variables.

    Attributes:
        names: what `let` has named.
        element: `#` of a predicate.
        index: `#index`.
        total: `#acc`, of `reduce`.
    """

    names: Mapping[str, Any] = {}
    element: Any = None
    index: int = 0
    total: Any = None


class _NilChainError(Exception):
    """An optional member was asked of nil: the chain around it is nil."""


class _Evaluation:
    def __init__(self, variables: Mapping[str, Any], budget: Budget) -> None:
        self._variables, self._budget = variables, budget
        self._depth = 0

    def value(self, node: Node, around: Surroundings) -> Any:
        self._budget.step()
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ExprError(f"more than {_MAX_DEPTH} levels deep", where="expression")
        value = _VISITS[type(node)](self, node, around)
        self._depth -= 1
        return value

    def visit_constant(self, node: Constant, around: Surroundings) -> Any:
        del around
        return node.value

    def visit_name(self, node: Name, around: Surroundings) -> Any:
        if node.name in around.names:
            return around.names[node.name]
        if node.name == "$env":
            return dict(self._variables)
        return self._variables.get(node.name)

    def visit_pointer(self, node: Pointer, around: Surroundings) -> Any:
        if node.name == "acc":
            return around.total
        if node.name == "index":
            return around.index
        if node.name:
            raise ExprError(f"unknown pointer `#{node.name[:32]}`")
        return around.element

    def visit_unary(self, node: Unary, around: Surroundings) -> Any:
        value = self.value(node.operand, around)
        if node.operator == "not":
            return not self._truth(value)
        if not is_number(value):
            raise ExprError(f"`{node.operator}` does not go with {type_of(value)}")
        if node.operator == "+":
            return value
        return wrapped(-value) if isinstance(value, int) else -value

    @staticmethod
    def _truth(value: Any) -> bool:
        if not isinstance(value, bool):
            raise ExprError(f"expected bool, got {type_of(value)}")
        return value

    def visit_binary(self, node: Binary, around: Surroundings) -> Any:
        if node.operator in _LAZY:
            return self._lazy(node, around)
        left, right = self.value(node.left, around), self.value(node.right, around)
        return OPERATIONS[node.operator](left, right, self._budget)

    def _lazy(self, node: Binary, around: Surroundings) -> Any:
        left = self.value(node.left, around)
        if node.operator == "??":
            return self.value(node.right, around) if left is None else left
        is_decided = self._truth(left) is (node.operator in {"or", "||"})
        return left if is_decided else self._truth(self.value(node.right, around))

    def visit_conditional(self, node: Conditional, around: Surroundings) -> Any:
        is_true = self._truth(self.value(node.condition, around))
        return self.value(node.yes if is_true else node.no, around)

    def visit_member(self, node: Member, around: Surroundings) -> Any:
        container = self.value(node.container, around)
        if node.is_optional and container is None:
            raise _NilChainError
        key = self.value(node.key, around)
        return fetch(container, key)

    def visit_chain(self, node: Chain, around: Surroundings) -> Any:
        depth = self._depth
        try:
            return self.value(node.inner, around)
        except _NilChainError:
            self._depth = depth
            return None

    def visit_slice(self, node: Slice, around: Surroundings) -> Any:
        container = self.value(node.container, around)
        if not isinstance(container, (str, list)):
            raise ExprError(f"cannot slice {type_of(container)}")
        count = len(container)
        first = 0 if node.first is None else whole(self.value(node.first, around))
        last = count if node.last is None else whole(self.value(node.last, around))
        first, last = (edge + count if edge < 0 else edge for edge in (first, last))
        first, last = min(max(first, 0), count), min(max(last, 0), count)
        return self._budget.built(container[first : max(first, last)])

    def visit_call(self, node: Call, around: Surroundings) -> Any:
        function = self.value(node.function, around)
        arguments = [self.value(argument, around) for argument in node.arguments]
        if not callable(function):
            raise ExprError(f"{type_of(function)} is not a function")
        return self._guarded(function, arguments)

    def _guarded(self, function: Callable[..., Any], arguments: list[Any]) -> Any:
        self._budget.step(10)
        try:
            return self._budget.built(function(*arguments))
        except (TypeError, ValueError, OverflowError, ArithmeticError) as err:
            raise ExprError(f"a function does not take its arguments: {err}") from err

    def visit_builtin(self, node: Builtin, around: Surroundings) -> Any:
        if node.name in PREDICATES:
            return self._asking(node, around)
        arguments = [self.value(argument, around) for argument in node.arguments]
        self._budget.step(
            sum(len(item) // 8 for item in arguments if isinstance(item, (str, list)))
        )
        try:
            return self._budget.built(FUNCTIONS[node.name](self._budget, *arguments))
        except (TypeError, ValueError, OverflowError, ArithmeticError) as err:
            raise ExprError(f"`{node.name}` does not take its arguments: {err}") from err

    def _asking(self, node: Builtin, around: Surroundings) -> Any:
        items = self.value(node.arguments[0], around)
        body = node.arguments[1] if len(node.arguments) > 1 else Pointer("")
        extra = [self.value(argument, around) for argument in node.arguments[2:]]
        if not isinstance(items, (list, dict)) or isinstance(items, dict):
            raise ExprError(f"`{node.name}` asks about a list, got {type_of(items)}")

        def ask(element: Any, index: int, total: Any = None) -> Any:
            inside = Surroundings(around.names, element, index, total)
            return self.value(body, inside)

        return self._budget.built(ASKING[node.name](ask, items, *extra))

    def visit_predicate(self, node: Predicate, around: Surroundings) -> Any:
        return self.value(node.body, around)

    def visit_let(self, node: Let, around: Surroundings) -> Any:
        names = {**around.names, node.name: self.value(node.value, around)}
        return self.value(node.body, msgspec.structs.replace(around, names=names))

    def visit_several(self, node: Several, around: Surroundings) -> Any:
        value: Any = None
        for step in node.steps:
            value = self.value(step, around)
        return value

    def visit_list(self, node: ListOf, around: Surroundings) -> list[Any]:
        self._budget.build(len(node.items))
        return [self.value(item, around) for item in node.items]

    def visit_map(self, node: MapOf, around: Surroundings) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.entries:
            key = self.value(key_node, around)
            if not isinstance(key, str):
                raise ExprError(f"a key of a map is a string, not {type_of(key)}")
            result[key] = self.value(value_node, around)
        return self._budget.built(result) or result


_VISITS: Final[dict[type[Node], Callable[[_Evaluation, Any, Surroundings], Any]]] = {
    Constant: _Evaluation.visit_constant,
    Name: _Evaluation.visit_name,
    Pointer: _Evaluation.visit_pointer,
    Unary: _Evaluation.visit_unary,
    Binary: _Evaluation.visit_binary,
    Conditional: _Evaluation.visit_conditional,
    Member: _Evaluation.visit_member,
    Chain: _Evaluation.visit_chain,
    Slice: _Evaluation.visit_slice,
    Call: _Evaluation.visit_call,
    Builtin: _Evaluation.visit_builtin,
    Predicate: _Evaluation.visit_predicate,
    Let: _Evaluation.visit_let,
    Several: _Evaluation.visit_several,
    ListOf: _Evaluation.visit_list,
    MapOf: _Evaluation.visit_map,
}
