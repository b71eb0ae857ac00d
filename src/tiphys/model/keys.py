"""Names of things in a cluster: kinds, and the objects of a kind."""

from typing import Any, NamedTuple, TypeAlias

Manifest: TypeAlias = dict[str, Any]
"""One Kubernetes object as decoded JSON."""


class GroupKind(NamedTuple):
    """A kind without its version; the core group is the empty string."""

    group: str
    kind: str

    def __str__(self) -> str:
        return f"{self.group}/{self.kind}" if self.group else self.kind


class GroupVersionKind(NamedTuple):
    """A kind in one version of its API."""

    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        """What stands in a manifest: "v1", "apps/v1"."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_kind(self) -> GroupKind:
        """The kind without the version."""
        return GroupKind(self.group, self.kind)


class ResourceKey(NamedTuple):
    """One object in a cluster, whatever version it is read in; no namespace is ""."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return "/".join(part for part in self if part)

    @property
    def group_kind(self) -> GroupKind:
        """The kind of the object."""
        return GroupKind(self.group, self.kind)


def split_api_version(api_version: str) -> tuple[str, str]:
    """Return (group, version) of an `apiVersion`; the core group is ""."""
    group, _, version = api_version.rpartition("/")
    return group, version


def gvk_of(manifest: Manifest) -> GroupVersionKind:
    """Return the kind that a manifest says it is; absent fields are ""."""
    group, version = split_api_version(str(manifest.get("apiVersion") or ""))
    return GroupVersionKind(group, version, str(manifest.get("kind") or ""))


def key_of(manifest: Manifest) -> ResourceKey:
    """Return the key of a manifest as it stands, without defaulting its namespace."""
    metadata = manifest.get("metadata") or {}
    group, _, kind = gvk_of(manifest)
    return ResourceKey(
        group, kind, str(metadata.get("namespace") or ""), str(metadata.get("name") or "")
    )
