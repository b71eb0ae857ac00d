"""Whether live holds what target asks for, field by field.

Only target's fields are looked at: what else live has belongs to others. Some things are neither
equal nor different by looking at the values, and are handed on as doubts: an empty value or a null
that live lacks and that we do not own, elements that stand in another order, and a list that is one
value whose elements have more fields than target writes.

Source: Kubernetes API concepts, "Server-Side Apply"; sigs.k8s.io/structured-merge-diff.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from tiphys.engine.diff.lists import KeyedItems, ListRules, fields_at, keeps_order
from tiphys.engine.diff.paths import Path
from tiphys.model.keys import Manifest
from tiphys.structured.pathelement import value_element
from tiphys.structured.quantities import same_quantity
from tiphys.structured.types import TypeRef


class Difference(NamedTuple):
    """One field whose values differ; None stands for an absent value.

    Attributes:
        note: what the values do not tell.
    """

    path: Path
    target: Any
    live: Any
    note: str = ""


class ValueWalk:
    """Collects the differences and doubts of one comparison."""

    def __init__(self, rules: ListRules, applied: Sequence[Manifest]) -> None:
        """Prepare a walk.

        Args:
            rules: how lists merge.
            applied: FieldsV1 maps of what we applied before.
        """
        self._rules, self._applied = rules, applied
        self.differences: list[Difference] = []
        self.doubts: list[Path] = []
        self.duplicates: list[Path] = []

    def compare(self, target: Any, live: Any, type_: TypeRef | None, path: Path = ()) -> None:
        """Compare one value of target with its counterpart; None is absent."""
        if target is None:
            return
        if live is None:
            self._compare_absent(target, type_, path)
        elif isinstance(target, dict) and isinstance(live, dict):
            self._compare_maps(target, live, type_, path)
        elif isinstance(target, list) and isinstance(live, list):
            self._compare_lists(target, live, type_, path)
        elif not same_scalar(target, live, type_):
            self.differences.append(Difference(path, target, live))

    def _compare_absent(self, target: Any, type_: TypeRef | None, path: Path) -> None:
        # Servers drop empty values. One that we own and live lacks was dropped; had somebody
        # removed it, we would own it no longer. A list that merges is owned by its elements
        # alone, so an empty one asks for nothing.
        if not is_empty(target):
            self.differences.append(Difference(path, target, None))
        elif target == [] and self._rules.keys_at(path, type_) is not None:
            return
        elif not any(fields_at(root, path) is not None for root in self._applied):
            self.doubts.append(path)

    def _compare_maps(
        self, target: Manifest, live: Manifest, type_: TypeRef | None, path: Path
    ) -> None:
        for name, value in target.items():
            if value is None:
                self._compare_null(live, name, path)
                continue
            child = type_.child(name) if type_ is not None else None
            self.compare(value, live.get(name), child, (*path, "f:" + name))

    def _compare_null(self, live: Manifest, name: str, path: Path) -> None:
        # Whether a null is stored is for the server to say. One that we own and live lacks was not.
        here = (*path, "f:" + name)
        is_owned = any(fields_at(root, here) is not None for root in self._applied)
        if live.get(name) is not None or (name not in live and not is_owned):
            self.doubts.append(here)

    def _compare_lists(
        self, target: list[Any], live: list[Any], type_: TypeRef | None, path: Path
    ) -> None:
        names = self._rules.keys_at(path, type_)
        if names is None:
            self._compare_whole(target, live, type_, path)
        elif names == ():
            members = [
                Difference((*path, value_element(value)), value, None)
                for value in target
                if value not in live
            ]
            self.differences.extend(members)
        else:
            self._compare_items(target, live, (names, type_), path)

    def _compare_items(
        self,
        target: list[Any],
        live: list[Any],
        how: tuple[tuple[str, ...], TypeRef | None],
        path: Path,
    ) -> None:
        names, type_ = how
        wanted, found = KeyedItems(target, names, type_), KeyedItems(live, names, type_)
        if not (wanted.is_regular and found.is_regular):
            self._compare_whole(target, live, type_, path)
            return
        if wanted.has_duplicates or found.has_duplicates:
            self.duplicates.append(path)
            self._compare_whole(target, live, type_, path)
            return
        element = type_.list.element if type_ is not None and type_.list is not None else None
        for key, item in wanted.by_key.items():
            self.compare(item, found.by_key.get(key), element, (*path, key))
        if not keeps_order(tuple(wanted.by_key), tuple(found.by_key)):
            self.doubts.append(path)

    def _compare_whole(
        self, target: list[Any], live: list[Any], type_: TypeRef | None, path: Path
    ) -> None:
        if same_value(target, live):
            if _lacks_nulls(target, live):
                self.doubts.append(path)
            return
        if self._is_contained(target, live, type_):
            self.doubts.append(path)
        else:
            self.differences.append(Difference(path, target, live))

    def _is_contained(self, target: list[Any], live: list[Any], type_: TypeRef | None) -> bool:
        if len(target) != len(live):
            return False
        inner = ValueWalk(ListRules(()), ())
        element = type_.list.element if type_ is not None and type_.list is not None else None
        for wanted, found in zip(target, live, strict=True):
            inner.compare(wanted, found, element)
        return not inner.differences


def _lacks_nulls(target: Any, live: Any) -> bool:
    """Return whether a null of target is absent from live, where both are equal otherwise."""
    if isinstance(target, dict):
        return any(
            name not in live if value is None else _lacks_nulls(value, live[name])
            for name, value in target.items()
        )
    if isinstance(target, list):
        return any(map(_lacks_nulls, target, live))
    return False


def is_empty(value: Any) -> bool:
    """Return whether a value may be dropped by a server that does not tell empty from absent."""
    if isinstance(value, dict):
        return all(item is None or is_empty(item) for item in value.values())
    return value in ([], "", 0, False)


def same_scalar(target: Any, live: Any, type_: TypeRef | None) -> bool:
    """Return whether two values are equal; a quantity equals another way of writing it."""
    if same_value(target, live):
        return True
    if type_ is not None and type_.format == "quantity":
        return same_quantity(target, live)
    return False


def same_value(one: Any, other: Any) -> bool:
    """Return whether two JSON values are equal: True and 1 are not, null and absent are."""
    if isinstance(one, dict) and isinstance(other, dict):
        return all(same_value(one.get(k), other.get(k)) for k in one.keys() | other.keys())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_value, one, other))
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
