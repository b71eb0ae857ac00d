"""Values as Go's fmt package prints them: the API server's messages quote values that way."""

from typing import Any

from tiphys.structured.pathelement import go_quote

_TYPES = {str: "string", bool: "bool", int: "int64", float: "float64"}


def go_type(value: Any) -> str:
    """Return the Go type of decoded JSON, as `%T` does."""
    if isinstance(value, dict):
        return "map[string]interface {}"
    if isinstance(value, list):
        return "[]interface {}"
    return _TYPES.get(type(value), "<nil>")


def go_value(value: Any) -> str:
    """Return a value as `%v` prints the wrapper that the typed libraries keep it in."""
    return "&{" + plain(value) + "}"


def go_syntax(value: Any) -> str:
    """Return a value as `%#v` prints the wrapper that the typed libraries keep it in."""
    return "&value.valueUnstructured{Value:" + _syntax(value) + "}"


def plain(value: Any) -> str:
    """Return decoded JSON as `%v` prints it: `map[a:1 b:[x y]]`."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{plain(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(plain, value)) + "]"
    if isinstance(value, str):
        return value
    if value is None:
        return "<nil>"
    return _number(value)


def _syntax(value: Any) -> str:
    if isinstance(value, dict):
        entries = ", ".join(f"{go_quote(key)}:{_syntax(value[key])}" for key in sorted(value))
        return f"map[string]interface {{}}{{{entries}}}"
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(map(_syntax, value)) + "}"
    if isinstance(value, str):
        return go_quote(value)
    if value is None:
        return "interface {}(nil)"
    return _number(value)


def _number(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return str(value)
