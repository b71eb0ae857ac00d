"""The resource tree as clients read it.

Source: Argo CD's `ApplicationTree`, `ResourceNode` and `ResourceRef`.
"""

from typing import Any

import msgspec

from tiphys.model.application import HealthStatus
from tiphys.model.keys import ResourceKey
from tiphys.model.source import Record


class ResourceRef(Record, frozen=True):
    """An object that another one belongs to."""

    group: str = ""
    version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""


class InfoItem(Record, frozen=True, omit_defaults=False):
    """A fact about an object, as its node shows it: "Containers", "1/1"."""

    name: str
    value: str


class NetworkingInfo(Record, frozen=True):
    """How traffic reaches an object.

    Attributes:
        target_labels: of the Pods that a Service sends traffic to.
        target_refs: objects that an Ingress sends traffic to.
        ingress: entries of `status.loadBalancer.ingress`.
    """

    target_labels: dict[str, str] = {}
    target_refs: tuple[ResourceRef, ...] = ()
    labels: dict[str, str] = {}
    ingress: tuple[dict[str, Any], ...] = ()
    external_urls: tuple[str, ...] = msgspec.field(default=(), name="externalURLs")


class ResourceNode(Record, frozen=True):
    """One object of a tree."""

    group: str = ""
    version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    parent_refs: tuple[ResourceRef, ...] = ()
    info: tuple[InfoItem, ...] = ()
    networking_info: NetworkingInfo | None = None
    resource_version: str = ""
    images: tuple[str, ...] = ()
    health: HealthStatus | None = None
    created_at: str = ""

    @property
    def key(self) -> ResourceKey:
        """The object that the node is about."""
        return ResourceKey(self.group, self.kind, self.namespace, self.name)


class ResourceTree(Record, frozen=True, omit_defaults=False):
    """All objects of an Application: those that it manages, and what these own."""

    nodes: tuple[ResourceNode, ...] = ()
    orphaned_nodes: tuple[ResourceNode, ...] = ()
    hosts: tuple[dict[str, Any], ...] = ()
    shards_count: int | msgspec.UnsetType = msgspec.UNSET
