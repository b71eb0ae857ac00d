"""What a reconcile wants to write of an Application, gathered and then sent as one patch.

Everything that one look finds out goes into one request, and a look that found nothing new sends
none. The patch carries the resourceVersion that the decisions were made on: when somebody else
wrote in between, the API server refuses it and the reconcile starts again from what stands there.

The draft holds the whole status; what is written of it is cut to what the API server stores.
"""

from enum import Enum, auto
from typing import Any

import msgspec
import orjson

from tiphys.engine.exact_patches import exact_patch, holds_null
from tiphys.engine.fitting import LEAST_BYTES, STATUS_BYTES, fit_status, with_results
from tiphys.model.application import (
    Application,
    ApplicationStatus,
    ResourceStatus,
    RevisionHistory,
)
from tiphys.model.keys import Manifest
from tiphys.model.operation import Operation, OperationState
from tiphys.model.words import ConditionType
from tiphys.structured.patches.merge_patch import apply_merge_patch

# What this program writes; whatever else stands in a status is left alone.
_FIELDS = msgspec.structs.fields(ApplicationStatus)

_ORPHANS = ConditionType.ORPHANED_RESOURCE_WARNING
_MANY = 100
_DETAILS = {"sync", "health", "reconciledAt", "resources", "summary"}


class News(Enum):
    """How much a draft tells that does not stand there yet.

    DETAILS are the revision that was compared to, how single resources get on, and how many
    objects belong to nobody: neither sync nor health of the whole. HEALTH is that besides.
    """

    NOTHING = auto()
    DETAILS = auto()
    HEALTH = auto()
    URGENT = auto()


class Told(msgspec.Struct, frozen=True):
    """An Event that is due once what it speaks of is written."""

    reason: str
    message: str
    is_warning: bool = False


class Unwritten(msgspec.Struct, frozen=True, kw_only=True):
    """How far an operation came that could not be written down.

    Attributes:
        base: the operation and its state as they stood in the cluster then.
        history: what it adds.
        told: the Events that are due once it is written.
    """

    base: tuple[Operation | None, OperationState | None]
    operation: Operation | None
    state: OperationState | None
    history: tuple[RevisionHistory, ...]
    told: tuple[Told, ...]


class Room:
    """What an Application may take; kept between looks, so that an equal status is cut once."""

    def __init__(self) -> None:
        self.max_bytes = STATUS_BYTES
        self._last: tuple[ApplicationStatus, ApplicationStatus, ApplicationStatus] | None = None
        self._equal: tuple[tuple[ResourceStatus, ...], tuple[ResourceStatus, ...]] | None = None

    def are_equal(
        self, rows: tuple[ResourceStatus, ...], others: tuple[ResourceStatus, ...]
    ) -> bool:
        """Return whether rows are equal; asked again of the same tuples, it costs nothing."""
        if self._equal is None or self._equal[0] is not rows or self._equal[1] is not others:
            if rows != others:
                return False
            self._equal = (rows, others) if len(rows) > _MANY else None
        return True

    def fit(
        self, status: ApplicationStatus, before: ApplicationStatus, around: Manifest
    ) -> ApplicationStatus:
        """Return what is written of a status.

        Args:
            status: the whole.
            before: what stands in the cluster.
            around: the Application without its status.
        """
        last = self._last
        if last is not None and last[0] == status and last[1].conditions == before.conditions:
            return last[2]
        room = self.max_bytes - len(orjson.dumps(around))
        fitted = fit_status(status, before, room)
        is_large = len(status.resources) > _MANY
        self._last = (status, before, fitted) if is_large else None
        return fitted

    def shrink(self) -> bool:
        """Take less from now on; return False when that is not possible."""
        if self.max_bytes // 2 < LEAST_BYTES:
            return False
        self.max_bytes //= 2
        self._last = None
        return True


