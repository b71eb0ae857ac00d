"""What a reconcile wants to write of an Application, gathered and then sent as one patch.

Everything that one look finds out goes into one request, and a look that found nothing new sends
none. The patch carries the resourceVersion that the decisions were made on: when somebody else
wrote in between, the API server refuses it and the reconcile starts again from what stands there.
"""

from typing import Any

import msgspec
import orjson

from tiphys.engine.exact_patches import exact_patch, holds_null
from tiphys.model.application import Application, ApplicationStatus
from tiphys.model.keys import Manifest
from tiphys.model.operation import Operation, OperationState
from tiphys.structured.patches.merge_patch import apply_merge_patch

# Fields that this program writes; whatever else stands in a status is left alone.
_OWN_FIELDS = tuple(field.encode_name for field in msgspec.structs.fields(ApplicationStatus))

_DETAILS = {"sync", "health", "reconciledAt", "resources", "summary"}


class Draft:
    """The Application as it stands, and as it should stand after this reconcile."""

    def __init__(self, manifest: Manifest, app: Application) -> None:
        self.manifest = manifest
        self.app = app
        self.status = app.status
        self.operation = app.operation
        self._dropped_annotations: list[str] = []
        self._finalizers: list[str] | None = None

    def set(self, **fields: Any) -> None:
        """Replace fields of the status."""
        self.status = msgspec.structs.replace(self.status, **fields)

    def set_operation(self, operation: Operation | None, state: OperationState | None) -> None:
        """Replace the operation that is asked for and how far it has come."""
        self.operation = operation
        self.set(operation_state=state)

    def drop_annotation(self, key: str) -> None:
        """Remove an annotation of the Application."""
        self._dropped_annotations.append(key)

    def set_finalizers(self, finalizers: list[str]) -> None:
        """Replace the finalizers of the Application."""
        self._finalizers = finalizers

    def rebase(self, manifest: Manifest, app: Application) -> None:
        """Go on from what the API server holds after a write."""
        self.manifest, self.app = manifest, app
        self.status, self.operation = app.status, app.operation
        self._dropped_annotations = []
        self._finalizers = None

    def patch(self) -> dict[str, Any] | None:
        """Return the JSON merge patch to send, None when nothing differs."""
        patch: dict[str, Any] = {}
        status = self._status_patch()
        if status:
            patch["status"] = status
        if self.operation != self.app.operation:
            old = self.manifest.get("operation") or {}
            new = None if self.operation is None else _as_json(self.operation)
            patch["operation"] = None if new is None else merge_difference(old, new)
        metadata = self._metadata_patch()
        if metadata:
            patch["metadata"] = metadata
        if not patch:
            return None
        version = self.manifest["metadata"]["resourceVersion"]
        patch.setdefault("metadata", {})["resourceVersion"] = version
        return patch

    def exact_patch(self, patch: dict[str, Any]) -> list[dict[str, Any]] | None:
        """Return a JSON patch in place of a merge patch that would lose nulls, None for none."""
        changed = patch.keys() & {"status", "operation"}
        after: dict[str, Any] = {}
        if "status" in changed:
            full = _as_json(self.status)
            after["status"] = {name: full[name] for name in patch["status"] if name in full}
        if "operation" in changed and self.operation is not None:
            after["operation"] = _as_json(self.operation)
        if not holds_null({name: _sourced(part) for name, part in after.items()}):
            return None
        after["metadata"] = apply_merge_patch(self.manifest["metadata"], patch["metadata"])
        return exact_patch(self.manifest, patch, after)

    @property
    def can_wait(self) -> bool:
        """True when what there is to write changes neither sync nor health of the whole.

        It is the revision that was compared to, or how single resources get on.
        """
        patch = self.patch() or {}
        status = patch.get("status") or {}
        return (
            patch.keys() == {"status", "metadata"}
            and patch["metadata"].keys() == {"resourceVersion"}
            and status.keys() <= _DETAILS
            and (status.get("sync") or {}).keys() <= {"revision", "revisions"}
            and "status" not in (status.get("health") or {})
        )

    def _status_patch(self) -> dict[str, Any]:
        if self.status == self.app.status:
            return {}
        old = self.manifest.get("status") or {}
        new = _as_json(self.status)
        own = {name: value for name, value in old.items() if name in _OWN_FIELDS}
        return merge_difference(own, new)

    def _metadata_patch(self) -> dict[str, Any]:
        metadata: dict[str, Any] = {}
        present = self.app.metadata.annotations
        dropped = {key: None for key in self._dropped_annotations if key in present}
        if dropped:
            metadata["annotations"] = dropped
        if self._finalizers is not None and tuple(self._finalizers) != self.app.metadata.finalizers:
            metadata["finalizers"] = self._finalizers
        return metadata


def _sourced(part: dict[str, Any]) -> dict[str, Any]:
    """Return what may hold values of charts; rows of resources are many and hold none."""
    return {name: value for name, value in part.items() if name != "resources"}


def _as_json(value: msgspec.Struct) -> dict[str, Any]:
    # Not to_builtins: a tuple never equals the list that the server holds.
    result: dict[str, Any] = orjson.loads(msgspec.json.encode(value))
    return result


def merge_difference(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return the merge patch that turns `old` into `new`; empty when they are equal.

    Source: RFC 7386.
    """
    patch: dict[str, Any] = {name: None for name in old if name not in new}
    for name, value in new.items():
        before = old.get(name)
        if isinstance(before, dict) and isinstance(value, dict):
            inner = merge_difference(before, value)
            if inner:
                patch[name] = inner
        elif name not in old or before != value:
            patch[name] = value
    return patch
