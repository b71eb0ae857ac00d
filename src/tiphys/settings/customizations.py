"""Resource customizations of `argocd-cm`: scripts of health and actions, ignored differences.

Two spellings exist: one map under `resource.customizations`, and a key for each kind and type,
`resource.customizations.<type>.<group>_<Kind>`. Both give the same records here. `useOpenLibs` is
read and changes nothing: scripts always have the libraries that do not reach out, and no others.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Protocol, TypeVar

import msgspec
import yaml

from tiphys.engine.known_types import BUILT_IN, known_type
from tiphys.model.application import KnownTypeField, ResourceIgnoreDifferences
from tiphys.model.keys import GroupKind

_PREFIX = "resource.customizations"
_TYPES = {
    "health": "health.lua",
    "useOpenLibs": "health.lua.useOpenLibs",
    "actions": "actions",
    "ignoreDifferences": "ignoreDifferences",
    "ignoreResourceUpdates": "ignoreResourceUpdates",
    "knownTypeFields": "knownTypeFields",
}


class HealthScript(msgspec.Struct, frozen=True):
    """A Lua health check for the kinds that a pattern matches."""

    pattern: GroupKind
    script: str


class ActionScripts(msgspec.Struct, frozen=True):
    """The Lua actions of the kinds that a pattern matches.

    Attributes:
        discovery: the script that says which actions an object has; empty for none.
        definitions: the script of each action, by name.
        merges_built_in: whether our own actions of the kind stay; a definition goes before one of
            the same name.
    """

    pattern: GroupKind
    discovery: str = ""
    definitions: Mapping[str, str] = {}
    merges_built_in: bool = False


class KnownTypes(msgspec.Struct, frozen=True):
    """Which fields of the kinds that a pattern matches have the type of a built-in one."""

    pattern: GroupKind
    fields: tuple[KnownTypeField, ...]


class Customizations(msgspec.Struct, frozen=True, kw_only=True):
    """All customizations of an installation."""

    health_scripts: tuple[HealthScript, ...] = ()
    action_scripts: tuple[ActionScripts, ...] = ()
    ignored_differences: tuple[ResourceIgnoreDifferences, ...] = ()
    ignored_updates: tuple[ResourceIgnoreDifferences, ...] = ()
    known_types: tuple[KnownTypes, ...] = ()

    def health_script(self, kind: GroupKind) -> HealthScript | None:
        """Return the script for a kind: the exact entry, else the first pattern that matches."""
        return _best(self.health_scripts, kind)

    def actions_of(self, kind: GroupKind) -> ActionScripts | None:
        """Return the actions for a kind: the exact entry, else the first pattern that matches."""
        return _best(self.action_scripts, kind)

    def known_type_fields(self, kind: GroupKind) -> tuple[KnownTypeField, ...]:
        """Return the fields of a kind that have the type of a built-in one."""
        return BUILT_IN.get(kind, ()) + tuple(
            field
            for known in self.known_types
            if _matches(known.pattern, kind)
            for field in known.fields
        )


class _Patterned(Protocol):
    @property
    def pattern(self) -> GroupKind: ...


_P = TypeVar("_P", bound=_Patterned)


def _best(entries: tuple[_P, ...], kind: GroupKind) -> _P | None:
    """Return the entry that names a kind exactly, else the first whose pattern matches."""
    exact = (entry for entry in entries if entry.pattern == kind)
    matching = (entry for entry in entries if _matches(entry.pattern, kind))
    return next(exact, None) or next(matching, None)


def _matches(pattern: GroupKind, kind: GroupKind) -> bool:
    return fnmatchcase(kind.group, pattern.group) and fnmatchcase(kind.kind, pattern.kind)


def parse_customizations(data: Mapping[str, str]) -> tuple[Customizations, list[str]]:
    """Return the customizations of `argocd-cm`'s data, and a line for each that is unreadable."""
    problems: list[str] = []
    by_kind: dict[GroupKind, dict[str, Any]] = {}
    for pattern, field, value in _entries(data, problems):
        by_kind.setdefault(pattern, {})[field] = value
    scripts, actions, differences, updates, known = [], [], [], [], []
    for pattern, fields in sorted(by_kind.items()):
        if script := fields.get("health.lua"):
            scripts.append(HealthScript(pattern, script))
        actions += _actions(pattern, fields.get("actions"), problems)
        differences += _rule(pattern, fields.get("ignoreDifferences"), problems)
        updates += _rule(pattern, fields.get("ignoreResourceUpdates"), problems)
        known += _known_types(pattern, fields.get("knownTypeFields"), problems)
    record = Customizations(
        health_scripts=tuple(scripts),
        action_scripts=tuple(actions),
        ignored_differences=tuple(differences),
        ignored_updates=tuple(updates),
        known_types=tuple(known),
    )
    return record, problems


