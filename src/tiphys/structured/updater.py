"""Who owns which field after a write, and whose fields a write may not touch.

Source: structured-merge-diff v6, merge/update.go and merge/conflict.go. Where the library converts
an object between versions of its API, we take the types of one version for those of all: names of
fields that moved between versions are the only thing that this gets wrong.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

from tiphys.model.errors import TiphysError
from tiphys.structured.compare import additions, compare
from tiphys.structured.fields import reconciled, to_fieldset, with_named_fields
from tiphys.structured.fieldset import EMPTY, FieldSet
from tiphys.structured.managed import Entry, ManagerId, Managers
from tiphys.structured.merging import merge_values
from tiphys.structured.pathelement import Path, path_text
from tiphys.structured.removing import remove_items
from tiphys.structured.types import TypeRef


class Conflict(NamedTuple):
    """A field that somebody else owns with another value."""

    manager: ManagerId
    path: Path

    @property
    def field(self) -> str:
        """The path as the API server's messages show it."""
        return path_text(self.path)


class ConflictError(TiphysError):
    """An apply would change fields that other managers own; it was not forced.

    Attributes:
        conflicts: every such field, sorted by manager and path.
    """

    reason = "Conflict"

    def __init__(self, conflicts: tuple[Conflict, ...]) -> None:
        super().__init__(_conflict_text(conflicts))
        self.conflicts = conflicts


def _conflict_text(conflicts: tuple[Conflict, ...]) -> str:
    if len(conflicts) == 1:
        manager, field = conflicts[0].manager, conflicts[0].field
        return f"Apply failed with 1 conflict: conflict with {manager}: {field}"
    by_manager: dict[ManagerId, list[str]] = {}
    for conflict in conflicts:
        by_manager.setdefault(conflict.manager, []).append(conflict.field)
    lines = [f"Apply failed with {len(conflicts)} conflicts: "]
    for manager, fields in by_manager.items():
        lines += [f"conflicts with {manager}:", *(f"- {field}" for field in fields)]
    return lines[0] + "\n".join(lines[1:])


class Updater(NamedTuple):
    """The rules of one kind.

    Attributes:
        type_: the type of its objects.
        ignored: fields that this way of writing may not own, with all below them.
        versions: API versions that the server still serves; None when every version is.
    """

    type_: TypeRef
    ignored: FieldSet = EMPTY
    versions: Collection[str] | None = None

    def update(
        self, old: Any, new: Any, managers: Managers, who: tuple[ManagerId, str]
    ) -> Managers:
        """Return the managers after `new` has replaced `old` by way of an update.

        Args:
            old: the object before.
            new: the object that will be stored.
            managers: who owned what before.
            who: the manager that writes, and the API version that it writes in.
        """
        manager, api_version = who
        managers = self._reconciled(managers)
        difference = compare(old, new, self.type_).without(self.ignored)
        managers = self._take(difference, managers, manager, force=True)
        mine = managers.pop(manager, None)
        fields = (mine.fields if mine else EMPTY).difference(difference.removed)
        fields = fields.union(difference.modified).union(difference.added)
        if fields := fields.recursive_difference(self.ignored):
            managers[manager] = Entry(fields, api_version, mine.time if mine else "")
        return managers

    def create(self, structs: Any, new: Any, who: tuple[ManagerId, str]) -> Managers:
        """Return the managers of an object that is created: all that it says, by who says it.

        Args:
            structs: what nobody owns.
            new: the object.
            who: the manager that writes, and the API version that it writes in.
        """
        manager, api_version = who
        fields = additions(structs, new, self.type_).recursive_difference(self.ignored)
        return {manager: Entry(fields, api_version)} if fields else {}

    def apply(
        self,
        live: Any,
        applied: Any,
        managers: Managers,
        who: tuple[ManagerId, str],
        *,
        force: bool,
    ) -> tuple[Any, Managers]:
        """Return the object and its managers after `applied` has been applied to `live`.

        Raises:
            ConflictError: others own fields that would change, and `force` is not set.
            ListItemError: an item of a list has no key.
        """
        manager, api_version = who
        time = managers[manager].time if manager in managers else ""
        managers = self._reconciled(managers)
        merged = merge_values(live, applied, self.type_)
        last = managers.get(manager)
        fields = to_fieldset(applied, self.type_).recursive_difference(self.ignored)
        managers[manager] = Entry(fields, api_version, time)
        if last is not None:
            merged = self._prune(merged, managers, fields, last)
        difference = compare(live, merged, self.type_).without(self.ignored)
        return merged, self._take(difference, managers, manager, force=force)

    def _reconciled(self, managers: Managers) -> Managers:
        return {
            key: entry._replace(fields=reconciled(entry.fields, self.type_))
            for key, entry in managers.items()
            if self._is_served(entry.api_version)
        }

    def _is_served(self, api_version: str) -> bool:
        return self.versions is None or api_version in self.versions

    def _take(
        self, difference: Any, managers: Managers, manager: ManagerId, *, force: bool
    ) -> Managers:
        """Take what changed from everybody but `manager`."""
        if difference.is_same:
            return {key: entry for key, entry in managers.items() if entry.fields}
        changed, result, conflicts = difference.changed, {}, []
        for key, entry in managers.items():
            fields = entry.fields
            if key != manager:
                disputed = fields.intersection(changed)
                conflicts += [Conflict(key, path) for path in disputed]
                fields = fields.difference(disputed).difference(difference.removed)
            if fields:
                result[key] = entry._replace(fields=fields)
        if conflicts and not force:
            raise ConflictError(tuple(sorted(conflicts, key=lambda found: found.manager.order)))
        return result

    def _prune(self, merged: Any, managers: Managers, fields: FieldSet, last: Entry) -> Any:
        """Remove what the manager applied last time, does not apply now, and nobody else owns."""
        if last.fields.is_subset(fields) or not self._is_served(last.api_version):
            return merged
        type_ = self.type_
        given_up = with_named_fields(last.fields, type_)
        pruned = remove_items(merged, given_up, type_)
        all_fields = with_named_fields(to_fieldset(merged, type_), type_)
        owned = EMPTY
        for entry in managers.values():
            owned = owned.union(with_named_fields(entry.fields, type_))
        kept = with_named_fields(to_fieldset(pruned, type_), type_).union(owned)
        pruned = remove_items(merged, all_fields.difference(kept), type_)
        # What was in the way but never ours (unowned, or an updater's) comes back.
        left = with_named_fields(to_fieldset(pruned, type_), type_)
        return remove_items(merged, all_fields.difference(left).intersection(given_up), type_)
