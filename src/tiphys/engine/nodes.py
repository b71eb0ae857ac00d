"""One object as a node of a resource tree.

Source: Argo CD reference of `ResourceNode`; which facts a node shows of a Pod, a ReplicaSet and a
ControllerRevision.
"""

from collections.abc import Iterator

from tiphys.engine.health.rules import get
from tiphys.engine.pod_text import pod_text
from tiphys.engine.tree import images_of, networking_info, owners_of
from tiphys.model.application import HealthStatus
from tiphys.model.keys import GroupKind, Manifest, ResourceKey, gvk_of, key_of, split_api_version
from tiphys.model.tree import InfoItem, NetworkingInfo, ResourceNode, ResourceRef

_POD = GroupKind("", "Pod")
_REPLICA_SET = GroupKind("apps", "ReplicaSet")
_CONTROLLER_REVISION = GroupKind("apps", "ControllerRevision")
_NETWORKED = frozenset(
    {
        GroupKind("", "Service"),
        GroupKind("", "Pod"),
        GroupKind("networking.k8s.io", "Ingress"),
        GroupKind("extensions", "Ingress"),
    }
)
_REVISION = "deployment.kubernetes.io/revision"


def node_of(live: Manifest, health: HealthStatus | None) -> ResourceNode:
    """Return the node of a live object.

    Args:
        live: the object as the cluster has it.
        health: what its check said, None for a kind without one.

    Returns:
        The node without `resource_version`, so that it is equal as long as it shows the same.
    """
    key, gvk, metadata = key_of(live), gvk_of(live), live["metadata"]
    return ResourceNode(
        group=gvk.group,
        version=gvk.version,
        kind=gvk.kind,
        namespace=key.namespace,
        name=key.name,
        uid=str(metadata.get("uid", "")),
        parent_refs=tuple(_parents(live)),
        info=tuple(_info(live, key)),
        networking_info=_networking(live, key),
        images=images_of(live),
        health=health,
        created_at=str(metadata.get("creationTimestamp") or ""),
    )


def _parents(live: Manifest) -> Iterator[ResourceRef]:
    versions = {
        str(entry.get("uid") or ""): split_api_version(str(entry.get("apiVersion") or ""))[1]
        for entry in live["metadata"].get("ownerReferences") or ()
    }
    for owner in owners_of(live):
        yield reference_to(owner.key, owner.uid, versions.get(owner.uid, ""))


def reference_to(key: ResourceKey, uid: str, version: str) -> ResourceRef:
    """Return the reference to an object."""
    return ResourceRef(
        group=key.group,
        version=version,
        kind=key.kind,
        namespace=key.namespace,
        name=key.name,
        uid=uid,
    )


def _info(live: Manifest, key: ResourceKey) -> Iterator[InfoItem]:
    if key.group_kind == _POD:
        text = pod_text(live)
        yield InfoItem(name="Status Reason", value=text.reason)
        if text.node:
            yield InfoItem(name="Node", value=text.node)
        yield InfoItem(name="Containers", value=f"{text.ready}/{text.containers}")
        if text.restarts:
            yield InfoItem(name="Restart Count", value=str(text.restarts))
    elif key.group_kind == _REPLICA_SET:
        revision = (live["metadata"].get("annotations") or {}).get(_REVISION)
        if revision:
            yield InfoItem(name="Revision", value=f"Rev:{revision}")
    elif key.group_kind == _CONTROLLER_REVISION and live.get("revision"):
        yield InfoItem(name="Revision", value=f"Rev:{live['revision']}")


def _networking(live: Manifest, key: ResourceKey) -> NetworkingInfo | None:
    found = networking_info(live)
    if key.group_kind not in _NETWORKED:
        return NetworkingInfo(external_urls=found.external_urls) if found.external_urls else None
    return NetworkingInfo(
        target_labels=dict(found.target_labels),
        target_refs=tuple(reference_to(target, "", "") for target in found.target_refs),
        labels=dict(found.labels) if key.group_kind == _POD else {},
        ingress=found.ingress,
        external_urls=found.external_urls,
    )


def claim_templates(stateful_set: Manifest) -> tuple[str, ...]:
    """Return the names of a StatefulSet's claim templates."""
    templates = get(stateful_set, "spec.volumeClaimTemplates") or ()
    return tuple(str((template.get("metadata") or {}).get("name", "")) for template in templates)
