"""Sets of field paths: what a manager owns, what a write changed.

A set is a tree. `members` are the elements at this level that are in the set themselves,
`children` the elements below which there is more; an element can be both (`"."` on the wire).
Sets are immutable once built and share their subtrees freely; no child is ever empty.

Objects of a kind are owned alike, so of equal sets there is one most of the time: what was found
out about it (how it is written down, say) is found out once.

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
        written: the set as `to_fields_v1` writes it, once that was asked for.
    """

    __slots__ = ("children", "fits", "members", "written")
    members: frozenset[PathElement]
    children: Mapping[PathElement, "FieldSet"]
    fits: TypeRef | None
    written: dict[str, Any] | None

    def __new__(
        cls,
        members: Iterable[PathElement] = (),
        children: Mapping[PathElement, "FieldSet"] | None = None,
    ) -> "FieldSet":
        """Return the set with these members and children."""
        members, children = frozenset(members), children or {}
        key = _key(members, children)
        found = _known.get(key)
        if found is None:
            found = super().__new__(cls)
            found.members, found.children = members, children
            found.fits = found.written = None
            _remember(key, found)
        return found

    @classmethod
    def of(cls, *paths: Path) -> "FieldSet":
        """Return the set of these paths; the empty path stands for nothing."""
        result = EMPTY
        for path in paths:
            if path:
                result = result.union(_single(path))
        return result

    @classmethod
    def of_fields(
        cls, names: Iterable[str], children: Mapping[PathElement, "FieldSet"]
    ) -> "FieldSet":
        """Return the set of the fields with these names, and of what lies below some of them."""
        names = tuple(names)
        key = _key(names, children) if children else names
        found = _known.get(key)
        if found is None:
            found = FieldSet(("f:" + name for name in names), children)
            _remember(key, found)
        return found

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
        return _Written(_written(self), self)

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
        return FieldSet(self.members | other.members, children)

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
        return FieldSet(self.members - other.members, children)

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
        return FieldSet(self.members - other.members, children)

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


_Key = tuple[Any, ...]
_MOST_KNOWN = 8192
_MOST_SHARED = 64  # elements: what is larger is not met twice, and would take much memory
_known: dict[_Key, FieldSet] = {}


def _key(members: Any, children: Mapping[PathElement, FieldSet]) -> _Key:
    # Children are alive as long as the set that is known by their identities, and has them.
    return (members, *children, *map(id, children.values()))


def _remember(key: _Key, fields: FieldSet) -> None:
    if len(fields.members) + len(fields.children) > _MOST_SHARED:
        return
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
        _known[_key(EMPTY.members, {})] = EMPTY
    _known[key] = fields


EMPTY = FieldSet()


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


def _ordered(node: FieldSet) -> list[PathElement]:
    ordered = sorted(node.members | node.children.keys() if node.children else node.members)
    if not ordered or (ordered[0][:2] == "f:" and ordered[-1][:2] == "f:"):
        return ordered  # the names of fields alone are in the order of their texts
    return sorted(ordered, key=sort_key)


def _written(node: FieldSet) -> dict[str, Any]:
    if node.written is None:
        node.written = {element: _below(node, element) for element in _ordered(node)}
    return node.written


def _below(node: FieldSet, element: PathElement) -> dict[str, Any]:
    below = node.children.get(element)
    if below is None:
        return {}
    return {".": {}, **_written(below)} if element in node.members else _written(below)
