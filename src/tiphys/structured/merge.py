"""Server-side apply, and the book-keeping of every other write.

A write is `apply` (the manager says which fields it wants, and owns them) or anything else (create,
update, patch: the manager owns what it changed; `update_managed_fields` writes that down in an
object that is otherwise ready to be stored). Both keep `metadata.managedFields` as the API server
would.

Source: apimachinery, util/managedfields/internal: the chain that NewDefaultFieldManager builds;
apiserver, endpoints/handlers/fieldmanager/equality.go for times.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from tiphys.model.errors import InvalidInputError
from tiphys.model.keys import split_api_version
from tiphys.structured.compare import equal
from tiphys.structured.fieldset import EMPTY, FieldSet
from tiphys.structured.lastapplied import allowed_conflicts, with_last_applied
from tiphys.structured.managed import (
    APPLY,
    UPDATE,
    ManagedFieldsError,
    ManagerId,
    Managers,
    cap_update_managers,
    decode_managed_fields,
    encode_managed_fields,
    manager_id,
)
from tiphys.structured.pathelement import PathElementError
from tiphys.structured.structs import with_structs
from tiphys.structured.types import TypeRef
from tiphys.structured.updater import ConflictError, ConversionError, Updater
from tiphys.structured.validation import TypedValueError, check
from tiphys.structured.versions import Versions

BEFORE_FIRST_APPLY = "before-first-apply"
KUBECTL = "kubectl"
_STRIPPED_METADATA = (
    "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation",
    "managedFields", "resourceVersion",
)  # fmt: skip
_STRIPPED = FieldSet(
    ("f:apiVersion", "f:kind", "f:metadata"),
    {"f:metadata": FieldSet("f:" + name for name in _STRIPPED_METADATA)},
)
_TIMELESS = "scale"  # the server carries these entries over without a new time
_SELF = manager_id("current-operation", UPDATE, "")

Manifest = dict[str, Any]


class ApplyError(InvalidInputError):
    """An object cannot be applied; the text is the API server's."""

    reason = "InvalidApply"


class FieldWriter(NamedTuple):
    """Who writes, and through which door.

    Attributes:
        manager: the field manager's name; "" is written down as "unknown".
        api_version: of the request: "apps/v1".
        now: RFC 3339, UTC, whole seconds: "2026-01-02T03:04:05Z".
        subresource: "status", "scale", ...; "" for the object itself.
        ignored: fields that writes through this door never own (they are reset or stripped).
        versions: all versions of the kind. None: every version is as the one of the request.
        kind: what the applied configuration has to be; "" for anything.
        empty: what an object of the kind says before anybody has written anything: the parts of
            the server's structs that JSON cannot leave out. Nobody comes to own those.
    """

    manager: str
    api_version: str
    now: str
    subresource: str = ""
    ignored: FieldSet = EMPTY
    versions: Versions | None = None
    kind: str = ""
    empty: Mapping[str, Any] = MappingProxyType({})

    def identity(self, operation: str) -> ManagerId:
        """Return the identity of the writer's entry."""
        name = self.manager or "unknown"
        return manager_id(name, operation, self.api_version, self.subresource)


class ApplyResult(NamedTuple):
    """What an apply leads to.

    Attributes:
        object: the object to store, managedFields included.
        changed: whether any field but managedFields differs from the live object.
    """

    object: Manifest
    changed: bool


def apply(
    live: Manifest | None, patch: Manifest, *, by: FieldWriter, schema: TypeRef, force: bool = False
) -> ApplyResult:
    """Return what the API server would make of an apply; neither input is changed.

    Args:
        live: the stored object, None when there is none yet.
        patch: the applied configuration.
        by: who applies.
        schema: the type of the kind.
        force: take fields from other managers instead of failing.

    Raises:
        ConflictError: other managers own fields that would change, and `force` is not set.
        ApplyError: the configuration does not fit the type, names another version, or carries
            managedFields.
        ConversionError: the object cannot be read in a version that somebody has written in.
        ManagedFieldsError, PathElementError: the live object's managedFields cannot be read.
    """
    _check_patch(patch, by, schema)
    managers = decode_managed_fields(_entries(live))
    before = _without_managed_fields(live or {})
    updater = Updater(schema, by.ignored, by.versions)
    if not managers:
        managers = _claimed(before, by, updater)
    if live is None:
        # The server starts from an empty object of the kind.
        before = {key: patch[key] for key in ("apiVersion", "kind") if key in patch}
    who = (by.identity(APPLY), by.api_version)
    merged, managers = _apply(updater, before, patch, (managers, who), force=force)
    managers = _stripped(managers, who[0])
    changed = not equal(before, merged)
    if changed and who[0] in managers and by.subresource != _TIMELESS:
        managers[who[0]] = managers[who[0]]._replace(time=by.now)
    if by.manager == KUBECTL:
        merged = with_last_applied(merged, patch)
    return ApplyResult(with_managed_fields(merged, managers), changed)


def _apply(
    updater: Updater,
    before: Manifest,
    patch: Manifest,
    state: tuple[Managers, tuple[ManagerId, str]],
    *,
    force: bool,
) -> tuple[Any, Managers]:
    managers, who = state
    try:
        return updater.apply(before, patch, managers, who, force=force)
    except ConflictError as err:
        if who[0].manager != KUBECTL:
            raise
        # What `kubectl apply` itself wrote last, client-side, may be taken over by it.
        allowed = allowed_conflicts(before, updater.type_, who[1])
        disputed = tuple(c for c in err.conflicts if allowed is None or not allowed.has(c.path))
        if disputed:
            raise ConflictError(disputed) from err
        return updater.apply(before, patch, managers, who, force=True)


