"""Sets of field paths: what a manager owns, what a write changed.

A set is a tree. `members` are the elements at this level that are in the set themselves,
`children` the elements below which there is more; an element can be both (`"."` on the wire).
Sets are immutable once built and share their subtrees freely; no child is ever empty.

Source: structured-merge-diff v6, fieldpath/set.go and serialize.go.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import orjson

from tiphys.structured.pathelement import (
    Path,
    PathElement,
    PathElementError,
    parse_element,
    path_text,
    sort_key,
)
from tiphys.structured.types import TypeRef


class _Written(dict[str, Any]):
    """A FieldsV1 object that knows which set it writes down."""

    __slots__ = ("fields",)

    def __init__(self, written: dict[str, Any], fields: "FieldSet") -> None:
        super().__init__(written)
        self.fields = fields


class FieldSet:
    """An immutable set of field paths.

    Attributes:
        fits: the type that the set was last found to be in step with; see `reconciled`.
    """

    __slots__ = ("_written", "children", "fits", "members")

    def __init__(
        self,
        members: Iterable[PathElement] = (),
        children: Mapping[PathElement, "FieldSet"] | None = None,
    ) -> None:
        self.members: frozenset[PathElement] = frozenset(members)
        self.children: Mapping[PathElement, FieldSet] = children or {}
        self.fits: TypeRef | None = None
        self._written: dict[str, Any] | None = None

    @classmethod
    def of(cls, *paths: Path) -> "FieldSet":
        """Return the set of these paths; the empty path stands for nothing."""
        result = EMPTY
        for path in paths:
            if path:
                result = result.union(_single(path))
        return result

    @classmethod
    def from_fields_v1(cls, fields: Mapping[str, Any]) -> "FieldSet":
        """Return the set that a FieldsV1 object writes down.

        Raises:
            PathElementError: a key is not a path element, or a value is not an object.
        """
        # Every write reads all owners of an object anew, and objects of a kind are owned alike.
        return fields.fields if isinstance(fields, _Written) else _read_text(orjson.dumps(fields))

    def to_fields_v1(self) -> dict[str, Any]:
        """Return the FieldsV1 object, its keys in the order in which the API server writes them.

        It is shared with whoever asks for it again, so what is in it is never to be changed.
        """
        if self._written is None:
            self._written = _write(self, owns_itself=False)
        return _Written(self._written, self)

    def __bool__(self) -> bool:
        return bool(self.members or self.children)

    def is_empty(self) -> bool:
        """Tell whether no path is in the set."""
        return not (self.members or self.children)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FieldSet):
            return NotImplemented
        return self is other or (self.members == other.members and self.children == other.children)

    def __hash__(self) -> int:
        return hash((self.members, frozenset(self.children)))

    def __contains__(self, path: object) -> bool:
        return isinstance(path, tuple) and self.has(path)

    def has(self, path: Path) -> bool:
        """Tell whether exactly this path is a member; the empty path never is."""
        node = self
        for element in path[:-1]:
            below = node.children.get(element)
            if below is None:
                return False
            node = below
        return bool(path) and path[-1] in node.members

    def below(self, element: PathElement) -> "FieldSet":
        """Return what the set holds below an element, without that element itself."""
        return self.children.get(element, EMPTY)

    def at(self, path: Path) -> "FieldSet":
        """Return what the set holds below a path."""
        node = self
        for element in path:
            node = node.below(element)
        return node

    def __iter__(self) -> Iterator[Path]:
        return _paths(self, ())

    def __len__(self) -> int:
        return len(self.members) + sum(map(len, self.children.values()))

    def __repr__(self) -> str:
        return f"FieldSet({', '.join(map(path_text, self))})"

    def union(self, other: "FieldSet") -> "FieldSet":
        """Return the paths that are in either set."""
        if not other or self is other:
            return self
        if not self:
            return other
        children = dict(self.children)
        for element, theirs in other.children.items():
            ours = children.get(element)
            children[element] = theirs if ours is None else ours.union(theirs)
        members = self.members | other.members
        return _reused((self, other), members, children)

    def intersection(self, other: "FieldSet") -> "FieldSet":
        """Return the paths that are in both sets."""
        if self is other:
            return self
        children = {}
        for element, ours in self.children.items():
            theirs = other.children.get(element)
            if theirs is not None and (shared := ours.intersection(theirs)):
                children[element] = shared
        return FieldSet(self.members & other.members, children)

    def difference(self, other: "FieldSet") -> "FieldSet":
        """Return our paths that are not in the other set; a path there spares those below it."""
        if not other:
            return self
        children = {}
        for element, ours in self.children.items():
            theirs = other.children.get(element)
            if left := ours if theirs is None else ours.difference(theirs):
                children[element] = left
        return _reused((self,), self.members - other.members, children)

    def recursive_difference(self, other: "FieldSet") -> "FieldSet":
        """Return our paths that are neither in the other set nor below one of its paths."""
        if not other:
            return self
        children = {}
        for element, ours in self.children.items():
            if element in other.members:
                continue
            theirs = other.children.get(element)
            if left := ours if theirs is None else ours.recursive_difference(theirs):
                children[element] = left
        return _reused((self,), self.members - other.members, children)

    def leaves(self) -> "FieldSet":
        """Return the paths that have no other path of the set below them."""
        children = {element: below.leaves() for element, below in self.children.items()}
        return FieldSet(self.members - self.children.keys(), children)

    def is_subset(self, other: "FieldSet") -> bool:
        """Tell whether every path is in the other set too."""
        if self is other:
            return True
        if not self.members <= other.members:
            return False
        return all(
            (theirs := other.children.get(element)) is not None and ours.is_subset(theirs)
            for element, ours in self.children.items()
        )


EMPTY = FieldSet()


def _reused(
    known: tuple[FieldSet, ...],
    members: frozenset[PathElement],
    children: dict[PathElement, FieldSet],
) -> FieldSet:
    """Return a set: one of those that are known when it is the same, for it is written already."""
    for fields in known:
        if members == fields.members and children == fields.children:
            return fields
    return FieldSet(members, children)


def _paths(node: FieldSet, prefix: Path) -> Iterator[Path]:
    for element in sorted(node.members, key=sort_key):
        yield (*prefix, element)
    for element in sorted(node.children, key=sort_key):
        yield from _paths(node.children[element], (*prefix, element))


def _single(path: Path) -> FieldSet:
    result = FieldSet((path[-1],))
    for element in reversed(path[:-1]):
        result = FieldSet((), {element: result})
    return result


@lru_cache(maxsize=1024)
def _read_text(text: bytes) -> FieldSet:
    return _read(orjson.loads(text))[0]


def _read(fields: Mapping[str, Any]) -> tuple[FieldSet, bool]:
    """Return what lies below, and whether the element that holds `fields` is itself a member."""
    if fields and not isinstance(fields, Mapping):
        raise PathElementError(f"expected an object, got `{fields!r}`", where="managedFields")
    members: list[PathElement] = []
    children: dict[PathElement, FieldSet] = {}
    for key, value in (fields or {}).items():
        if key == "." or (element := parse_element(key)) is None:
            continue
        below, is_member = _read(value) if value else (EMPTY, True)
        if is_member:
            members.append(element)
        if below:
            children[element] = below
    if not members and not children:
        return EMPTY, True
    return FieldSet(members, children), "." in fields


def _ordered(elements: Iterable[PathElement]) -> list[PathElement]:
    ordered = sorted(elements)
    if not ordered or (ordered[0][:2] == "f:" and ordered[-1][:2] == "f:"):
        return ordered  # the names of fields alone are in the order of their texts
    return sorted(ordered, key=sort_key)


def _write(node: FieldSet, *, owns_itself: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if owns_itself:
        fields["."] = {}
    members, children = node.members, node.children
    if not children:
        for element in _ordered(members):
            fields[element] = {}
        return fields
    for element in _ordered(members | children.keys()):
        below = children.get(element)
        fields[element] = {} if below is None else _write(below, owns_itself=element in members)
    return fields
