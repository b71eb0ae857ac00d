"""Fields that are not compared: `ignoreDifferences`, of an Application or of the installation.

A rule takes its fields out of target, live and prediction alike; what is in none of them cannot
differ. Nothing is changed in place: each removal copies only the maps and lists above it.

Source: Argo CD user guide, "Diff Customization"; RFC 6901 for the pointers.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from tiphys.engine.fields import has_keys, parse_key
from tiphys.model.application import ResourceIgnoreDifferences
from tiphys.model.errors import TiphysError
from tiphys.model.keys import GroupKind, Manifest, ResourceKey
from tiphys.model.numbers import whole_number

Transform = Callable[[Manifest], Manifest]
"""Returns a new manifest without what it ignores; raises TiphysError when it cannot tell."""

_CRD = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")


class UndecidedError(TiphysError):
    """Nobody can tell what a rule ignores: its expression exceeds its limits.

    Any other error of an expression says that there is nothing to ignore in an object, which lacks
    the field for example.
    """

    reason = "IgnoreRuleUndecided"


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """One entry, ready for use; equal when the entries are equal."""

    entry: ResourceIgnoreDifferences
    pointers: tuple[tuple[str, ...], ...] = field(compare=False)
    transforms: tuple[Transform, ...] = field(compare=False)

    def selects(self, key: ResourceKey) -> bool:
        """Return whether the rule is for a resource; an empty group is the core group."""
        entry = self.entry
        return (
            fnmatchcase(key.group, entry.group)
            and fnmatchcase(key.kind, entry.kind)
            and entry.name in {"", key.name}
            and entry.namespace in {"", key.namespace}
        )


def compile_rules(
    entries: Iterable[ResourceIgnoreDifferences], compile_jq: Callable[[str], Transform]
) -> tuple[tuple[IgnoreRule, ...], tuple[str, ...]]:
    """Return rules in the order of their entries, and a line for each part that is unusable.

    Args:
        entries: those of the Application first, then those of the installation.
        compile_jq: returns what `del(<expression>)` does; raises TiphysError for bad syntax.
    """
    rules: list[IgnoreRule] = []
    problems: list[str] = []
    for entry in entries:
        transforms: list[Transform] = []
        for expression in entry.jq_path_expressions:
            try:
                transforms.append(compile_jq(expression))
            except TiphysError as err:
                problems.append(err.line)
        pointers = tuple(_parse_pointer(text) for text in entry.json_pointers)
        rules.append(IgnoreRule(entry, pointers, tuple(transforms)))
    return tuple(rules), tuple(problems)


def select_rules(rules: Iterable[IgnoreRule], key: ResourceKey) -> tuple[IgnoreRule, ...]:
    """Return the rules for one resource, in their order."""
    return tuple(rule for rule in rules if rule.selects(key))


def ignores_status(setting: str, kind: GroupKind) -> bool:
    """Return whether `ignoreResourceStatusField` (all, crd, none) covers a kind."""
    return setting == "all" or (setting == "crd" and kind == _CRD)


def _parse_pointer(text: str) -> tuple[str, ...]:
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in text.split("/")[1:])


class Ignored:
    """Applies the rules of one resource to every face of it, and collects what went wrong.

    Attributes:
        problems: all that went wrong.
        undecided: that of it which leaves open what is ignored.
    """

    def __init__(self, rules: Sequence[IgnoreRule], managed_fields: Sequence[Any]) -> None:
        """Prepare for one resource.

        Args:
            rules: those that select it.
            managed_fields: of its live object: who owns what, for `managedFieldsManagers`.
        """
        self._rules = rules
        self._owned = _owned_fields(rules, managed_fields)
        self.problems: list[str] = []
        self.undecided: list[str] = []

    def strip(self, manifest: Manifest) -> Manifest:
        """Return the manifest without the ignored fields; the input is untouched."""
        for rule in self._rules:
            for pointer in rule.pointers:
                manifest = remove_pointer(manifest, pointer)
            for transform in rule.transforms:
                try:
                    manifest = transform(manifest)
                except TiphysError as err:
                    self._note(err)
        for fields in self._owned:
            manifest = remove_fields(manifest, fields)
        return manifest

    def _note(self, err: TiphysError) -> None:
        if err.line in self.problems:
            return
        self.problems.append(err.line)
        if isinstance(err, UndecidedError):
            self.undecided.append(err.line)


def _owned_fields(rules: Sequence[IgnoreRule], managed_fields: Sequence[Any]) -> list[Manifest]:
    managers = {name for rule in rules for name in rule.entry.managed_fields_managers}
    if not managers:
        return []
    return [entry.get("fieldsV1") or {} for entry in managed_fields if entry["manager"] in managers]


def remove_pointer(value: Any, pointer: Sequence[str]) -> Any:
    """Return the value without what a JSON pointer names; a pointer to nothing changes nothing."""
    if not pointer:
        return value
    token, rest = pointer[0], pointer[1:]
    if isinstance(value, dict) and token in value:
        return _without_field(value, token, rest)
    index = whole_number(token) if isinstance(value, list) else None
    if index is not None and index < len(value):
        kept = [remove_pointer(value[index], rest)] if rest else []
        return [*value[:index], *kept, *value[index + 1 :]]
    return value


def _without_field(value: Manifest, name: str, rest: Sequence[str]) -> Manifest:
    if rest:
        return {**value, name: remove_pointer(value[name], rest)}
    return {key: item for key, item in value.items() if key != name}


def remove_fields(value: Any, fields: Manifest) -> Any:
    """Return the value without the leaves of a FieldsV1 map.

    Only leaves go: a manager that owns an element of a list owns the element's being there, and
    taking the element out would hide the fields that others own in it.
    """
    if isinstance(value, dict):
        return _without_owned_fields(value, fields)
    if isinstance(value, list):
        return _without_owned_members(value, fields)
    return value


def _without_owned_fields(value: Manifest, fields: Manifest) -> Manifest:
    kept: Manifest = {}
    for name, item in value.items():
        owned = fields.get(f"f:{name}")
        if owned is None:
            kept[name] = item
        elif owned:
            kept[name] = remove_fields(item, owned)
    return kept


def _without_owned_members(value: list[Any], fields: Manifest) -> list[Any]:
    from_items = [(parse_key(key), sub) for key, sub in fields.items() if key.startswith("k:")]
    members = [parse_key(key) for key in fields if key.startswith("v:")]
    kept: list[Any] = []
    for item in value:
        if item in members:
            continue
        owned = [sub for keys, sub in from_items if has_keys(item, keys)]
        kept.append(remove_fields(item, owned[0]) if owned else item)
    return kept
