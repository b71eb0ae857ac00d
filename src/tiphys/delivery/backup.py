"""What a backup of an installation holds, and what restoring it changes; pure.

The format is Argo CD's, so that either restores what the other has written: YAML documents of the
settings, Secrets, projects, Applications and ApplicationSets, each with nothing of its metadata but
name, labels, annotations and finalizers. Objects of other namespaces than the installation's also
name theirs.

Source: Argo CD operator manual, "Disaster Recovery".
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from tiphys.model.errors import InvalidInputError
from tiphys.model.keys import GroupVersionKind, Manifest
from tiphys.model.labels import API_GROUP, SECRET_TYPE, TRACKING_ID

CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
SECRET = GroupVersionKind("", "v1", "Secret")
PROJECT = GroupVersionKind(API_GROUP, "v1alpha1", "AppProject")
APPLICATION = GroupVersionKind(API_GROUP, "v1alpha1", "Application")
APPLICATION_SET = GroupVersionKind(API_GROUP, "v1alpha1", "ApplicationSet")
# In the order in which they are restored: settings and credentials before those who read them.
KINDS = (CONFIG_MAP, SECRET, PROJECT, APPLICATION, APPLICATION_SET)

CONFIG_MAPS = (
    "argocd-cm",
    "argocd-rbac-cm",
    "argocd-ssh-known-hosts-cm",
    "argocd-tls-certs-cm",
)
_OWN_SECRET = "argocd-secret"  # noqa: S105 -- its name
_REFERENCE = re.compile(r"\$([a-z0-9][a-z0-9.-]*):[\w.-]+")
_KEPT = ("name", "labels", "annotations", "finalizers")
# What an object holds beside its metadata, and what of it is restored.
_RESTORED = {
    "ConfigMap": ("data", "binaryData"),
    "Secret": ("data",),
    "AppProject": ("spec",),
    "Application": ("spec", "status"),
    "ApplicationSet": ("spec",),
}


class BackupKey(msgspec.Struct, frozen=True, order=True):
    """One object of a backup."""

    order: int
    namespace: str
    name: str

    @property
    def gvk(self) -> GroupVersionKind:
        """The object's kind."""
        return KINDS[self.order]

    def __str__(self) -> str:
        """The object as messages name it."""
        return f"{self.gvk.group}/{self.gvk.kind} {self.name} in namespace {self.namespace}"


class RestoreOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a backup is restored.

    Attributes:
        ignores_tracking: keep the live object's tracking annotation.
        stops_operations: take away operations that run, or wait to.
    """

    ignores_tracking: bool = False
    stops_operations: bool = False


def referenced_secrets(settings: Mapping[str, str]) -> frozenset[str]:
    """Return the names of the Secrets that values of argocd-cm refer to (`$name:key`)."""
    return frozenset(name for text in settings.values() for name in _REFERENCE.findall(text))


def belongs(manifest: Manifest, referenced: frozenset[str]) -> bool:
    """Return whether a ConfigMap or Secret of the installation's namespace is part of a backup."""
    name, kind = manifest["metadata"]["name"], manifest["kind"]
    if kind == "ConfigMap":
        return name in CONFIG_MAPS
    labels = manifest["metadata"].get("labels") or {}
    return name == _OWN_SECRET or SECRET_TYPE in labels or name in referenced


def portable(manifest: Manifest, home: str) -> Manifest:
    """Return an object as a backup holds it.

    Args:
        manifest: the live object.
        home: the namespace of the installation.
    """
    live = manifest["metadata"]
    metadata = {name: live[name] for name in _KEPT if live.get(name)}
    if live["namespace"] != home:
        metadata["namespace"] = live["namespace"]
    body = {name: value for name, value in manifest.items() if name != "metadata"}
    return {**body, "metadata": metadata}


def by_key(documents: Iterable[Any], home: str) -> dict[BackupKey, Manifest]:
    """Return a backup's objects in the order in which they are restored.

    Args:
        documents: as decoded; empty ones are left out.
        home: the namespace of objects that name none.

    Raises:
        InvalidInputError: a document is not an object of a kind that backups hold.
    """
    orders = {(gvk.api_version, gvk.kind): order for order, gvk in enumerate(KINDS)}
    found = {}
    for position, document in enumerate(documents, start=1):
        if document is None:
            continue
        try:
            metadata = document["metadata"]
            order = orders[document["apiVersion"], document["kind"]]
            key = BackupKey(order, str(metadata.get("namespace") or home), str(metadata["name"]))
        except (KeyError, TypeError, AttributeError) as err:
            raise InvalidInputError(
                "it is not an object that a backup holds",
                where=f"document {position}",
                hint="Restore files that `tiphys admin export` or `argocd admin export` wrote.",
            ) from err
        found[key] = {**document, "metadata": {**metadata, "namespace": key.namespace}}
    return dict(sorted(found.items()))


def restored(backup: Manifest, live: Manifest | None, options: RestoreOptions) -> Manifest | None:
    """Return the object to write, None when live is as the backup says."""
    if live is None:
        made = dict(backup)
        if options.stops_operations:
            made.pop("operation", None)
        return made
    metadata = {name: value for name, value in live["metadata"].items() if name not in _KEPT[1:]}
    metadata |= {n: v for n, v in backup["metadata"].items() if n in _KEPT[1:] and v}
    if options.ignores_tracking:
        metadata = _with_tracking_of(live, metadata)
    wanted = {**live, "metadata": metadata}
    for name in _RESTORED[live["kind"]]:
        if name in backup:
            wanted[name] = backup[name]
        elif name != "status":
            wanted.pop(name, None)
    if options.stops_operations:
        wanted.pop("operation", None)
    return None if wanted == live else wanted


def _with_tracking_of(live: Manifest, metadata: dict[str, Any]) -> dict[str, Any]:
    annotations = dict(metadata.get("annotations") or {})
    annotations.pop(TRACKING_ID, None)
    before = live["metadata"].get("annotations") or {}
    if TRACKING_ID in before:
        annotations[TRACKING_ID] = before[TRACKING_ID]
    return {**metadata, "annotations": annotations} if annotations else metadata
