"""Who owns which field after a write, and whose fields a write may not touch.

Source: structured-merge-diff v6, merge/update.go and merge/conflict.go.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from tiphys.model.errors import InvalidInputError, TiphysError
from tiphys.structured.compare import Comparison, additions, compare
from tiphys.structured.fields import reconciled, to_fieldset, with_named_fields
from tiphys.structured.fieldset import EMPTY, FieldSet
from tiphys.structured.managed import Entry, ManagerId, Managers
from tiphys.structured.merging import merge_values
from tiphys.structured.pathelement import Path, path_text
from tiphys.structured.removing import remove_items
from tiphys.structured.types import TypeRef
from tiphys.structured.validation import TypedValueError
from tiphys.structured.versions import Versions


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


class ConversionError(InvalidInputError):
    """An object cannot be read in a version that somebody has written it in."""

    reason = "InvalidVersion"


class Updater(NamedTuple):
    """The rules of one kind.

    Attributes:
        type_: the type of its objects, in the version of the request.
        ignored: fields that this way of writing may not own, with all below them.
        versions: all versions of the kind. None: every version is taken to have this type.
    """

    type_: TypeRef
    ignored: FieldSet = EMPTY
    versions: Versions | None = None

    def update(
        self, old: Any, new: Any, managers: Managers, who: tuple[ManagerId, str]
    ) -> Managers:
        """Return the managers after `new` has replaced `old` by way of an update.

        Args:
            old: the object before.
            new: the object that will be stored.
            managers: who owned what before.
            who: the manager that writes, and the API version that it writes in.

        Raises:
            ConversionError: one of the objects cannot be read in the version of a manager.
        """
        manager, api_version = who
        managers = self._reconciled(old, managers)
        change = _Change(self, old, new, api_version)
        managers = self._take(change, managers, manager, force=True)
        mine = managers.pop(manager, None)
        difference = change.at(api_version)
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
            ConversionError: the object cannot be read in the version of a manager.
            ListItemError: an item of a list has no key.
        """
        manager, api_version = who
        time = managers[manager].time if manager in managers else ""
        managers = self._reconciled(live, managers)
        merged = merge_values(live, applied, self.type_)
        last = managers.get(manager)
        fields = to_fieldset(applied, self.type_).recursive_difference(self.ignored)
        managers[manager] = Entry(fields, api_version, time)
        if last is not None and (
            not last.fields.is_subset(fields)
            or self._has_others(api_version, (last, *managers.values()))
        ):
            merged = self._pruned(merged, managers, last)
            merged = self.view(merged, api_version, "failed to prune fields")
        if len(managers) == 1:  # there is nobody to take a field from
            return merged, managers if fields else {}
        change = _Change(self, live, merged, api_version)
        return merged, self._take(change, managers, manager, force=force)

    def type_in(self, api_version: str) -> TypeRef | None:
        """Return the type in a version, None when there is no such version."""
        return self.type_ if self.versions is None else self.versions.types.get(api_version)

    def view(self, value: Any, api_version: str, what: str = "") -> Any:
        """Return an object in a version.

        Raises:
            ConversionError: it cannot be read in it; the text begins with `what`.
        """
        if self.versions is None or value["apiVersion"] == api_version:
            return value
        try:
            return self.versions.view(value, api_version)
        except TypedValueError as err:
            raise ConversionError(f"{what}: {err.what}" if what else err.what) from err

    def _reconciled(self, live: Any, managers: Managers) -> Managers:
        result = {}
        for key, entry in managers.items():
            type_ = self.type_in(entry.api_version)
            if type_ is not None:
                self.view(live, entry.api_version)
                result[key] = entry._replace(fields=reconciled(entry.fields, type_))
            elif self.versions is not None and not self.versions.drops_others:
                what = "request to convert CR to an invalid group/version"
                raise ConversionError(f"{what}: {entry.api_version}")
        return result

    def _take(
        self, change: "_Change", managers: Managers, manager: ManagerId, *, force: bool
    ) -> Managers:
        """Take what changed from everybody but `manager`."""
        if change.is_none and not self._has_others(change.api_version, managers.values()):
            return {key: entry for key, entry in managers.items() if entry.fields}
        result, conflicts = {}, []
        for key, entry in managers.items():
            fields = entry.fields
            if key != manager:
                difference = change.at(entry.api_version)
                disputed = fields.intersection(difference.changed)
                conflicts += [Conflict(key, path) for path in disputed]
                fields = fields.difference(disputed).difference(difference.removed)
            if fields:
                result[key] = entry._replace(fields=fields)
        if conflicts and not force:
            raise ConflictError(tuple(sorted(conflicts, key=lambda found: found.manager.order)))
        return result

    def _has_others(self, api_version: str, entries: Iterable[Entry]) -> bool:
        """Tell whether fields are owned in other versions, in which a write may fail."""
        if self.versions is None:
            return False
        return any(entry.api_version != api_version for entry in entries)

    def _pruned(self, merged: Any, managers: Managers, last: Entry) -> Any:
        """Remove what the manager applied last time, does not apply now, and nobody else owns."""
        version, failed = last.api_version, "failed to prune fields: failed"
        type_ = self.type_in(version)
        assert type_ is not None, "entries of other versions are gone"
        what = f"{failed} to convert merged object to last applied version"
        merged = self.view(merged, version, what)
        given_up = with_named_fields(last.fields, type_)
        pruned = remove_items(merged, given_up, type_)
        what = f"{failed} add back owned items: failed"
        pruned = self._with_owned(merged, pruned, managers, (version, what))
        # What was in the way but never ours (unowned, or an updater's) comes back.
        what = f"{failed} add back dangling items: failed to convert pruned object to last applied"
        left = _all_fields(self.view(pruned, version, f"{what} version"), type_)
        lost = _all_fields(merged, type_).difference(left).intersection(given_up)
        return remove_items(merged, lost, type_)

    def _with_owned(self, merged: Any, pruned: Any, managers: Managers, at: tuple[str, str]) -> Any:
        """Bring back what somebody owns, in every version that somebody has written in."""
        last, failed = at
        owned: dict[str, FieldSet] = {}
        for entry in managers.values():
            version = last if self.versions is None else entry.api_version
            owned[version] = owned.get(version, EMPTY).union(entry.fields)
        for version in sorted(owned, key=lambda found: (found != last, found)):
            type_ = self.type_in(version)
            assert type_ is not None, "entries of other versions are gone"
            what = "object at version " + version
            merged = self.view(merged, version, f"{failed} to convert merged {what}")
            pruned = self.view(pruned, version, f"{failed} to convert pruned {what}")
            kept = _all_fields(pruned, type_).union(with_named_fields(owned[version], type_))
            pruned = remove_items(merged, _all_fields(merged, type_).difference(kept), type_)
        return pruned


class _Change:
    """What a write changes, as seen in each version."""

    def __init__(self, updater: Updater, old: Any, new: Any, api_version: str) -> None:
        self._updater, self._old, self._new = updater, old, new
        self.api_version = api_version
        self._found = {api_version: compare(old, new, updater.type_).without(updater.ignored)}
        self.is_none = self._found[api_version].is_same

    def at(self, api_version: str) -> Comparison:
        """Return the differences in a version.

        Raises:
            ConversionError: one of the objects cannot be read in it.
        """
        updater = self._updater
        if updater.versions is None:
            return self._found[self.api_version]
        found = self._found.get(api_version)
        if found is None:
            type_ = updater.type_in(api_version)
            assert type_ is not None, "entries of other versions are gone"
            old = updater.view(self._old, api_version, "failed to convert old object")
            new = updater.view(self._new, api_version, "failed to convert new object")
            found = compare(old, new, type_)
            if updater.versions.all_reset:
                found = found.without(updater.ignored)
            self._found[api_version] = found
        return found


def _all_fields(value: Any, type_: TypeRef) -> FieldSet:
    return with_named_fields(to_fieldset(value, type_), type_)
