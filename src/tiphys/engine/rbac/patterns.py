"""Globs and regular expressions of policies, matched in time linear in the text.

Both are compiled by RE2: it has the syntax of Go's regular expressions, and no pattern makes it
slow, whoever wrote it. Many patterns are asked at once as one alternation.

Source: github.com/gobwas/glob for globs (`/` is an ordinary character here); Go's regexp/syntax.
"""

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

import re2

_SPECIAL: Final = frozenset("*?[{\\")
_MAX_LENGTH: Final = 4096
_PER_PROGRAM: Final = 1000  # keeps one compiled alternation well below RE2's memory budget
_PLAIN: Final = re.compile(r"[^*?\[{},\\]+")


class MatchMode(StrEnum):
    """How policies match, as `policy.matchMode` spells it."""

    GLOB = "glob"
    REGEX = "regex"


class UnreadableError(ValueError):
    """A pattern cannot be read; the text says why."""


class Patterns:
    """Several patterns, asked at once."""

    def __init__(self, patterns: Iterable[str], mode: MatchMode) -> None:
        """Compile.

        Raises:
            UnreadableError: one of the patterns cannot be read.
        """
        distinct = set(patterns)
        self._matches_all = "*" in distinct
        is_glob = mode is MatchMode.GLOB
        self._literals = frozenset(p for p in distinct if is_glob and not _SPECIAL & set(p))
        rest = [] if self._matches_all else sorted(distinct - self._literals)
        programs = _programs(rest, mode)
        self._asked = [each.fullmatch if is_glob else each.search for each in programs]

    def __bool__(self) -> bool:
        return bool(self._matches_all or self._literals or self._asked)

    def match(self, text: str) -> bool:
        """Return whether any of them matches; a glob the whole text, an expression a part."""
        if self._matches_all or text in self._literals:
            return True
        if not self._asked:
            return False
        encoded = text.encode(errors="replace")
        return any(ask(encoded) is not None for ask in self._asked)


@lru_cache(maxsize=4096)
def pattern(text: str, mode: MatchMode) -> Patterns:
    """Return one pattern, compiled.

    Raises:
        UnreadableError: it cannot be read.
    """
    return Patterns([text], mode)


def _programs(patterns: list[str], mode: MatchMode) -> Iterator[Any]:
    sources = [_source(text, mode) for text in patterns]
    for start in range(0, len(sources), _PER_PROGRAM):
        yield _compile("|".join(sources[start : start + _PER_PROGRAM]))


@lru_cache(maxsize=4096)
def _source(text: str, mode: MatchMode) -> str:
    if len(text) > _MAX_LENGTH:
        raise UnreadableError(f"longer than {_MAX_LENGTH} characters")
    if mode is MatchMode.GLOB:
        return _Glob(text).translated()
    _compile(text)  # alone, so that no parenthesis of one pattern closes another's
    return f"(?:{text})"


def _compile(source: str) -> Any:
    options = re2.Options()
    options.never_capture, options.log_errors = True, False
    try:
        return re2.compile(source, options)
    except re2.error as err:
        reason = err.args[0] if err.args else "not understood"
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise UnreadableError(text) from err


class _Glob:
    """One glob on its way to a regular expression."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._depth = text, 0, 0

    def translated(self) -> str:
        parts = list(self._parts())
        if self._depth:
            raise UnreadableError("`{` is never closed")
        return "".join(parts)

    def _parts(self) -> Iterator[str]:
        while self._at < len(self._text):
            plain = _PLAIN.match(self._text, self._at)
            if plain:
                self._at = plain.end()
                yield str(re2.escape(plain[0]))
            else:
                yield self._part(self._take())

    def _part(self, char: str) -> str:
        if char in "{}":
            return self._brace(char)
        simple = {"*": "(?s:.*)", "?": "(?s:.)"}
        if char in simple:
            return simple[char]
        if char == "," and self._depth:
            return "|"
        if char == "[":
            return self._list()
        return str(re2.escape(self._take() if char == "\\" else char))

    def _brace(self, char: str) -> str:
        if char == "{":
            self._depth += 1
            return "(?:"
        if not self._depth:
            return r"\}"
        self._depth -= 1
        return ")"

    def _list(self) -> str:
        end = self._text.find("]", self._at)
        inside = self._text[self._at : end]
        negation = "^" if inside.startswith("!") else ""
        inside = inside.removeprefix("!")
        if end < 0 or not inside:
            raise UnreadableError("`[` is never closed, or has nothing in it")
        self._at = end + 1
        if len(inside) == 3 and inside[1] == "-":
            low, high = inside[0], inside[2]
            if low > high:
                raise UnreadableError(f"`{low}-{high}` is not a range")
            return rf"[{negation}{_escaped(low)}-{_escaped(high)}]"
        return f"[{negation}{''.join(map(_escaped, inside))}]"

    def _take(self) -> str:
        if self._at >= len(self._text):
            raise UnreadableError("it ends in a backslash")
        self._at += 1
        return self._text[self._at - 1]


def _escaped(char: str) -> str:
    return rf"\x{{{ord(char):x}}}"
