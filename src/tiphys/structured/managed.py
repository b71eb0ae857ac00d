"""The entries of `metadata.managedFields`: reading, writing, order, and the cap on their number.

Source: apimachinery, util/managedfields/internal: managedfields.go, capmanagers.go.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tiphys.model.errors import InvalidInputError
from tiphys.structured.fieldset import FieldSet
from tiphys.structured.pathelement import go_quote

APPLY, UPDATE = "Apply", "Update"
MAX_UPDATE_MANAGERS = 10
ANCIENT_CHANGES = "ancient-changes"


class ManagedFieldsError(InvalidInputError):
    """`metadata.managedFields` cannot be read."""

    reason = "InvalidManagedFields"


class ManagerId(NamedTuple):
    """What tells managers apart; an applier stays the same one in every version of the API."""

    manager: str
    operation: str
    api_version: str
    subresource: str

    @property
    def order(self) -> str:
        """What managers are sorted by: their identifier as the API server writes it."""
        names = ("manager", "operation", "apiVersion", "subresource")
        return json.dumps(
            {name: value for name, value in zip(names, self, strict=True) if value},
            separators=(",", ":"),
            ensure_ascii=False,
        )

    def __str__(self) -> str:
        text = go_quote(self.manager)
        if self.subresource:
            text = f"{text} with subresource {go_quote(self.subresource)}"
        return f"{text} using {self.api_version}" if self.operation == UPDATE else text


def manager_id(manager: str, operation: str, api_version: str, subresource: str = "") -> ManagerId:
    """Return the identity of a manager; a nameless one is "unknown" when it writes."""
    return ManagerId(manager, operation, "" if operation == APPLY else api_version, subresource)


class Entry(NamedTuple):
    """What one manager owns.

    Attributes:
        time: of its last change, RFC 3339 in UTC with whole seconds; "" when not known.
    """

    fields: FieldSet
    api_version: str
    time: str = ""


Managers = dict[ManagerId, Entry]


def decode_managed_fields(entries: Iterable[Mapping[str, Any]]) -> Managers:
    """Return the managers of an object.

    Raises:
        ManagedFieldsError: an entry has an unknown operation or fields type, or no apiVersion.
        PathElementError: its fields cannot be read.
    """
    result: Managers = {}
    for place, entry in enumerate(entries):
        operation, api_version = entry.get("operation", ""), entry.get("apiVersion", "")
        _check_entry(entry, place)
        key = manager_id(
            entry.get("manager", ""), operation, api_version, entry.get("subresource", "")
        )
        fields = FieldSet.from_fields_v1(entry.get("fieldsV1") or {})
        result[key] = Entry(fields, api_version, entry.get("time") or "")
    return result


def _check_entry(entry: Mapping[str, Any], place: int) -> None:
    if entry.get("operation") not in {APPLY, UPDATE}:
        raise ManagedFieldsError("operation must be `Apply` or `Update`")
    if not entry.get("apiVersion"):
        raise ManagedFieldsError("apiVersion must not be empty")
    fields_type = entry.get("fieldsType")
    if not fields_type:
        raise ManagedFieldsError(f"missing fieldsType in managed fields entry {place}")
    if fields_type != "FieldsV1":
        what = f"invalid fieldsType {go_quote(fields_type)} in managed fields entry {place}"
        raise ManagedFieldsError(what)


def encode_managed_fields(managers: Managers) -> list[dict[str, Any]]:
    """Return the entries as the API server writes and sorts them: applies first, then by time."""
    ordered = sorted(managers.items(), key=_entry_order)
    return [_encode(key, entry) for key, entry in ordered]


def _entry_order(item: tuple[ManagerId, Entry]) -> tuple[str, str, str, str, str]:
    key, entry = item
    return (key.operation, entry.time, key.manager, entry.api_version, key.subresource)


def _encode(key: ManagerId, entry: Entry) -> dict[str, Any]:
    result: dict[str, Any] = {"manager": key.manager} if key.manager else {}
    result |= {"operation": key.operation, "apiVersion": entry.api_version}
    if entry.time:
        result["time"] = entry.time
    result |= {"fieldsType": "FieldsV1", "fieldsV1": entry.fields.to_fields_v1()}
    if key.subresource:
        result["subresource"] = key.subresource
    return result


def cap_update_managers(managers: Managers) -> Managers:
    """Return the managers with the oldest updates merged, so that no more than ten remain.

    They are merged into one entry for each API version, named "ancient-changes".
    """
    updaters = [key for key in managers if key.operation == UPDATE]
    excess = len(updaters) - MAX_UPDATE_MANAGERS
    if excess <= 0:
        return managers
    result = dict(managers)
    first_of_version: dict[str, ManagerId] = {}
    for key in sorted(updaters, key=lambda key: (managers[key].time, key.order)):
        if excess <= 0:
            break
        entry = result[key]
        first = first_of_version.setdefault(entry.api_version, key)
        if first is key:
            continue
        bucket = manager_id(ANCIENT_CHANGES, UPDATE, entry.api_version)
        if bucket not in result:
            result[bucket] = result.pop(first)
        del result[key]
        merged = entry.fields.union(result[bucket].fields)
        result[bucket] = Entry(merged, entry.api_version, entry.time)
        excess -= 1
    return result
