"""One step of a field path, in the wire form that managedFields use.

An element is a string: `f:name` (a field), `k:{"name":"x"}` (a list item by its keys), `v:"x"` (an
item of a set) or `i:3` (an index). The wire form is canonical here, so that equal elements are
equal strings and sets of them are sets of strings; only sorting looks inside.

Source: structured-merge-diff v6, fieldpath/serialize-pe.go and element.go.
"""

import json
import re
from functools import lru_cache
from typing import Any

from tiphys.model.errors import InvalidInputError

PathElement = str
Path = tuple[PathElement, ...]

_NEEDS_ESCAPE = re.compile('[\x00-\x1f"\\\\<>&\u2028\u2029\ud800-\udfff]')
_SHORT_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class PathElementError(InvalidInputError):
    """A string is not a path element."""

    reason = "InvalidPathElement"


def field_element(name: str) -> PathElement:
    """Return the element of a field."""
    return "f:" + name


def value_element(value: Any) -> PathElement:
    """Return the element of an item of a set."""
    return "v:" + wire_json(value)


def index_element(index: int) -> PathElement:
    """Return the element of an item by its place."""
    return f"i:{index}"


def key_element(pairs: list[tuple[str, Any]]) -> PathElement:
    """Return the element of a list item with these key fields, in any order."""
    if len(pairs) == 1:
        name, value = pairs[0]
        return f"k:{{{_quote(name)}:{wire_json(value)}}}"
    pairs = sorted(pairs)
    inner = ",".join(f"{_quote(name)}:{wire_json(value)}" for name, value in pairs)
    return "k:{" + inner + "}"


def wire_json(value: Any) -> str:
    """Return a scalar (or, rarely, more) as JSON the way the API server writes it."""
    if isinstance(value, str):
        return _quote(value)
    if value.__class__ is int:
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)


def _quote(text: str) -> str:
    if _NEEDS_ESCAPE.search(text) is None:
        return f'"{text}"'
    return '"' + _NEEDS_ESCAPE.sub(_escape, text) + '"'


def _escape(match: "re.Match[str]") -> str:
    char = match.group()
    if char in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[char]
    if "\ud800" <= char <= "\udfff":
        return "\\ufffd"
    return f"\\u{ord(char):04x}"


@lru_cache(maxsize=8192)
def parse_element(text: str) -> PathElement | None:
    """Return the canonical form of a wire element, None for a kind we do not know.

    Unknown kinds are dropped, not refused: a newer server may know more of them.

    Raises:
        PathElementError: the text has no kind, or its content is not what its kind asks for.
    """
    kind, content = text[:2], text[2:]
    if len(text) < 2:
        raise PathElementError("key must be 2 characters long:", where=f"`{text}`")
    if kind[1] != ":":
        raise PathElementError(f"missing colon: {text}", where="managedFields")
    try:
        return _canonical(kind, content)
    except ValueError as err:
        raise PathElementError(f"cannot be read: {err}", where=f"`{text}`") from err


def _canonical(kind: str, content: str) -> PathElement | None:
    if kind == "f:":
        return kind + content
    if kind == "v:":
        return value_element(json.loads(content))
    if kind == "i:":
        return index_element(int(content))
    if kind != "k:":
        return None
    pairs = json.loads(content)
    if not isinstance(pairs, dict):
        raise PathElementError("expected an object of key fields", where=f"`{kind}{content}`")
    return key_element(list(pairs.items()))


@lru_cache(maxsize=8192)
def sort_key(element: PathElement) -> tuple[Any, ...]:
    """Return what elements are ordered by: fields, keys, values, indexes; numbers as numbers."""
    kind, content = element[:2], element[2:]
    if kind == "f:":
        return (0, content)
    if kind == "k:":
        return (1, [(name, _value_key(value)) for name, value in json.loads(content).items()])
    if kind == "v:":
        return (2, _value_key(json.loads(content)))
    return (3, int(content))


def _value_key(value: Any) -> tuple[Any, ...]:  # the order of types is that of Go's value.Compare
    if isinstance(value, bool):
        return (2, value)
    if isinstance(value, int | float):
        return (0, value)
    if isinstance(value, str):
        return (1, value)
    if isinstance(value, list):
        return (3, [_value_key(item) for item in value])
    if isinstance(value, dict):
        return (4, [(name, _value_key(value[name])) for name in sorted(value)])
    return (5,)


def element_text(element: PathElement) -> str:
    """Return an element as conflict messages show it: `.spec`, `[name="x"]`, `[="x"]`, `[3]`."""
    kind, content = element[:2], element[2:]
    if kind == "f:":
        return "." + content
    if kind == "k:":
        pairs = json.loads(content)
        return "[" + ",".join(f"{name}={_value_text(value)}" for name, value in pairs.items()) + "]"
    if kind == "v:":
        return f"[={_value_text(json.loads(content))}]"
    return f"[{content}]"


def path_text(path: Path) -> str:
    """Return a path as conflict messages show it: `.spec.containers[name="web"].image`."""
    return "".join(map(element_text, path))


def key_fields(element: PathElement) -> dict[str, Any]:
    """Return the key fields of a `k:` element, an empty dict for every other kind."""
    if not element.startswith("k:"):
        return {}
    fields: dict[str, Any] = json.loads(element[2:])
    return fields


def _value_text(value: Any) -> str:
    if isinstance(value, str):
        return go_quote(value)
    if isinstance(value, list):
        return "[" + ",".join(map(_value_text, value)) + "]"
    if isinstance(value, dict):
        return "".join(f"{name}={_value_text(value[name])}" for name in sorted(value))
    return json.dumps(value)


def go_quote(text: str) -> str:
    r"""Return text in double quotes, as Go's `%q` writes it: \n escaped, printable letters kept."""
    return '"' + "".join(map(_go_escape, text)) + '"'


def _go_escape(char: str) -> str:
    if char in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x80:
        return {7: r"\a", 8: r"\b", 11: r"\v", 12: r"\f"}.get(code, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
