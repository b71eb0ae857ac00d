"""The tree of an expression."""

from collections.abc import Sequence

import msgspec


class Node(msgspec.Struct, frozen=True):
    """Base of all nodes."""


class Constant(Node, frozen=True):
    """A number, string, boolean or nil."""

    value: int | float | str | bool | None


class Name(Node, frozen=True):
    """A variable."""

    name: str


class Pointer(Node, frozen=True):
    """What a predicate is asked about: `#` is the element, `#acc` and `#index` its surroundings."""

    name: str


class Unary(Node, frozen=True):
    """`not`, `-` or `+`."""

    operator: str
    operand: Node


class Binary(Node, frozen=True):
    """An operator between two operands."""

    operator: str
    left: Node
    right: Node


class Conditional(Node, frozen=True):
    """`condition ? yes : no`, or `if condition { yes } else { no }`."""

    condition: Node
    yes: Node
    no: Node


class Member(Node, frozen=True):
    """`container.name`, `container[key]`; with `is_optional`, nil where the container is nil."""

    container: Node
    key: Node
    is_optional: bool


class Slice(Node, frozen=True):
    """`container[first:last]`."""

    container: Node
    first: Node | None
    last: Node | None


class Chain(Node, frozen=True):
    """Holds members of which one is optional; nil when that one finds nil."""

    inner: Node


class Call(Node, frozen=True):
    """A call of a function or method."""

    function: Node
    arguments: Sequence[Node]


class Builtin(Node, frozen=True):
    """A call of a built-in function."""

    name: str
    arguments: Sequence[Node]


class Predicate(Node, frozen=True):
    """The body of a built-in function that asks about each element."""

    body: Node


class Let(Node, frozen=True):
    """`let name = value; body`."""

    name: str
    value: Node
    body: Node


class Several(Node, frozen=True):
    """Expressions one after the other; the last one counts."""

    steps: Sequence[Node]


class ListOf(Node, frozen=True):
    """`[a, b]`."""

    items: Sequence[Node]


class MapOf(Node, frozen=True):
    """`{a: b}`."""

    entries: Sequence[tuple[Node, Node]]


def folded(node: Binary) -> Node:
    """Return a simpler node where one side of `and` or `or` is `true` or `false` as written.

    The other side is then not asked, or its value counts whatever its type: so does the Go library.
    """
    if node.operator not in {"and", "&&", "or", "||"}:
        return node
    decides = node.operator in {"or", "||"}
    for side, other in ((node.left, node.right), (node.right, node.left)):
        if isinstance(side, Constant) and isinstance(side.value, bool):
            if isinstance(other, Constant):
                return node
            return side if side.value is decides else other
    return node
