"""Create, read, update, patch and delete objects: one door for requests and controllers alike."""

import random
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

import orjson

from tiphys.sandbox.clock import utc_now
from tiphys.sandbox.quotas.enforcement import Charge, charges_for
from tiphys.sandbox.registry.allocation import Allocation
from tiphys.sandbox.registry.deletions import (
    check_deletable,
    check_preconditions,
    finalizers_for,
    grace_for,
    is_pod,
    leaving,
)
from tiphys.sandbox.registry.scale import API_VERSION as SCALE_VERSION
from tiphys.sandbox.registry.writing import (
    Write,
    counted,
    prepared,
    shown,
    unknown_fields,
    with_owners,
)
from tiphys.sandbox.serving.custom import CRDS, Serving, as_stored, is_kept
from tiphys.sandbox.serving.definitions import CLEANUP
from tiphys.sandbox.statuses import (
    MODIFIED,
    StatusError,
    already_exists,
    bad_request,
    conflict,
    invalid,
    not_found,
    terminating,
)
from tiphys.sandbox.storage.store import Store
from tiphys.sandbox.storage.stored import Stored
from tiphys.sandbox.typed.kinds import Kind, Kinds
from tiphys.structured.listitems import ListItemError
from tiphys.structured.managed import ManagedFieldsError
from tiphys.structured.merge import ApplyError, ApplyResult, apply
from tiphys.structured.updater import ConflictError, ConversionError

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_NAMESPACES = ("", "namespaces")


class Written(NamedTuple):
    """The object after a write, and what the server warns of."""

    stored: Stored
    warnings: list[str]

    @property
    def manifest(self) -> dict[str, Any]:
        """The object, not to be changed."""
        return self.stored.manifest


