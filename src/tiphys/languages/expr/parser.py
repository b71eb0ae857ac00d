"""Turns the text of an expression into a tree."""

import re
from collections.abc import Sequence
from typing import Final

from tiphys.languages.expr.errors import ExprError
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
    folded,
)
from tiphys.languages.expr.signatures import BUILTINS, PREDICATES
from tiphys.languages.expr.tokens import Token, tokenize

MAX_DEPTH: Final = 80
"""Of operators and brackets within each other; a level costs a dozen frames of Python's stack."""

_PIPE: Final = 0
_UNARY: Final = {"not": 50, "!": 50, "-": 90, "+": 90}
_BINARY: Final = {
    "|": _PIPE,
    "or": 10, "||": 10, "and": 15, "&&": 15,
    "==": 20, "!=": 20, "<": 20, ">": 20, "<=": 20, ">=": 20,
    "in": 20, "matches": 20, "contains": 20, "startsWith": 20, "endsWith": 20,
    "..": 25, "+": 30, "-": 30, "*": 60, "/": 60, "%": 60, "**": 100, "^": 100, "??": 500,
}  # fmt: skip
_RIGHT: Final = frozenset({"**", "^"})
_COMPARISONS: Final = frozenset({"<", ">", "<=", ">="})
_NEGATABLE: Final = frozenset({"in", "matches", "contains", "startsWith", "endsWith"})
_CONSTANTS: Final = {"true": True, "false": False, "nil": None}
_WORD: Final = re.compile(r"[^\W\d]\w*")


def parse(text: str) -> Node:
    """Return the tree of an expression.

    Raises:
        ExprError: it is too long or too deep, or does not follow the grammar.
    """
    return _Parser(tokenize(text)).whole()


