"""Moves to us the fields that client-side apply owned, so that server-side apply can let them go.

Without it a field that leaves Git stays for ever in an object that kubectl or Argo CD once applied
client-side: the old manager still owns it.

Source: KEP-555 "Server-side Apply", "Upgrading from client-side apply".
"""

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
    return [
        {
            "op": "test",
            "path": "/metadata/resourceVersion",
            "value": live["metadata"]["resourceVersion"],
        },
        {"op": "replace", "path": "/metadata/managedFields", "value": [*kept, ours]},
    ]


def _identity(entry: dict[str, Any]) -> tuple[str, bool, str]:
    return (
        str(entry.get("manager") or ""),
        entry.get("operation") == "Apply",
        str(entry.get("subresource") or ""),
    )
