"""Cells of the printer columns of custom kinds.

Source: Kubernetes documentation, "Additional printer columns", "JSONPath Support"; what a real
server showed.
"""

import re
from datetime import UTC, datetime
from typing import Any

import orjson

from tiphys.sandbox.http.columns import span

_STEP = re.compile(
    r"\.(?P<name>(?:\\.|[^.\[\\])+)"
    r"|\[(?P<index>-?\d+)\]"
    r"|\[['\"](?P<quoted>[^'\"]+)['\"]\]"
    r"|(?P<each>\[\*\]|\.\*)"
    r"|\[\?\(@(?P<path>[^=!]*?)\s*==\s*['\"]?(?P<value>[^'\")]*)['\"]?\)\]"
)
_MISSING: list[Any] = []


def cell_of(manifest: dict[str, Any], path: str, kind: str) -> Any:
    """Return what a column of a type shows of an object: of several things the first.

    Returns:
        None where there is nothing, or nothing that fits the type.
    """
    found = _found([manifest], path)
    if not found:
        return None
    value = found[0]
    if kind == "string":
        return _text(value)
    if kind == "date":
        return _age(value) if isinstance(value, str) else None
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if kind == "integer" else value


def _found(values: list[Any], path: str) -> list[Any]:
    place = 0
    while place < len(path):
        step = _STEP.match(path, place)
        if step is None:
            return _MISSING
        values = [below for value in values for below in _below(value, step)]
        place = step.end()
    return values


def _below(value: Any, step: re.Match[str]) -> list[Any]:
    name = step["quoted"] or (step["name"] and re.sub(r"\\(.)", r"\1", step["name"]))
    if step["each"] or name == "*":
        return list(value.values()) if isinstance(value, dict) else _items(value)
    if name is not None:
        return [value[name]] if isinstance(value, dict) and value.get(name) is not None else []
    items = _items(value)
    if step["index"] is not None:
        place = int(step["index"])
        return [items[place]] if -len(items) <= place < len(items) else []
    wanted = step["value"]
    return [item for item in items if [_text(v) for v in _found([item], step["path"])] == [wanted]]


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _age(text: str) -> str:
    try:
        since = datetime.fromisoformat(text)
        return span(int((datetime.now(UTC) - since).total_seconds()))
    except (ValueError, TypeError):
        return "<invalid>"