class _Parser:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens, self._at = tokens, 0
        self._depth = 0
        self._predicates = 0

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._now
        if token.kind != "end":
            self._at += 1
        return token

    def _takes(self, *texts: str) -> bool:
        if self._now.is_one_of(*texts):
            self._next()
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._takes(text):
            raise self._unexpected(f", expected `{text}`")

    def _unexpected(self, more: str = "") -> ExprError:
        token = self._now
        what = "unexpected end" if token.kind == "end" else f"unexpected `{token.text[:32]}`"
        return ExprError(what + more, where=f"character {token.position + 1}")

    def whole(self) -> Node:
        node = self._several()
        if self._now.kind != "end":
            raise self._unexpected()
        return node

    def _several(self) -> Node:
        steps = [self._expression()]
        while self._now.is_one_of(";"):
            self._next()
            if self._now.kind == "end" or self._now.is_one_of(")", "}"):
                break
            steps.append(self._expression())
        return steps[0] if len(steps) == 1 else Several(steps)

    def _expression(self, precedence: int = 0) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExprError(f"more than {MAX_DEPTH} levels deep", where="expression")
        if precedence == 0 and self._now.is_one_of("let"):
            node = self._let()
        elif precedence == 0 and self._now.is_one_of("if"):
            node = self._if()
        else:
            node = self._operations(self._primary(), precedence)
            node = self._conditional(node) if precedence == 0 else node
        self._depth -= 1
        return node

    def _operations(self, node: Node, precedence: int) -> Node:
        before = ""
        while self._now.kind == "operator":
            start = self._at
            is_negated = self._takes("not")
            operator = self._now.text
            if is_negated and operator not in _NEGATABLE:
                raise self._unexpected()
            if _BINARY.get(operator, -1) < precedence or self._now.kind != "operator":
                self._at = start
                break
            self._next()
            if before == "??" and operator not in {"??", "|"}:
                raise ExprError(f"`??` and `{operator}` need brackets", where="expression")
            node = self._operation(node, operator)
            node = Unary("not", node) if is_negated else node
            before = operator
        return node

    def _operation(self, left: Node, operator: str) -> Node:
        if operator == "|":
            if self._now.kind != "name":
                raise self._unexpected(", expected a function")
            return self._postfix(self._named(self._next(), piped=(left,)))
        tightness = _BINARY[operator]
        right = self._expression(tightness if operator in _RIGHT else tightness + 1)
        node = folded(Binary(operator, left, right))
        while operator in _COMPARISONS and self._now.is_one_of(*_COMPARISONS):
            # `1 < x < 5` asks both; the middle one stands twice in the tree.
            operator = self._next().text
            left, right = right, self._expression(tightness + 1)
            node = Binary("and", node, Binary(operator, left, right))
        return node

    def _conditional(self, node: Node) -> Node:
        while self._takes("?"):
            if self._takes(":"):
                node = Conditional(node, node, self._expression())
                continue
            yes = self._expression()
            self._expect(":")
            node = Conditional(node, yes, self._expression())
        return node

    def _let(self) -> Node:
        self._next()
        if self._now.kind != "name":
            raise self._unexpected(", expected a name")
        name = self._next().text
        self._expect("=")
        value = self._expression()
        self._expect(";")
        return Let(name, value, self._several())

    def _if(self) -> Node:
        self._next()
        condition = self._expression()
        self._expect("{")
        yes = self._several()
        self._expect("}")
        self._expect("else")
        if self._now.is_one_of("if"):
            return Conditional(condition, yes, self._expression())
        self._expect("{")
        no = self._several()
        self._expect("}")
        return Conditional(condition, yes, no)

    def _primary(self) -> Node:
        token = self._now
        if token.kind == "operator" and token.text in _UNARY:
            self._next()
            operator = "not" if token.text == "!" else token.text
            return self._postfix(Unary(operator, self._expression(_UNARY[token.text])))
        if self._takes("("):
            node = self._several()
            self._expect(")")
            return self._postfix(node)
        if self._predicates and token.is_one_of("#", "."):
            return self._postfix(self._pointer())
        if self._takes("::"):
            return self._postfix(self._builtin_of(self._next()))
        return self._secondary()

    def _pointer(self) -> Node:
        if self._now.text == ".":
            return Pointer("")
        self._next()
        return Pointer(self._next().text if self._now.kind == "name" else "")

    def _secondary(self) -> Node:
        token = self._next()
        if token.kind == "name":
            if token.text in _CONSTANTS:
                return Constant(_CONSTANTS[token.text])
            return self._postfix(self._named(token))
        if token.kind == "number":
            return Constant(_number(token))
        if token.kind == "string":
            return self._postfix(Constant(token.text))
        if token.is_one_of("["):
            return self._postfix(ListOf(self._separated("]")))
        if token.is_one_of("{"):
            return self._postfix(self._map())
        self._at -= token.kind != "end"
        raise self._unexpected()

    def _builtin_of(self, token: Token) -> Node:
        if token.text not in BUILTINS or not self._now.is_one_of("("):
            raise ExprError(f"`{token.text}` is no built-in function", where="expression")
        return self._named(token)

    def _named(self, token: Token, *, piped: tuple[Node, ...] = ()) -> Node:
        if not self._takes("("):
            if piped:
                raise self._unexpected(", expected `(`")
            return Name(token.text)
        if token.text in PREDICATES:
            arguments = [*piped, *self._predicate_arguments(len(piped))]
        else:
            arguments = [*piped, *self._separated(")")]
        if token.text not in BUILTINS:
            return Call(Name(token.text), arguments)
        least, most = BUILTINS[token.text]
        if not least <= len(arguments) <= most:
            raise ExprError(
                f"`{token.text}` does not take {len(arguments)} arguments",
                where=f"character {token.position + 1}",
            )
        return Builtin(token.text, arguments)

    def _predicate_arguments(self, given: int) -> list[Node]:
        arguments: list[Node] = []
        while not self._takes(")"):
            if arguments:
                self._expect(",")
            is_predicate = given + len(arguments) == 1
            arguments.append(self._predicate() if is_predicate else self._expression())
        return arguments

    def _predicate(self) -> Node:
        has_braces = self._takes("{")
        self._predicates += 1
        body = self._several() if has_braces else self._expression()
        self._predicates -= 1
        if has_braces:
            self._expect("}")
        return Predicate(body)

    def _separated(self, closing: str) -> list[Node]:
        nodes: list[Node] = []
        while not self._takes(closing):
            if nodes:
                self._expect(",")
                if closing == "]" and self._takes(closing):
                    break
            nodes.append(self._expression())
        return nodes

    def _map(self) -> Node:
        entries: list[tuple[Node, Node]] = []
        while not self._takes("}"):
            if entries:
                self._expect(",")
                if self._takes("}"):
                    break
            key = self._map_key()
            self._expect(":")
            entries.append((key, self._expression()))
        return MapOf(entries)

    def _map_key(self) -> Node:
        token = self._now
        if token.is_one_of("("):
            return self._expression()
        if token.kind in {"name", "number", "string"} or _WORD.fullmatch(token.text):
            self._next()
            return Constant(token.text)
        raise self._unexpected(", expected a key")

    def _postfix(self, node: Node) -> Node:
        has_optional = False
        while self._now.is_one_of(".", "?.", "[", "("):
            token = self._next()
            if token.text == "(":
                node = Call(node, self._separated(")"))
                continue
            is_optional = token.text == "?."
            has_optional = has_optional or is_optional
            if token.text == "[" or (is_optional and self._takes("[")):
                node = self._index(node, is_optional=is_optional)
            else:
                node = Member(node, Constant(self._property()), is_optional)
        return Chain(node) if has_optional else node

    def _property(self) -> str:
        token = self._next()
        if token.kind != "name" and not _WORD.fullmatch(token.text):
            self._at -= token.kind != "end"
            raise self._unexpected(", expected a name")
        return token.text

    def _index(self, node: Node, *, is_optional: bool) -> Node:
        first = None if self._now.is_one_of(":") else self._expression()
        if not self._takes(":"):
            self._expect("]")
            assert first is not None
            return Member(node, first, is_optional)
        last = None if self._now.is_one_of("]") else self._expression()
        self._expect("]")
        return Slice(node, first, last)


def _number(token: Token) -> int | float:
    text = token.text.replace("_", "")
    try:
        is_whole = text[:2].lower() in {"0x", "0b", "0o"} or text.isdigit()
        if not is_whole:
            return float(text)
        base = {"0x": 16, "0b": 2, "0o": 8}.get(text[:2].lower(), 10)
        value = int(text, base)
    except ValueError:
        raise ExprError("no number", where=f"character {token.position + 1}") from None
    if value >= 2**63:
        raise ExprError("a number too large", where=f"character {token.position + 1}")
    return value
