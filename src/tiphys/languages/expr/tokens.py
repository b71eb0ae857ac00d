"""Cuts the text of an expression into tokens."""

import re
from typing import Final, NamedTuple

from tiphys.languages.expr.errors import ExprError

MAX_LENGTH: Final = 16 * 1024

WORDS: Final = frozenset(
    "in or and not matches contains startsWith endsWith let if else".split()  # noqa: SIM905
)

_TOKEN: Final = re.compile(
    r"""
      (?P<space>\s+|//[^\n]*|/\*.*?\*/)
    | (?P<number>
          0[xX][0-9a-fA-F_]+ | 0[bB][01_]+ | 0[oO][0-7_]+
        | (?:[0-9][0-9_]*(?:\.(?!\.)[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?
      )(?![A-Za-z0-9_])
    | (?P<name>[^\W\d][\w]*|\$[\w]*)
    | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`]|``)*`)
    | (?P<bracket>[()\[\]{}])
    | (?P<operator>\?\.|\?\?|\*\*|\.\.|&&|\|\||[=!<>]=|::|[-+*/%^<>!?:,.;|\#=])
    """,
    re.VERBOSE | re.DOTALL,
)

_ESCAPES: Final = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "'": "'", '"': '"', "`": "`", "?": "?",
}  # fmt: skip

_ESCAPE: Final = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|U([0-9a-fA-F]{8})"
    r"|([0-7]{3})|(.))",
    re.DOTALL,
)


class Token(NamedTuple):
    """One word of an expression.

    Attributes:
        kind: "number", "string", "name", "operator", "bracket" or "end".
        text: as written; of a string, its value.
        position: of its first character, from 0.
    """

    kind: str
    text: str
    position: int

    def is_one_of(self, *texts: str) -> bool:
        """Return whether this is one of some operators or brackets."""
        return self.kind in {"operator", "bracket"} and self.text in texts


def tokenize(text: str) -> list[Token]:
    """Return the tokens of an expression, the last one of kind "end".

    Raises:
        ExprError: it is too long, or holds what is no token.
    """
    if len(text) > MAX_LENGTH:
        raise ExprError(f"longer than {MAX_LENGTH} characters", where="expression")
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise ExprError(
                f"unexpected `{text[position : position + 8]}`", where=f"character {position + 1}"
            )
        if match.lastgroup != "space":
            tokens.append(_token(match.lastgroup, match.group(), position))
        position = match.end()
    tokens.append(Token("end", "", position))
    return tokens


def _token(kind: str, text: str, position: int) -> Token:
    if kind == "string":
        return Token(kind, _unquoted(text, position), position)
    if kind == "name" and text in WORDS:
        return Token("operator", text, position)
    return Token(kind, text, position)


def _unquoted(text: str, position: int) -> str:
    inner = text[1:-1]
    if text[0] == "`":
        return inner.replace("``", "`")

    def unescape(match: re.Match[str]) -> str:
        hexadecimal = match[1] or match[2] or match[3] or match[4]
        code = int(hexadecimal, 16) if hexadecimal else int(match[5], 8) if match[5] else -1
        if code > 0x10FFFF or 0xD800 <= code < 0xE000:
            raise ExprError("no such character", where=f"character {position + 1}")
        if code >= 0:
            return chr(code)
        if match[6] not in _ESCAPES:
            raise ExprError(f"unknown escape `\\{match[6]}`", where=f"character {position + 1}")
        return _ESCAPES[match[6]]

    return _ESCAPE.sub(unescape, inner)
