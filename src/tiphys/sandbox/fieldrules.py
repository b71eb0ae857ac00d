"""What is wrong with values of fields, by the table in data/fieldrules.yaml and the rules below it.

Rules belong to structs, wherever these stand. The words are the API server's; of several problems
of one object the order may be another.

Source: Kubernetes API reference, and the answers in tests/contract/answers.
"""

from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import yaml

from tiphys.sandbox.apitypes import api_types
from tiphys.sandbox.kinds import Kind
from tiphys.sandbox.podrules import Problem, invalid_value, unsupported
from tiphys.sandbox.scalars import element_of
from tiphys.sandbox.structrules import STRUCTS, Check
from tiphys.sandbox.typed import flat_fields, struct_type

_APIS = ("io.k8s.api.", "io.k8s.apimachinery.pkg.apis.")


def field_problems(manifest: dict[str, Any], kind: Kind) -> Iterator[Problem]:
    """Yield what is wrong with the values of an object of a built-in kind."""
    name = api_types().kinds.get(f"{kind.gvk.api_version}/{kind.kind}", "")
    check = _checker(name)
    if check is not None:
        yield from check(manifest, "")


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    text = (resources.files("tiphys.sandbox.data") / "fieldrules.yaml").read_text()
    document: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return document


def _short(name: str) -> str:
    for prefix in _APIS:
        name = name.removeprefix(prefix)
    return name


@cache
def _has_rules(name: str, above: frozenset[str]) -> bool:
    if name in above or not struct_type(name):
        return False
    short = _short(name)
    if short in _table() or short in STRUCTS:
        return True
    seen = above | {name}
    return any(_has_rules(element_of(field.go), seen) for field in flat_fields(name))


@cache
def _checker(go: str) -> Check | None:
    """Return what checks a value of a type; None when there is nothing to check."""
    name = element_of(go)
    if not _has_rules(name, frozenset()):
        return None
    check: Check = _StructChecker(name)
    return _each(check) if "[]" in go else check


def _each(check: Check) -> Check:
    def check_each(items: Any, path: str) -> Iterator[Problem]:
        for place, item in enumerate(items):
            yield from check(item, f"{path}[{place}]")

    return check_each


class _StructChecker:
    """Checks a struct; what is below is looked up when first used: a struct may contain itself."""

    def __init__(self, name: str) -> None:
        self._name = name
        short = _short(name)
        self._rules: dict[str, dict[str, Any]] = _table().get(short, {})
        self._act = STRUCTS.get(short)
        self._below: dict[str, Check] | None = None

    def __call__(self, value: Any, path: str) -> Iterator[Problem]:
        below = self._prepared()
        for field, rule in self._rules.items():
            if value.get(field) is not None:
                yield from _problems(value[field], rule, _at(path, field))
        for field, entry in value.items():
            if field in below and entry is not None:
                yield from below[field](entry, _at(path, field))
        if self._act is not None:
            yield from self._act(value, path)

    def _prepared(self) -> dict[str, Check]:
        if self._below is None:
            fields = [field for field in flat_fields(self._name) if not field.go.startswith("map[")]
            checks = {field.json: _checker(field.go) for field in fields}
            self._below = {name: check for name, check in checks.items() if check is not None}
        return self._below


def _at(path: str, field: str) -> str:
    return f"{path}.{field}" if path else field


def _problems(value: Any, rule: dict[str, Any], path: str) -> Iterator[Problem]:
    if "each" in rule:
        one = {"among": rule["among"]}
        for place, item in enumerate(value):
            where = path if rule["each"] == "unnamed" else f"{path}[{place}]"
            yield from _problems(item, one, where)
    elif "among" in rule:
        if value not in rule["among"]:
            yield unsupported(path, value, tuple(rule["among"]))
    elif value.__class__ is int:
        least, most = rule["least"], rule.get("most")
        if value < least or (most is not None and value > most):
            yield invalid_value(path, str(value), rule.get("text") or _bounds_text(least, most))


def _bounds_text(least: int, most: int | None) -> str:
    if most is None:
        return f"must be greater than or equal to {least}"
    return f"must be between {least} and {most}, inclusive"