def _entries(data: Mapping[str, str], problems: list[str]) -> Iterator[tuple[GroupKind, str, Any]]:
    for key, text in sorted(data.items()):
        if key == _PREFIX:
            yield from _legacy_entries(key, text, problems)
        elif key.startswith(_PREFIX + "."):
            kind_of_entry, _, name = key.removeprefix(_PREFIX + ".").partition(".")
            if kind_of_entry not in _TYPES:
                problems.append(f"argocd-cm: {key}: `{kind_of_entry}` is no type of customization")
            else:
                yield _split_pattern(name, "_"), _TYPES[kind_of_entry], text


def _legacy_entries(
    key: str, text: str, problems: list[str]
) -> Iterator[tuple[GroupKind, str, Any]]:
    try:
        entries = yaml.safe_load(text) or {}
        for name, fields in entries.items():
            for field, value in fields.items():
                yield _split_pattern(name, "/"), field, value
    except (yaml.YAMLError, AttributeError) as err:
        problems.append(f"argocd-cm: {key}: {' '.join(str(err).split())}")


def _split_pattern(name: str, separator: str) -> GroupKind:
    if name == "all":
        return GroupKind("*", "*")
    group, found, kind = name.rpartition(separator)
    return GroupKind(group if found else "", kind)


def _rule(pattern: GroupKind, value: Any, problems: list[str]) -> list[ResourceIgnoreDifferences]:
    if not value:
        return []
    try:
        fields = yaml.safe_load(value) if isinstance(value, str) else value
        rule = {"group": pattern.group, "kind": pattern.kind, **(fields or {})}
        return [msgspec.convert(rule, ResourceIgnoreDifferences)]
    except (yaml.YAMLError, TypeError, msgspec.ValidationError) as err:
        problems.append(f"argocd-cm: {_PREFIX} of {pattern}: {' '.join(str(err).split())}")
        return []


class _Definition(msgspec.Struct):
    name: str
    script: str = msgspec.field(name="action.lua")


class _Actions(msgspec.Struct):
    """The value of `actions`, as people write it."""

    discovery: str = msgspec.field(name="discovery.lua", default="")
    definitions: list[_Definition] = []
    merges_built_in: bool = msgspec.field(name="mergeBuiltinActions", default=False)


def _actions(pattern: GroupKind, value: Any, problems: list[str]) -> list[ActionScripts]:
    if not value:
        return []
    try:
        fields = yaml.safe_load(value) if isinstance(value, str) else value
        found = msgspec.convert(fields or {}, _Actions)
    except (yaml.YAMLError, msgspec.ValidationError) as err:
        problems.append(f"argocd-cm: {_PREFIX} of {pattern}: actions: {' '.join(str(err).split())}")
        return []
    return [
        ActionScripts(
            pattern,
            discovery=found.discovery,
            definitions={entry.name: entry.script for entry in found.definitions},
            merges_built_in=found.merges_built_in,
        )
    ]


def _known_types(pattern: GroupKind, value: Any, problems: list[str]) -> list[KnownTypes]:
    if not value:
        return []
    where = f"argocd-cm: {_PREFIX} of {pattern}: knownTypeFields"
    try:
        entries = yaml.safe_load(value) if isinstance(value, str) else value
        fields = msgspec.convert(entries or [], tuple[KnownTypeField, ...])
    except (yaml.YAMLError, msgspec.ValidationError) as err:
        problems.append(f"{where}: {' '.join(str(err).split())}")
        return []
    unknown = [field.type for field in fields if known_type(field.type) is None]
    problems += [f"{where}: `{name}` is no type that is known here" for name in unknown]
    return [KnownTypes(pattern, fields)]