def update_managed_fields(
    old: Manifest | None, new: Manifest, *, by: FieldWriter, schema: TypeRef
) -> Manifest:
    """Return `new` with the managedFields that it should be stored with; inputs stay as they are.

    These stay those of `old` when an object cannot be read in a version that somebody has written
    in: the write counts, its owner does not.

    Args:
        old: the stored object; None when `new` is being created.
        new: the object that will be stored, with the managedFields that the request carried.
        by: who writes.
        schema: the type of the kind.

    Raises:
        ListItemError: an item of a list has no key.
    """
    managers = _managers_for_update(old, new, by)
    before, after = _without_managed_fields(old or dict(by.empty)), _without_managed_fields(new)
    is_create = not (before.get("metadata") or {}).get("uid")
    # Objects from before managedFields existed are not tracked until they are first applied.
    if managers or is_create:
        updater = Updater(schema, by.ignored, by.versions)
        try:
            managers = _updated(updater, (before, after), managers, by)
        except ConversionError:
            return with_managed_fields(after, _decoded_or_none(old) or {})
    return with_managed_fields(after, managers)


def _updated(
    updater: Updater, objects: tuple[Manifest, Manifest], managers: Managers, by: FieldWriter
) -> Managers:
    old, new = objects
    type_ = updater.type_
    is_new = not old.get("metadata") and not managers
    who = (_SELF, by.api_version)
    if is_new:
        managers = updater.create(with_structs(old, type_), new, who)
    else:
        old, new = with_structs(old, type_, new), with_structs(new, type_, old)
        managers = updater.update(old, new, managers, who)
    managers = _stripped(managers, _SELF)
    mine = managers.pop(_SELF, None)
    if mine is not None:
        writer = by.identity(UPDATE)
        previous = managers.get(writer)
        fields = mine.fields if previous is None else mine.fields.union(previous.fields)
        time = by.now
        if by.subresource == _TIMELESS:
            time = previous.time if previous else ""
        managers[writer] = mine._replace(fields=fields, time=time)
    return cap_update_managers(managers)


def _claimed(live: Manifest, by: FieldWriter, updater: Updater) -> Managers:
    """Return managers for an object that nobody has tracked: one that owns all there is."""
    if not live:
        return {}
    before = dict(by.empty)
    return _updated(updater, (before, live), {}, by._replace(manager=BEFORE_FIRST_APPLY))


def _managers_for_update(old: Manifest | None, new: Manifest, by: FieldWriter) -> Managers:
    """Return the managers that the request starts from: its own when they can be read."""
    if not by.subresource:
        given = (new.get("metadata") or {}).get("managedFields")
        if given in ([], [{}]):  # the way to reset them
            return {}
        managers = _decoded_or_none(new)
        if managers:
            return managers
    return _decoded_or_none(old) or {}


def _decoded_or_none(manifest: Manifest | None) -> Managers | None:
    try:
        return decode_managed_fields(_entries(manifest))
    except (ManagedFieldsError, PathElementError):
        return None


def _check_patch(patch: Manifest, by: FieldWriter, schema: TypeRef) -> None:
    kind = patch.get("kind", "")
    if patch.get("apiVersion") != by.api_version or kind != (by.kind or kind):
        raise ApplyError(f"invalid object type: {_kind_text(patch)}")
    if (patch.get("metadata") or {}).get("managedFields") is not None:
        raise ApplyError("metadata.managedFields must be nil")
    try:
        check(patch, schema)
    except TypedValueError as err:
        text = f"failed to create typed patch object ({_describe(patch)}): {err.what}"
        raise ApplyError(text) from err


def _describe(manifest: Mapping[str, Any]) -> str:
    metadata = manifest.get("metadata") or {}
    name, namespace = metadata.get("name", ""), metadata.get("namespace", "")
    return f"{namespace}/{name}; {_kind_text(manifest)}"


def _kind_text(manifest: Mapping[str, Any]) -> str:
    group, version = split_api_version(str(manifest.get("apiVersion") or ""))
    return f"{group}/{version}, Kind={manifest.get('kind', '')}"


def _entries(manifest: Manifest | None) -> list[Mapping[str, Any]]:
    return ((manifest or {}).get("metadata") or {}).get("managedFields") or []


def _without_managed_fields(manifest: Manifest) -> Manifest:
    metadata = manifest.get("metadata")
    if not metadata or "managedFields" not in metadata:
        return manifest
    kept = {key: value for key, value in metadata.items() if key != "managedFields"}
    return {**manifest, "metadata": kept}


def with_managed_fields(manifest: Manifest, managers: Managers) -> Manifest:
    """Return a manifest with these managers written into it; without any, the field is left out."""
    if not managers:
        return _without_managed_fields(manifest)
    metadata = manifest.get("metadata") or {}
    return {
        **manifest,
        "metadata": {**metadata, "managedFields": encode_managed_fields(managers)},
    }


def _stripped(managers: Managers, who: ManagerId) -> Managers:
    """Take from one manager the fields that nobody can own."""
    entry = managers.get(who)
    if entry is not None:
        fields = entry.fields.difference(_STRIPPED)
        if fields:
            managers[who] = entry._replace(fields=fields)
        else:
            del managers[who]
    return managers


def keep_times(old: Manifest, new: Manifest) -> Manifest:
    """Return `old` when `new` differs from it in times of managedFields alone, else `new`.

    The API server asks this before it stores an update, so that a write that changes nothing is
    no write.
    """
    same = equal(_without_times(old), _without_times(new))
    return old if same else new


def _without_times(manifest: Manifest) -> Manifest:
    entries = [{**entry, "time": None} for entry in _entries(manifest)]
    metadata = {**(manifest.get("metadata") or {}), "managedFields": entries}
    return {**manifest, "metadata": metadata}
