"""Regular expressions that users write, in time that grows with the text and no faster.

The syntax is RE2's, which is what Argo CD's users write for Go.

Source: RE2, "Syntax".
"""

from functools import lru_cache
from typing import Any, Final

import re2

from tiphys.model.errors import TiphysError

_MAX_MEMORY: Final = 8 * 1024 * 1024


class PatternError(TiphysError):
    """A text is no regular expression, or one that needs too much memory."""

    reason = "PatternInvalid"


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> Any:
    """Return a compiled regular expression.

    Raises:
        PatternError: see the class.
    """
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    try:
        return re2.compile(pattern, options)
    except re2.error as err:
        text = err.args[0] if err.args else ""
        why = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
        raise PatternError(f"`{pattern[:64]}` is not a regular expression: {why[:128]}") from err


def search(pattern: str, text: str) -> bool:
    """Return whether a regular expression is found anywhere in a text.

    Raises:
        PatternError: see the class.
    """
    return compile_pattern(pattern).search(text) is not None
