"""The resource tree of an Application, out of what is held in memory already.

Source: Argo CD's resource tree: what is managed, missing objects included, then what these own.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from tiphys.delivery.compare import Compared
from tiphys.engine.nodes import claim_templates, reference_to
from tiphys.engine.tree import claim_owner
from tiphys.kube.live_cache import LiveCache
from tiphys.kube.live_store import LiveRecord
from tiphys.model.application import Application, HealthStatus, ResourceStatus
from tiphys.model.keys import GroupKind, ResourceKey
from tiphys.model.tree import ResourceNode, ResourceRef, ResourceTree
from tiphys.model.words import HealthStatusCode

_STATEFUL_SET = GroupKind("apps", "StatefulSet")
_CLAIM = GroupKind("", "PersistentVolumeClaim")


class LiveSide(msgspec.Struct, frozen=True, kw_only=True):
    """The live objects that a tree is drawn from.

    Attributes:
        instance: by which marks name the Application.
        orphans: what nobody owns in its namespace, where the project asks for it.
    """

    cache: LiveCache
    instance: str
    orphans: tuple[ResourceKey, ...] = ()


def resource_tree(
    app: Application, compared: Compared | None, live: LiveSide | None
) -> ResourceTree:
    """Return the tree of an Application.

    Args:
        app: its status tells what is managed where nothing was compared yet.
        compared: what the last look found.
        live: None while its cluster is not open: then the tree has its roots only.
    """
    rows = compared.resources if compared is not None else app.status.resources
    if live is None:
        return ResourceTree(nodes=tuple(_row_node(row) for row in rows))
    return _Drawing(live).draw(rows)


class _Drawing:
    """One tree being drawn; every object is in it once."""

    def __init__(self, live: LiveSide) -> None:
        self._live = live
        self._nodes: dict[ResourceKey, ResourceNode] = {}

    def draw(self, rows: Iterable[ResourceStatus]) -> ResourceTree:
        for row in rows:
            self._nodes[row.key] = self._root(row)
        for key in self._live.cache.owned_by(self._live.instance) - self._nodes.keys():
            self._add(key)
        self._follow(list(self._nodes))
        orphans = [self._found(key) for key in self._live.orphans if key not in self._nodes]
        return ResourceTree(
            nodes=tuple(self._nodes[key] for key in sorted(self._nodes)),
            orphaned_nodes=tuple(node for node in orphans if node is not None),
        )

    def _root(self, row: ResourceStatus) -> ResourceNode:
        found = self._found(row.key)
        if found is None:
            return _row_node(row)
        # Health of what is managed is judged by the comparison, with the user's own checks.
        return msgspec.structs.replace(found, health=row.health)

    def _add(self, key: ResourceKey) -> None:
        found = self._found(key)
        if found is not None:
            self._nodes[key] = found

    def _follow(self, waiting: list[ResourceKey]) -> None:
        while waiting:
            owner = waiting.pop()
            record = self._live.cache.record(owner)
            if record is None:
                continue
            for child in self._live.cache.children([record.uid, str(owner)]):
                if child not in self._nodes:
                    self._add(child)
                    waiting.append(child)
            if owner.group_kind == _STATEFUL_SET and record.body is not None:
                self._add_claims(owner, record)

    def _add_claims(self, owner: ResourceKey, record: LiveRecord) -> None:
        """Add the claims of a StatefulSet, which do not name it as their owner."""
        templates = claim_templates(record.manifest())
        names = self._live.cache.names_of(_CLAIM, owner.namespace) if templates else ()
        for name in names:
            claim = ResourceKey("", _CLAIM.kind, owner.namespace, name)
            if claim_owner(claim, [(owner, templates)]) is None:
                continue
            node = self._nodes.get(claim) or self._found(claim)
            if node is not None:
                parent = reference_to(owner, record.uid, record.gvk.version)
                self._nodes[claim] = msgspec.structs.replace(node, parent_refs=(parent,))

    def _found(self, key: ResourceKey) -> ResourceNode | None:
        record = self._live.cache.record(key)
        if record is None:
            return None
        node = _record_node(key, record)
        if all(parent.uid for parent in node.parent_refs):
            return node
        return msgspec.structs.replace(node, parent_refs=tuple(self._named(node.parent_refs)))

    def _named(self, parents: Iterable[ResourceRef]) -> Iterator[ResourceRef]:
        """Yield owners with their uids, those too that a child knows by name only."""
        for parent in parents:
            key = ResourceKey(parent.group, parent.kind, parent.namespace, parent.name)
            record = None if parent.uid else self._live.cache.record(key)
            yield parent if record is None else reference_to(key, record.uid, record.gvk.version)


def _record_node(key: ResourceKey, record: LiveRecord) -> ResourceNode:
    if record.node is not None:
        node = msgspec.json.decode(record.node, type=ResourceNode)
    else:
        node = ResourceNode(
            group=key.group,
            version=record.gvk.version,
            kind=key.kind,
            namespace=key.namespace,
            name=key.name,
            uid=record.uid,
        )
    return msgspec.structs.replace(node, resource_version=str(record.resource_version))


def _row_node(row: ResourceStatus) -> ResourceNode:
    return ResourceNode(
        group=row.group,
        version=row.version,
        kind=row.kind,
        namespace=row.namespace,
        name=row.name,
        health=row.health or HealthStatus(status=HealthStatusCode.MISSING),
    )


def uids_of(tree: ResourceTree) -> Mapping[str, ResourceKey]:
    """Return the objects of a tree by uid."""
    nodes = (*tree.nodes, *tree.orphaned_nodes)
    return {node.uid: node.key for node in nodes if node.uid}
