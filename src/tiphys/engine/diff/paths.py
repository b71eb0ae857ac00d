"""Paths of fields as people read them: `.spec.containers[name="web"].image`.

A path is a tuple of the elements that managedFields uses (see `structured.pathelement`), so that
the same path finds a value and its owners. Names that are no plain words are quoted, which keeps
annotation keys with dots readable.
"""

import re
from typing import TypeAlias

from tiphys.engine.fields import parse_key
from tiphys.structured.pathelement import go_quote, wire_json

Path: TypeAlias = tuple[str, ...]

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")


def format_path(path: Path) -> str:
    """Return a path as messages show it; the whole object is `.`."""
    return "".join(map(_format_element, path)) or "."


def _format_element(element: str) -> str:
    kind, content = element[:2], element[2:]
    if kind == "f:":
        return f".{content}" if _PLAIN_NAME.match(content) else f"[{go_quote(content)}]"
    if kind == "k:":
        keys = parse_key(element).items()
        return f"[{','.join(f'{name}={wire_json(value)}' for name, value in keys)}]"
    return f"[={content}]" if kind == "v:" else f"[{content}]"
