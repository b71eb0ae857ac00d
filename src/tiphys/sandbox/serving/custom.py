"""Serves the kinds of CustomResourceDefinitions, and follows what becomes of these.

Source: apiextensions-apiserver, pkg/controller/{status,establish,finalizer} and
pkg/apiserver/customresource_handler.go.
"""

from typing import Any

from tiphys.sandbox.serving.definitions import complete, is_established
from tiphys.sandbox.statuses import StatusError, qualified
from tiphys.sandbox.storage.store import Store
from tiphys.sandbox.storage.stored import Change, Name, Stored
from tiphys.sandbox.typed.kinds import Kind, Kinds, custom_kinds
from tiphys.structured.custom.defaults import default
from tiphys.structured.custom.pruning import prune

CRDS = ("apiextensions.k8s.io", "customresourcedefinitions")


class Serving:
    """Keeps the kinds that are served in step with the stored definitions."""

    def __init__(self, store: Store, kinds: Kinds) -> None:
        self._store, self._kinds = store, kinds
        for name, _ in store.all(CRDS):
            self._serve(name)

    def completed(self, kind: Kind, new: dict[str, Any], now: str) -> None:
        """Give a definition that is about to be stored its defaults and status, in place."""
        if kind.collection == CRDS:
            complete(new, self._others(new), now)

    def stored(self, kind: Kind, stored: Stored) -> None:
        """Serve what was just defined."""
        if kind.collection == CRDS:
            self._serve(("", stored.manifest["metadata"]["name"]))

    def removed(self, kind: Kind, gone: Stored) -> None:
        """Serve no longer what is gone; its names are free for others."""
        if kind.collection != CRDS:
            return
        spec = gone.manifest["spec"]
        self._kinds.remove(spec["group"], spec["names"]["plural"])
        for other in self._others(gone.manifest):
            if not is_established(other):
                judged = {**other, "metadata": dict(other["metadata"])}
                complete(judged, self._others(other), "")
                self._store.put(CRDS, judged)
                self._serve(("", judged["metadata"]["name"]))

    def undone(self, change: Change) -> None:
        """Serve what is really defined after a write that was lost."""
        if change.collection == CRDS:
            spec = change.stored.manifest["spec"]
            self._kinds.remove(spec["group"], spec["names"]["plural"])
            self._serve(change.name)

    def check_open(self, kind: Kind, name: str) -> None:
        """Refuse new objects of a kind that is being deleted.

        Raises:
            StatusError: it is.
        """
        definition = self._store.get(CRDS, ("", f"{kind.plural}.{kind.group}"))
        if definition is None or not definition.manifest["metadata"].get("deletionTimestamp"):
            return
        text = (
            f'{qualified(kind.plural, kind.group)} "{name}" is forbidden: create not allowed while '
            "custom resource definition is terminating"
        )
        details = {"name": name, "group": kind.group, "kind": kind.plural}
        raise StatusError(403, "Forbidden", text, details)

    def _serve(self, name: Name) -> None:
        stored = self._store.get(CRDS, name)
        if stored is None:
            return
        spec = stored.manifest["spec"]
        self._kinds.remove(spec["group"], spec["names"]["plural"])
        if is_established(stored.manifest):
            self._kinds.add(custom_kinds(stored.manifest))

    def _others(self, definition: dict[str, Any]) -> list[dict[str, Any]]:
        group, name = definition["spec"]["group"], definition["metadata"]["name"]
        return [
            stored.manifest
            for (_, other), stored in self._store.all(CRDS)
            if other != name and stored.manifest["spec"]["group"] == group
        ]


def as_stored(kind: Kind, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return a custom object in the version that its kind is stored in."""
    if not kind.is_custom or kind.version == kind.stored_version:
        return manifest
    api_version = f"{kind.group}/{kind.stored_version}"
    stored: dict[str, Any] = prune({**manifest, "apiVersion": api_version}, kind.stored_schema)
    return stored


def as_read(kind: Kind, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return a stored custom object as today's schema has it, in the version of the kind."""
    found: dict[str, Any] = default(prune(manifest, kind.stored_schema), kind.stored_schema)
    found = {**found, "apiVersion": kind.gvk.api_version}
    return found if kind.version == kind.stored_version else prune(found, kind.schema)


def is_kept(kind: Kind, manifest: dict[str, Any], stored: Stored | None) -> bool:
    """Return whether an object that is written as it was read loses nothing.

    In a version that lacks fields of the stored one it does, and that is a change.
    """
    if stored is None or not kind.is_custom or kind.version == kind.stored_version:
        return True
    return as_stored(kind, manifest) == stored.manifest