class Registry:
    """All objects of a cluster, behind the API server's rules."""

    def __init__(self, store: Store, kinds: Kinds) -> None:
        self.store, self.kinds = store, kinds
        self._allocation = Allocation(store)
        self._serving = Serving(store, kinds)
        store.on_undone(self._serving.undone)

    def get(self, kind: Kind, namespace: str, name: str) -> Stored:
        """Return an object.

        Raises:
            StatusError: there is none.
        """
        stored = self.store.get(kind.collection, (namespace if kind.namespaced else "", name))
        if stored is None:
            raise not_found(kind.plural, kind.group, name)
        return stored

    def create(self, kind: Kind, namespace: str, manifest: dict[str, Any], write: Write) -> Written:
        """Create an object.

        Raises:
            StatusError: it exists, breaks a rule, or its namespace does not take it.
        """
        new = self._named(kind, namespace, manifest)
        metadata = new["metadata"]
        if metadata.get("resourceVersion"):
            raise StatusError(500, "", "resourceVersion should not be set on objects to be created")
        self._check_namespace(kind, metadata.get("namespace", ""), metadata["name"])
        return self._create(kind, new, write, None)

    def update(
        self, kind: Kind, namespace: str, name: str, manifest: dict[str, Any], write: Write
    ) -> Written:
        """Replace an object, or its status.

        Raises:
            StatusError: it does not exist, has changed since, or breaks a rule.
        """
        try:
            old = shown(kind, self.get(kind, namespace, name))
        except StatusError as err:
            err.warnings = unknown_fields(kind, manifest, write)
            raise
        self._check_identity(kind, old, manifest, name)
        if kind.namespaced:
            given = {**(manifest.get("metadata") or {}), "namespace": namespace}
            manifest = {**manifest, "metadata": given}
        return self._store_update(kind, old, manifest, write)

    def patch(
        self,
        kind: Kind,
        key: tuple[str, str],
        change: Callable[[dict[str, Any]], dict[str, Any]],
        write: Write,
    ) -> Written:
        """Change an object by a function of what it is.

        Args:
            kind: of the object.
            key: its namespace and name.
            change: is given the stored object, which it leaves as it is, and returns another that
                may share parts with it: those are not looked at again.
            write: who writes, and how.

        Raises:
            StatusError: it does not exist, has changed since, or breaks a rule.
        """
        stored = self.get(kind, *key)
        old = shown(kind, stored)
        new = change(old)
        self._check_identity(kind, old, new, key[1], is_patch=True)
        return self._store_update(kind, old, new, write)

    def apply(
        self,
        kind: Kind,
        key: tuple[str, str],
        applied: dict[str, Any],
        write: Write,
        *,
        force: bool,
    ) -> Written:
        """Apply a configuration server-side.

        Raises:
            StatusError: others own what would change, or the object breaks a rule.
        """
        namespace, name = key
        stored = self.store.get(kind.collection, key)
        old = None if stored is None else shown(kind, stored)
        metadata = applied.get("metadata") or {}
        if old is not None:
            self._check_identity(kind, old, applied, name, is_patch=True)
        elif uid := metadata.get("uid"):
            text = f"uid mismatch: the provided object specified uid {uid}, and no existing object"
            raise conflict(kind.plural, kind.group, name, f"{text} was found")
        merged, changed = self._merged(kind, old, applied, write, force=force)
        fields = merged["metadata"].get("managedFields") or []
        if old is None:
            new = self._named(kind, namespace, merged)
            self._check_namespace(kind, namespace, name)
            return self._create(kind, new, write, fields)
        write = write._replace(is_idle=not changed)
        new, warnings = prepared(self.kinds, kind, old, merged, write)
        new["metadata"]["managedFields"] = fields
        if not fields:
            del new["metadata"]["managedFields"]
        new = self._allocation.update(kind, old, new)
        self._serving.completed(kind, new, write.now)
        return self._keep(kind, old, counted(kind, old, new, write), write, warnings)

    def delete(
        self, kind: Kind, namespace: str, name: str, options: dict[str, Any]
    ) -> tuple[Stored, bool]:
        """Delete an object; return it, and whether it is gone already.

        Raises:
            StatusError: it does not exist, or is not the one that is meant.
        """
        check_deletable(kind, name)
        stored = self.get(kind, namespace, name)
        old = stored.manifest
        check_preconditions(kind, old, options.get("preconditions") or {})
        if options.get("dryRun"):
            return stored, True
        finalizers = finalizers_for(old, options)
        metadata = dict(old["metadata"])
        if kind.collection == CRDS:
            finalizers = [*finalizers, CLEANUP]
        grace_s = grace_for(kind, old, options)
        metadata |= leaving(metadata, grace_s)
        if not (finalizers or grace_s or kind.collection == _NAMESPACES):
            gone = self.store.remove(kind.collection, (namespace, name))
            self._serving.removed(kind, gone)
            return (_not_stored({**old, "metadata": metadata}) if is_pod(kind) else gone), True
        metadata["finalizers"] = list(dict.fromkeys(finalizers))
        if not metadata["finalizers"]:
            del metadata["finalizers"]
        new = {**old, "metadata": metadata}
        self._leaving(kind, new)
        if new != old:
            stored = self.store.put(kind.collection, new)
        return stored, False

    def _leaving(self, kind: Kind, new: dict[str, Any]) -> None:
        if kind.collection == _NAMESPACES:
            new["status"] = {**(new.get("status") or {}), "phase": "Terminating"}
        self._serving.completed(kind, new, utc_now())

    def remove(self, kind: Kind, namespace: str, name: str) -> None:
        """Remove an object for good, whatever holds it; for the end of a deletion."""
        if self.store.get(kind.collection, (namespace, name)) is not None:
            self._serving.removed(kind, self.store.remove(kind.collection, (namespace, name)))

    def _merged(
        self,
        kind: Kind,
        old: dict[str, Any] | None,
        given: dict[str, Any],
        write: Write,
        *,
        force: bool,
    ) -> ApplyResult:
        by, schema = write.field_writer(self.kinds, kind), self.kinds.type_of(kind)
        try:
            return apply(old, given, by=by, schema=schema, force=force)
        except ConflictError as err:
            raise _in_dispute(kind, err, write) from err
        except (ApplyError, ConversionError, ListItemError, ManagedFieldsError) as err:
            raise StatusError(500, "", err.what) from err

    def _create(self, kind: Kind, manifest: dict[str, Any], write: Write, fields: Any) -> Written:
        new, warnings = prepared(self.kinds, kind, None, manifest, write)
        metadata = new["metadata"]
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = write.now
        metadata.pop("deletionTimestamp", None)
        self._serving.completed(kind, new, write.now)
        if write.check is not None:
            write.check(kind, None, new)
        metadata.pop("managedFields", None)
        if fields is None:
            new = with_owners(self.kinds, kind, (None, new, manifest), write)
        else:
            metadata |= {"managedFields": fields} if fields else {}
        new = counted(kind, None, self._allocation.create(kind, new, write.subresource), write)
        charges = charges_for(self.store, kind, None, new)
        name = (metadata.get("namespace", ""), metadata["name"])
        if self.store.get(kind.collection, name) is not None:
            raise already_exists(kind.plural, kind.group, metadata["name"])
        if write.dry_run:
            return Written(_not_stored(new), warnings)
        self._write_down(charges)
        stored = self.store.put(kind.collection, as_stored(kind, new))
        self._serving.stored(kind, stored)
        return Written(stored, warnings)

    def _write_down(self, charges: list[Charge]) -> None:
        """Write what is used now into the status of quotas."""
        kind = self.kinds.find("", "v1", "resourcequotas")
        write = Write(manager="kube-apiserver", now=utc_now(), subresource="status")
        for charge in charges:
            assert kind is not None
            self.patch(kind, (charge.namespace, charge.name), charge.written, write)

    def _store_update(
        self, kind: Kind, old: dict[str, Any], manifest: dict[str, Any], write: Write
    ) -> Written:
        new, warnings = prepared(self.kinds, kind, old, manifest, write)
        self._serving.completed(kind, new, write.now)
        owned = with_owners(self.kinds, kind, (old, new, manifest), write)
        owned = self._allocation.update(kind, old, owned)
        return self._keep(kind, old, counted(kind, old, owned, write), write, warnings)

    def _keep(
        self,
        kind: Kind,
        old: dict[str, Any],
        new: dict[str, Any],
        write: Write,
        warnings: list[str],
    ) -> Written:
        if write.check is not None:
            write.check(kind, old, new)
        charges = charges_for(self.store, kind, old, new)
        metadata = new["metadata"]
        name = (metadata.get("namespace", ""), metadata["name"])
        is_same = new is old and is_kept(kind, new, self.store.get(kind.collection, name))
        if is_same or write.dry_run:
            return Written(_not_stored(new), warnings)
        self._write_down(charges)
        if new is old:
            new = {**new, "metadata": dict(metadata)}
        is_leaving = metadata.get("deletionTimestamp") and not metadata.get("finalizers")
        if is_leaving and kind.collection != _NAMESPACES:
            self.store.put(kind.collection, new)
            gone = self.store.remove(kind.collection, name)
            self._serving.removed(kind, gone)
            return Written(gone, warnings)
        stored = self.store.put(kind.collection, as_stored(kind, new))
        self._serving.stored(kind, stored)
        return Written(stored, warnings)

    def _named(self, kind: Kind, namespace: str, manifest: dict[str, Any]) -> dict[str, Any]:
        metadata = dict(manifest.get("metadata") or {})
        new = {**manifest, "metadata": metadata}
        if not metadata.get("name") and metadata.get("generateName"):
            suffix = "".join(random.choices(_ALPHABET, k=5))  # noqa: S311 -- a name, no secret
            metadata["name"] = f"{metadata['generateName'][:58]}{suffix}"
        if not metadata.get("name"):
            text = "Required value: name or generateName is required"
            problem = ("metadata.name", "FieldValueRequired", text)
            raise invalid(kind.kind, kind.group, "", [problem])
        if kind.namespaced:
            if metadata.get("namespace", namespace) != namespace:
                raise bad_request(
                    "the namespace of the provided object does not match the namespace sent on "
                    "the request"
                )
            metadata["namespace"] = namespace
        else:
            metadata.pop("namespace", None)
        return new

    def _check_namespace(self, kind: Kind, namespace: str, name: str) -> None:
        if kind.is_custom:
            self._serving.check_open(kind, name)
        if not kind.namespaced:
            return
        stored = self.store.get(_NAMESPACES, ("", namespace))
        if stored is None:
            raise not_found("namespaces", "", namespace)
        if stored.manifest["metadata"].get("deletionTimestamp"):
            raise terminating(kind.plural, kind.group, name, namespace)

    def _check_identity(
        self,
        kind: Kind,
        old: dict[str, Any],
        new: dict[str, Any],
        name: str,
        *,
        is_patch: bool = False,
    ) -> None:
        metadata = new.get("metadata") or {}
        if metadata.get("name", name) != name:
            raise bad_request(
                f"the name of the object ({metadata.get('name')}) does not match the name on the "
                f"URL ({name})"
            )
        wanted = metadata.get("resourceVersion")
        if wanted and wanted != old["metadata"]["resourceVersion"]:
            raise conflict(kind.plural, kind.group, name, MODIFIED)
        uid = metadata.get("uid")
        if uid and uid != old["metadata"]["uid"]:
            if is_patch:
                text = f'Invalid value: "{uid}": field is immutable'
                problem = ("metadata.uid", "FieldValueInvalid", text)
                raise invalid(kind.kind, kind.group, name, [problem])
            raise conflict(kind.plural, kind.group, name, _uid_text(uid, old))


def _in_dispute(kind: Kind, err: ConflictError, write: Write) -> StatusError:
    said, meant = f" using {kind.gvk.api_version}", f" using {kind.gvk.api_version}"
    if write.subresource == "scale":
        meant = f" using {SCALE_VERSION}"  # of which all owners are while it is being applied
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f"conflict with {entry.manager}".replace(said, meant),
            "field": entry.field,
        }
        for entry in err.conflicts
    ]
    return StatusError(409, "Conflict", err.what.replace(said, meant), {"causes": causes})


def _not_stored(manifest: dict[str, Any]) -> Stored:
    return Stored(orjson.dumps(manifest), 0)


def _uid_text(uid: str, old: dict[str, Any]) -> str:
    return (
        f"Precondition failed: UID in precondition: {uid}, UID in object meta: "
        f"{old['metadata']['uid']}"
    )