class Draft:
    """The Application as it stands, and as it should stand after this reconcile."""

    def __init__(self, manifest: Manifest, app: Application, room: Room | None = None) -> None:
        self.manifest = manifest
        self.app = app
        self.status = app.status
        self.operation = app.operation
        self._room = room or Room()
        self._told: list[Told] = []
        self._dropped_annotations: list[str] = []
        self._finalizers: list[str] | None = None
        self._fitted: tuple[ApplicationStatus, ApplicationStatus] | None = None
        """The status, and what is written of it."""

    def set(self, **fields: Any) -> None:
        """Replace fields of the status."""
        self.status = msgspec.structs.replace(self.status, **fields)

    def set_resources(self, rows: tuple[ResourceStatus, ...]) -> None:
        """Replace the rows of resources; equal ones stay the same object, which compares fast."""
        stands = self.app.status.resources
        self.set(resources=stands if self._room.are_equal(rows, stands) else rows)

    def set_operation(self, operation: Operation | None, state: OperationState | None) -> None:
        """Replace the operation that is asked for and how far it has come."""
        self.operation = operation
        self.set(operation_state=state)

    def tell(self, reason: str, message: str, *, is_warning: bool = False) -> None:
        """Tell an Event once what it speaks of is written."""
        self._told.append(Told(reason, message, is_warning))

    def take_told(self) -> list[Told]:
        """Return the Events that are due now that all is written, and forget them."""
        told, self._told = self._told, []
        return told

    def drop_annotation(self, key: str) -> None:
        """Remove an annotation of the Application."""
        self._dropped_annotations.append(key)

    def set_finalizers(self, finalizers: list[str]) -> None:
        """Replace the finalizers of the Application."""
        self._finalizers = finalizers

    def rebase(self, manifest: Manifest, app: Application) -> None:
        """Go on from what the API server holds after a write; the whole lists stay known."""
        whole, written = self.status, self.fitted
        self.manifest, self.app = manifest, app
        self.status, self.operation = app.status, app.operation
        if written.resources is not whole.resources:
            self.set(resources=whole.resources)
        if _results(written) is not _results(whole):
            self.status = with_results(self.status, _results(whole))
        self._dropped_annotations = []
        self._finalizers = None

    @property
    def fitted(self) -> ApplicationStatus:
        """The status as it is written: cut to what the API server stores."""
        if self._fitted is None or self._fitted[0] is not self.status:
            around = {name: part for name, part in self.manifest.items() if name != "status"}
            self._fitted = (self.status, self._room.fit(self.status, self.app.status, around))
        return self._fitted[1]

    def shrink(self) -> bool:
        """Write less from now on; return False when that is not possible."""
        self._fitted = None
        return self._room.shrink()

    def unwritten(self) -> Unwritten | None:
        """Return how far the operation came that does not stand in the cluster; None if it does."""
        base = (self.app.operation, self.app.status.operation_state)
        if (self.operation, self.status.operation_state) == base:
            return None
        return Unwritten(
            base=base,
            operation=self.operation,
            state=self.status.operation_state,
            history=self.status.history,
            told=tuple(told for told in self._told if told.reason.startswith("Operation")),
        )

    def take_up(self, found: Unwritten) -> bool:
        """Go on from what could not be written, unless the operation has become another one."""
        if found.base != (self.app.operation, self.app.status.operation_state):
            return False
        self.set_operation(found.operation, found.state)
        self.set(history=found.history)
        self._told += found.told
        return True

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
        if "operation" in changed and self.operation is not None:
            after["operation"] = _as_json(self.operation)
        if "status" in changed:
            # Rows of resources are many and hold no null: only values of charts do.
            few = msgspec.structs.replace(with_results(self.fitted, ()), resources=())
            after["status"] = _as_json(few)
        if not holds_null(after):
            return None
        if "status" in changed:
            full = _as_json(self.fitted)
            after["status"] = {name: full[name] for name in patch["status"] if name in full}
        after["metadata"] = apply_merge_patch(self.manifest["metadata"], patch["metadata"])
        return exact_patch(self.manifest, patch, after)

    @property
    def news(self) -> News:
        """How much what there is to write tells."""
        patch = self.patch()
        if patch is None:
            return News.NOTHING
        status = dict(patch.get("status") or {})
        if self._differ_in_orphans_only():
            status.pop("conditions", None)
        is_detail = (
            patch.keys() == {"status", "metadata"}
            and patch["metadata"].keys() == {"resourceVersion"}
            and status.keys() <= _DETAILS
            and (status.get("sync") or {}).keys() <= {"revision", "revisions"}
        )
        if not is_detail:
            return News.URGENT
        return News.HEALTH if "status" in (status.get("health") or {}) else News.DETAILS

    def _differ_in_orphans_only(self) -> bool:
        now, before = (
            [one for one in status.conditions if one.type != _ORPHANS]
            for status in (self.fitted, self.app.status)
        )
        return now == before

    def _status_patch(self) -> dict[str, Any]:
        new, old = self.fitted, self.app.status
        if new == old:
            return {}
        raw = self.manifest.get("status") or {}
        # Only what differs is made JSON: the long lists of a large Application cost the most. A
        # field that stands there and counts as absent was not understood: it goes.
        differing = [
            field
            for field in _FIELDS
            if (value := getattr(new, field.name)) != getattr(old, field.name)
            or (field.encode_name in raw and value == field.default)
        ]
        part = ApplicationStatus(**{field.name: getattr(new, field.name) for field in differing})
        own = {name: raw[name] for field in differing if (name := field.encode_name) in raw}
        return merge_difference(own, _as_json(part))

    def _metadata_patch(self) -> dict[str, Any]:
        metadata: dict[str, Any] = {}
        present = self.app.metadata.annotations
        dropped = {key: None for key in self._dropped_annotations if key in present}
        if dropped:
            metadata["annotations"] = dropped
        if self._finalizers is not None and tuple(self._finalizers) != self.app.metadata.finalizers:
            metadata["finalizers"] = self._finalizers
        return metadata


def _results(status: ApplicationStatus) -> tuple[Any, ...]:
    state = status.operation_state
    result = state.result if state is not None else None
    return result.resources if result is not None else ()


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
