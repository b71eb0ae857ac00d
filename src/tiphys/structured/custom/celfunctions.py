"""The functions that Kubernetes adds to CEL, as far as rules commonly use them.

Source: kubernetes.io, "Common Expression Language in Kubernetes". Not here: optional types beyond
those of the language, `authorizer`, `cidr`, `format`, `semver` and set functions; a rule that uses
them fails with "Undefined variable or function".
"""

import ipaddress
import itertools
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from tiphys.structured.custom.patterns import compile_pattern
from tiphys.structured.quantities import QuantityError, parse_quantity


def _is_sorted(items: list[Any]) -> bool:
    return all(one <= other for one, other in itertools.pairwise(items))


def _index_of(where: Any, what: Any, *start: int) -> int:
    if isinstance(where, str):
        return where.find(what, *start)
    return where.index(what) if what in where else -1


def _last_index_of(where: Any, what: Any, *start: int) -> int:
    if isinstance(where, str):
        return where.rfind(what, 0, start[0] + len(what)) if start else where.rfind(what)
    return len(where) - 1 - where[::-1].index(what) if what in where else -1


def _find(text: str, pattern: str) -> str:
    found = _search(pattern, text)
    return found.group() if found else ""


def _find_all(text: str, pattern: str, *limit: int) -> list[str]:
    compiled = compile_pattern(pattern)
    found = [match.group() for match in compiled.finditer(text)] if compiled else []
    return found[: limit[0]] if limit and limit[0] >= 0 else found


def _search(pattern: str, text: str) -> "re.Match[str] | None":
    compiled = compile_pattern(pattern)
    return compiled.search(text) if compiled else None


def _split(text: str, separator: str, *limit: int) -> list[str]:
    if limit and limit[0] == 0:
        return []
    parts = list(text) if separator == "" else text.split(separator)
    if not limit or limit[0] < 0 or len(parts) <= limit[0]:
        return parts
    return [*parts[: limit[0] - 1], separator.join(parts[limit[0] - 1 :])]


def _substring(text: str, start: int, *end: int) -> str:
    stop = end[0] if end else len(text)
    if not 0 <= start <= stop <= len(text):
        msg = f"index out of range: {start}"
        raise ValueError(msg)
    return text[start:stop]


def _char_at(text: str, index: int) -> str:
    return text[index] if index < len(text) else ""


def _is_quantity(text: str) -> bool:
    try:
        parse_quantity(text)
    except QuantityError:
        return False
    return True


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme and parts.netloc) or text.startswith("/")


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _is_cidr(text: str) -> bool:
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return "/" in text


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "charAt": _char_at,
    "find": _find,
    "findAll": _find_all,
    "indexOf": _index_of,
    "isCIDR": _is_cidr,
    "isIP": _is_ip,
    "isQuantity": _is_quantity,
    "isSorted": _is_sorted,
    "isURL": _is_url,
    "join": lambda items, *separator: "".join(separator).join(items),
    "lastIndexOf": _last_index_of,
    "lowerAscii": str.lower,
    "matches": lambda text, pattern: _search(pattern, text) is not None,
    "replace": lambda text, old, new, *count: text.replace(old, new, *count),
    "reverse": lambda text: text[::-1],
    "split": _split,
    "substring": _substring,
    "sum": sum,
    "trim": str.strip,
    "upperAscii": str.upper,
}
