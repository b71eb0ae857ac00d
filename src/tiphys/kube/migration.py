"""Changes who owns fields where server-side apply could not do its work otherwise.

What client-side apply owned moves to us: without that a field that leaves Git stays for ever in an
object that kubectl or Argo CD once applied client-side. And what we owned in another version of a
custom kind moves to the version that we apply in: the API server refuses an apply as long as an
owner's version does not know a field of the object.

Source: KEP-555 "Server-side Apply", "Upgrading from client-side apply".
"""

from collections.abc import Collection
from typing import Any

from tiphys.engine.fields import applied_entries, field_entries, migrated_entries
from tiphys.model.keys import Manifest
from tiphys.structured.fieldset import FieldSet


def migration_patch(
    live: Manifest, manager: str, migration_manager: str = ""
) -> list[dict[str, Any]] | None:
    """Return the JSON patch that moves legacy fields to our Apply entry; None when there are none.

    Args:
        live: with its managedFields.
        manager: who we are.
        migration_manager: one more manager whose fields are taken over, named by the user.

    Returns:
        Operations that the API server refuses when the object has changed since it was read.
    """
    entries = field_entries(live)
    legacy = migrated_entries(entries, manager, migration_manager)
    if not legacy:
        return None
    fields = FieldSet()
    for entry in [*legacy, *applied_entries(entries, manager)]:
        fields = fields.union(FieldSet.from_fields_v1(entry.fields))
    raw: list[dict[str, Any]] = live["metadata"]["managedFields"]
    moved = {(entry.manager, entry.is_apply, "") for entry in legacy} | {(manager, True, "")}
    kept = [entry for entry in raw if _identity(entry) not in moved]
    newest = max(str(entry.get("time") or "") for entry in raw)
    ours = {
        "manager": manager,
        "operation": "Apply",
        "apiVersion": live["apiVersion"],
        "time": newest,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields.to_fields_v1(),
    }
    return _owners_patch(live, [*kept, ours])


def versions_patch(
    live: Manifest, manager: str, gone: Collection[str] = ()
) -> list[dict[str, Any]] | None:
    """Return the JSON patch that lets us apply in the version of `live`; None for nothing to do.

    Our Apply entry comes to be of that version, its paths stay. That is right for a custom kind
    whose versions are converted by name alone, the usual way.

    Args:
        live: read in the version that we apply in, with its managedFields.
        manager: who we are.
        gone: API versions that the kind had once; entries of these go.
    """
    raw: list[dict[str, Any]] = live["metadata"].get("managedFields") or []
    moved = [
        {**entry, "apiVersion": live["apiVersion"]}
        if _identity(entry) == (manager, True, "")
        else entry
        for entry in raw
        if entry.get("apiVersion") not in gone
    ]
    # Without any entry the server would take the object for one that was never tracked.
    return _owners_patch(live, moved or [{}]) if moved != raw else None


def _owners_patch(live: Manifest, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    version = live["metadata"]["resourceVersion"]
    return [
        {"op": "test", "path": "/metadata/resourceVersion", "value": version},
        {"op": "replace", "path": "/metadata/managedFields", "value": entries},
    ]


def _identity(entry: dict[str, Any]) -> tuple[str, bool, str]:
    return (
        str(entry.get("manager") or ""),
        entry.get("operation") == "Apply",
        str(entry.get("subresource") or ""),
    )
