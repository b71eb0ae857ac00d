"""Globs as users of projects and windows write them.

`*` and `?` stay inside a part where a separator divides the text, `**` does not; `[a-z]`, `[!a-z]`
and `{one,two}` mean what they mean in a shell. A pattern that cannot be read matches nothing.

Source: Argo CD user guide, "Projects"; the syntax is that of github.com/gobwas/glob.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

import re2

_MAX_MEMORY: Final = 8 * 1024 * 1024
_TOKEN: Final = re.compile(r"\\.|\*\*|\*|\?|\[!?[^\]]+\]|[{},]|.", re.DOTALL)


def matches(pattern: str, text: str, *, separator: str = "") -> bool:
    """Return whether a whole text matches a glob; a lone `*` matches any."""
    if pattern == "*":
        return True
    expression = _glob(pattern, separator)
    return expression is not None and expression.fullmatch(text) is not None


def names_any(patterns: Iterable[str], text: str) -> bool:
    """Return whether one of some globs, or `/regular expressions/`, names a text.

    An expression has to be found somewhere in the text; one that cannot be read names nothing.
    """
    for pattern in patterns:
        if len(pattern) > 1 and pattern.startswith("/") and pattern.endswith("/"):
            expression = _expression(pattern[1:-1])
            if expression is not None and expression.search(text) is not None:
                return True
        elif matches(pattern, text):
            return True
    return False


@lru_cache(maxsize=256)
def _expression(pattern: str) -> Any:
    return _compiled(pattern, re2.Options())


@lru_cache(maxsize=4096)
def _glob(pattern: str, separator: str) -> Any:
    options = re2.Options()
    options.dot_nl = True
    return _compiled(as_expression(pattern, separator), options)


def _compiled(expression: str, options: Any) -> Any:
    """Return an expression that takes linear time, whoever wrote it; None for one that is none."""
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    try:
        return re2.compile(expression, options)
    except re2.error:
        return None


def as_expression(pattern: str, separator: str) -> str:
    """Return the regular expression that a glob stands for."""
    one = f"[^{re.escape(separator)}]" if separator else "."
    parts, depth = [], 0
    for part in _TOKEN.findall(pattern):
        depth += {"{": 1, "}": -1}.get(part, 0)
        parts.append(_translated(part, one, is_choice=depth > 0))
    return "".join(parts)


def _translated(part: str, one: str, *, is_choice: bool) -> str:
    plain = {"**": ".*", "*": f"{one}*", "?": one, "{": "(?:", "}": ")"}
    if part in plain:
        return plain[part]
    if part == "," and is_choice:
        return "|"
    if part.startswith("[") and len(part) > 1:
        inside = part[1:-1].replace("\\", "\\\\").replace("[", "\\[")
        return f"[^{inside[1:]}]" if inside.startswith("!") else f"[{inside}]"
    return re.escape(part[-1] if part.startswith("\\") and len(part) > 1 else part)
