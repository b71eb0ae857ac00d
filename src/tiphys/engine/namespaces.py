"""The destination namespace that `CreateNamespace=true` makes, and the metadata kept on it.

Source: Argo CD user guide, "Sync Options" (Create Namespace, Namespace Metadata).
"""

from tiphys.engine.sync.options import SyncOptions
from tiphys.model.application import Application, ManagedNamespaceMetadata
from tiphys.model.keys import Manifest, ResourceKey
from tiphys.model.labels import SYNC_OPTIONS

_SERVER_SIDE = "ServerSideApply=true"


def namespace_key(app: Application) -> ResourceKey:
    """Return the key of an Application's destination namespace."""
    return ResourceKey("", "Namespace", "", app.spec.destination.namespace)


def namespace_manifest(app: Application, options: SyncOptions) -> Manifest | None:
    """Return the namespace as an Application wants it, None when it leaves that to others.

    It carries no mark: nobody prunes a namespace that was only made to have a place.
    """
    name = app.spec.destination.namespace
    if not options.create_namespace or not name:
        return None
    managed = app.spec.policy.managed_namespace_metadata
    metadata: Manifest = {"name": name}
    if managed is not None:
        metadata["annotations"] = {**managed.annotations, SYNC_OPTIONS: _SERVER_SIDE}
    if managed is not None and managed.labels:
        metadata["labels"] = managed.labels
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def has_changed_metadata(app: Application, synced: Manifest | None) -> bool:
    """Return whether the managed metadata are others than at the last sync.

    Args:
        app: the Application.
        synced: what the result of its last sync holds.
    """
    managed = app.spec.policy.managed_namespace_metadata
    if managed is None:
        return False
    return _plain(managed) != {name: found for name, found in (synced or {}).items() if found}


def recorded_metadata(app: Application) -> Manifest | None:
    """Return what the result of a sync keeps, None when no metadata are managed."""
    managed = app.spec.policy.managed_namespace_metadata
    return None if managed is None else _plain(managed)


def _plain(managed: ManagedNamespaceMetadata) -> Manifest:
    both = {"labels": managed.labels, "annotations": managed.annotations}
    return {name: dict(found) for name, found in both.items() if found}
