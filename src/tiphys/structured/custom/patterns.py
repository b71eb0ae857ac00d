"""Go's regular expressions for Python's `re`: the two differ in a few spellings.

Source: Go's regexp/syntax.
"""

import re
from functools import lru_cache

_CLASSES = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "digit": "0-9", "lower": "a-z", "upper": "A-Z",
    "space": r"\t\n\v\f\r ", "word": "0-9A-Za-z_", "xdigit": "0-9A-Fa-f", "punct": r"!-/:-@\[-`{-~",
}  # fmt: skip
_TOKEN = re.compile(r"\\z|\\.|\[:\^?\w+:\]|\[\^?\]?|\]|\$|.", re.DOTALL)


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> "re.Pattern[str] | None":
    """Return a pattern ready to search with; None when it cannot be read."""
    try:
        return re.compile(_translated(pattern), re.ASCII)
    except (re.error, OverflowError, RecursionError):
        return None


def _translated(pattern: str) -> str:
    parts, in_class = [], False
    for piece in _TOKEN.findall(pattern):
        if piece == r"\z" or (piece == "$" and not in_class):
            parts.append(r"\Z")
        elif piece.startswith("[:") and in_class:
            parts.append(_CLASSES.get(piece.strip("[]:^"), ""))
        elif piece.startswith("[") and in_class:
            parts.append("\\" + piece)
        else:
            in_class = piece.startswith("[") or (in_class and piece != "]")
            parts.append(piece)
    return "".join(parts)
