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
_NOTHING: Final = re.compile(r"(?!)")


def matches(pattern: str, text: str, *, separator: str = "") -> bool:
    """Return whether a whole text matches a glob; a lone `*` matches any."""
    return pattern == "*" or _compiled(pattern, separator).fullmatch(text) is not None


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
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    try:
        return re2.compile(pattern, options)
    except re2.error:
        return None


@lru_cache(maxsize=4096)
def _compiled(pattern: str, separator: str) -> re.Pattern[str]:
    one = f"[^{re.escape(separator)}]" if separator else "."
    parts, depth = [], 0
    for part in _TOKEN.findall(pattern):
        depth += {"{": 1, "}": -1}.get(part, 0)
        parts.append(_translated(part, one, is_choice=depth > 0))
    try:
        return re.compile("".join(parts), re.DOTALL)
    except re.error:
        return _NOTHING


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
