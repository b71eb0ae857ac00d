"""Label and field selectors.

Source: Kubernetes documentation, "Labels and Selectors", "Field Selectors".
"""

import re
from collections.abc import Callable
from typing import Any

from tiphys.sandbox.statuses import bad_request

Selector = Callable[[dict[str, Any]], bool]
_TERM = re.compile(r"(?:[^,(]|\([^)]*\))+")
_SET = re.compile(r"^\s*(\S+)\s+(in|notin)\s*\(([^)]*)\)\s*$")


def EVERYTHING(_: dict[str, Any]) -> bool:  # noqa: N802 -- a constant that can be called
    """Select every object."""
    return True


def parse_selectors(labels: str, fields: str) -> Selector:
    """Return what tells whether an object is selected.

    Raises:
        StatusError: a selector is malformed.
    """
    tests = [_label_test(term) for term in _TERM.findall(labels)] if labels.strip() else []
    tests += [_field_test(term) for term in fields.split(",") if term.strip()]
    return (lambda manifest: all(test(manifest) for test in tests)) if tests else EVERYTHING


def _labels(manifest: dict[str, Any]) -> dict[str, str]:
    return (manifest.get("metadata") or {}).get("labels") or {}


def _label_test(term: str) -> Selector:
    found = _SET.match(term)
    if found:
        key, operator, listed = found.groups()
        values = {value.strip() for value in listed.split(",")}
        if operator == "in":
            return lambda manifest: _labels(manifest).get(key) in values
        return lambda manifest: _labels(manifest).get(key) not in values
    for operator in ("!=", "==", "="):
        key, separator, value = (part.strip() for part in term.partition(operator))
        if separator and operator == "!=":
            return lambda manifest: _labels(manifest).get(key) != value
        if separator:
            return lambda manifest: _labels(manifest).get(key) == value
    name = term.strip()
    if name.startswith("!"):
        return lambda manifest: name[1:].strip() not in _labels(manifest)
    if not re.fullmatch(r"[\w./-]+", name):
        raise bad_request(f"unable to parse requirement: found '{name}', expected: identifier")
    return lambda manifest: name in _labels(manifest)


def _field_test(term: str) -> Selector:
    for operator in ("!=", "==", "="):
        path, separator, value = term.partition(operator)
        if separator:
            steps = path.strip().split(".")
            is_negated = operator == "!="
            return lambda manifest: (_value(manifest, steps) == value.strip()) != is_negated
    raise bad_request(f"invalid selector: '{term}'; can't understand '{term}'")


def _value(manifest: Any, steps: list[str]) -> str:
    for step in steps:
        manifest = manifest.get(step) if isinstance(manifest, dict) else None
    if isinstance(manifest, bool):
        return "true" if manifest else "false"
    return "" if manifest is None else str(manifest)
