"""Field masks: which fields of an answer a client wants.

Source: Argo CD's `fields` query parameter: `a.b,items.metadata.name` keeps these, a `-` before the
first leaves these out.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

Tree = dict[str, Any]
"""Names of fields, each with the tree below it; an empty tree takes the field whole."""

_MAX_LENGTH = 8192


class Mask(msgspec.Struct, frozen=True):
    """Which fields of a JSON value are kept.

    Attributes:
        text: the same for masks that keep the same, for caches; "" keeps everything.
        fields: see `Tree`.
        is_exclusion: the fields are left out, all others kept.
    """

    text: str = ""
    fields: Tree = {}
    is_exclusion: bool = False

    def apply(self, value: Any) -> Any:
        """Return what of a value is kept; the input is untouched and shared where it can be."""
        if not self.text:
            return value
        return _without(value, self.fields) if self.is_exclusion else _only(value, self.fields)

    def below(self, *prefixes: str) -> "Mask":
        """Return the mask of what lies under the first of some prefixes that it names.

        A mask that names none of them is `NOTHING` below; one of exclusions keeps everything.
        """
        for prefix in prefixes:
            tree: Any = self.fields
            for name in prefix.split("."):
                tree = tree.get(name) if isinstance(tree, dict) else None
            if tree is not None:
                if tree:
                    return _mask(tree, is_exclusion=self.is_exclusion)
                return NOTHING if self.is_exclusion else Mask()
        return Mask() if self.is_exclusion or not self.text else NOTHING


NOTHING: Final = Mask("nothing", {"": {}})
"""Keeps nothing: no field has an empty name."""


def parse_mask(text: str) -> Mask:
    """Return the mask that a `fields` parameter asks for; one that is too long keeps all."""
    text = text.strip()
    if not text or len(text) > _MAX_LENGTH:
        return Mask()
    is_exclusion = text.startswith("-")
    return _mask(_tree(text.removeprefix("-").split(",")), is_exclusion=is_exclusion)


def _mask(fields: Tree, *, is_exclusion: bool) -> Mask:
    return Mask(f"{'-' if is_exclusion else ''}{fields}", fields, is_exclusion)


def _tree(paths: Iterable[str]) -> Tree:
    tree: Tree = {}
    whole: set[str] = set()
    for path in sorted(filter(None, (path.strip() for path in paths)), key=len):
        branch, prefix = tree, ""
        for name in path.split("."):
            prefix = f"{prefix}.{name}"
            if prefix in whole:
                break
            branch = branch.setdefault(name, {})
        else:
            whole.add(prefix)
    return tree


def _only(value: Any, fields: Tree) -> Any:
    if not fields:
        return value
    if isinstance(value, list):
        return [_only(item, fields) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _only(value[name], below) for name, below in fields.items() if name in value}


def _without(value: Any, fields: Tree) -> Any:
    if isinstance(value, list):
        return [_without(item, fields) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _without(member, fields[name]) if name in fields else member
        for name, member in value.items()
        if name not in fields or fields[name]
    }
