"""What is wrong with values of fields, by the table in data/fieldrules.yaml and the rules below it.

Rules belong to structs, wherever these stand. The words are the API server's; of several problems
of one object the order may be another.

Source: Kubernetes API reference, and the answers in tests/contract/answers.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from tiphys.sandbox.problems import Problem, invalid_value, unsupported
from tiphys.sandbox.rules.structs import STRUCTS
from tiphys.sandbox.tables import load_table
from tiphys.sandbox.typed.apitypes import api_types
from tiphys.sandbox.typed.kinds import Kind
from tiphys.sandbox.typed.scalars import element_of
from tiphys.sandbox.typed.structs import flat_fields, struct_type

_Checker = Callable[[Any, str, list[Problem]], None]

_APIS = ("io.k8s.api.", "io.k8s.apimachinery.pkg.apis.")


def field_problems(manifest: dict[str, Any], kind: Kind) -> list[Problem]:
    """Return what is wrong with the values of an object of a built-in kind."""
    found: list[Problem] = []
    check = _checker(api_types().kinds.get(f"{kind.gvk.api_version}/{kind.kind}", ""))
    if check is not None:
        check(manifest, "", found)
    return [(path[1:], reason, text) for path, reason, text in found]


def _short(name: str) -> str:
    for prefix in _APIS:
        name = name.removeprefix(prefix)
    return name


@cache
def _has_rules(name: str, above: frozenset[str]) -> bool:
    if name in above or not struct_type(name):
        return False
    short = _short(name)
    if short in load_table("fieldrules") or short in STRUCTS:
        return True
    seen = above | {name}
    return any(_has_rules(element_of(field.go), seen) for field in flat_fields(name))


@cache
def _checker(go: str) -> _Checker | None:
    """Return what checks a value of a type; None when there is nothing to check."""
    name = element_of(go)
    if not _has_rules(name, frozenset()):
        return None
    check: _Checker = _StructChecker(name)
    return _each(check) if "[]" in go else check


def _each(check: _Checker) -> _Checker:
    def check_each(items: Any, path: str, found: list[Problem]) -> None:
        for place, item in enumerate(items):
            check(item, f"{path}[{place}]", found)

    return check_each


class _StructChecker:
    """Checks a struct; what is below is looked up when first used: a struct may contain itself."""

    def __init__(self, name: str) -> None:
        self._name = name
        short = _short(name)
        self._rules: dict[str, _Rule] = {
            field: _Rule(**rule) for field, rule in load_table("fieldrules").get(short, {}).items()
        }
        self._act = STRUCTS.get(short)
        self._below: dict[str, _Checker] | None = None

    def __call__(self, value: Any, path: str, found: list[Problem]) -> None:
        for field, rule in self._rules.items():
            entry = value.get(field)
            if entry is not None and not rule.fits(entry):
                found += rule.problems(entry, f"{path}.{field}")
        below = self._below if self._below is not None else self._prepared()
        for field, entry in value.items():
            if field in below and entry is not None:
                below[field](entry, f"{path}.{field}", found)
        if self._act is not None:
            found += self._act(value, path)

    def _prepared(self) -> dict[str, _Checker]:
        fields = [field for field in flat_fields(self._name) if not field.go.startswith("map[")]
        checks = {field.json: _checker(field.go) for field in fields}
        self._below = {name: check for name, check in checks.items() if check is not None}
        return self._below


class _Rule(NamedTuple):
    """What a field may be; see data/fieldrules.yaml."""

    among: Sequence[str] = ()
    each: str = ""
    least: int = 0
    most: int | None = None
    text: str = ""

    def fits(self, value: Any) -> bool:
        """Return whether a value is allowed."""
        if self.each:
            return all(item in self.among for item in value)
        if self.among:
            return value in self.among
        if value.__class__ is not int:  # the name of a port, a share
            return True
        return bool(value >= self.least and (self.most is None or value <= self.most))

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        """Yield what is wrong with a value that is not allowed."""
        if self.each:
            for place, item in enumerate(value):
                if item not in self.among:
                    where = path if self.each == "unnamed" else f"{path}[{place}]"
                    yield unsupported(where, item, tuple(self.among))
        elif self.among:
            yield unsupported(path, value, tuple(self.among))
        else:
            yield invalid_value(path, str(value), self.text or self._bounds)

    @property
    def _bounds(self) -> str:
        if self.most is None:
            return f"must be greater than or equal to {self.least}"
        return f"must be between {self.least} and {self.most}, inclusive"
