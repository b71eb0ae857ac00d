"""Messages of API servers without the Go structs that are printed into them.

`spec.template: Invalid value: core.PodTemplateSpec{ObjectMeta:...}: field is immutable` has two
thousand letters, and what matters stands at its end.
"""

import re
from typing import Final

_BEGIN: Final = re.compile(
    r"(?:[&*]|\[\])*[A-Za-z_][\w.]*(?:\[\w+\])?(?:[\w.]+)?(?: ?\{\})?\{|\{(?=\")"
)
# A string that was cut in the middle ends with the text.
_TOKEN: Final = re.compile(r"""[{}]|"(?:[^"\\]|\\.)*+(?:"|\Z)|`[^`]*+(?:`|\Z)""", re.DOTALL)
_WRAPPER: Final = "&value.valueUnstructured{"
_BEARABLE: Final = 80
_MAX_DEPTH: Final = 3
ELLIPSIS: Final = "..."


def shortened(text: str) -> str:
    """Return a message in which long values are cut to `core.PodTemplateSpec{...}`.

    Takes time in proportion to the length of the text.
    """
    return _shortened(text, 0)


def _shortened(text: str, depth: int) -> str:
    parts: list[str] = []
    place = 0
    while found := _BEGIN.search(text, place):
        parts.append(text[place : found.start()])
        end = _end(text, found.end())
        inner = text[found.end() : end].removesuffix("}")
        if found[0] == _WRAPPER and inner.startswith("Value:"):
            value = inner.removeprefix("Value:")
            parts.append(_shortened(value, depth + 1) if depth < _MAX_DEPTH else ELLIPSIS)
        elif len(inner) > _BEARABLE:
            parts.append(f"{found[0]}{ELLIPSIS}}}")
        else:
            parts.append(text[found.start() : end])
        place = end
    return "".join(parts) + text[place:]


def _end(text: str, place: int) -> int:
    """Return where a brace that is open closes; the end of the text when it never does."""
    depth = 1
    for found in _TOKEN.finditer(text, place):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if not depth:
            return found.end()
    return len(text)
