"""What an Application consists of: its tree, its managed resources, single objects, drift."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

import msgspec

from tiphys.model.keys import ResourceKey
from tiphys.model.tree import ResourceNode, ResourceTree
from tiphys.server.application_finder import key_of_application
from tiphys.server.call import Call
from tiphys.server.context import ApiContext
from tiphys.server.masks import Mask, parse_mask
from tiphys.server.records import Drifts, ManagedResources, ManifestAnswer
from tiphys.server.routes.applications import SERVICE
from tiphys.server.streams import Stream
from tiphys.server.table import Endpoint, of_application

_OBJECT = ("namespace", "name", "version", "group", "kind", "appNamespace", "project")
_RESOURCE = ("namespace", "resourceName", "version", "group", "kind", "appNamespace", "project")


class ResourceRoutes:
    """Answers what reads an Application's objects."""

    def __init__(self, context: ApiContext) -> None:
        self._model = context.model

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints."""
        return [
            Endpoint(
                method="GET",
                path="/api/v1/applications/{applicationName}/resource-tree",
                service=SERVICE,
                rpc="ResourceTree",
                permission=of_application("get"),
                handler=self.tree,
                answer=ResourceTree,
                query=_OBJECT,
            ),
            Endpoint(
                method="GET",
                path="/api/v1/stream/applications/{applicationName}/resource-tree",
                service=SERVICE,
                rpc="WatchResourceTree",
                permission=of_application("get"),
                handler=self.watch_tree,
                answer=ResourceTree,
                query=(*_OBJECT, "fields"),
                is_stream=True,
            ),
            Endpoint(
                method="GET",
                path="/api/v1/applications/{applicationName}/managed-resources",
                service=SERVICE,
                rpc="ManagedResources",
                permission=of_application("get"),
                handler=self.managed,
                answer=ManagedResources,
                query=(*_OBJECT, "fields"),
            ),
            Endpoint(
                method="GET",
                path="/api/v1/applications/{name}/drift",
                service=SERVICE,
                rpc="Drift",
                permission=of_application("get"),
                handler=self.drift,
                answer=Drifts,
                is_ours=True,
                query=_OBJECT,
            ),
            Endpoint(
                method="GET",
                path="/api/v1/applications/{name}/resource",
                service=SERVICE,
                rpc="GetResource",
                permission=of_application("get"),
                handler=self.resource,
                answer=ManifestAnswer,
                query=_RESOURCE,
            ),
        ]

    async def tree(self, call: Call) -> ResourceTree:
        """GET /api/v1/applications/{name}/resource-tree."""
        found = await self._model.tree(key_of_application(call.application))
        return _filtered(found, call)

    async def watch_tree(self, call: Call) -> Stream:
        """GET /api/v1/stream/applications/{name}/resource-tree: the whole tree at each change."""
        mask = parse_mask(call.query("fields")).below("result")
        trees = self._model.watch_tree(key_of_application(call.application))
        return Stream(_encoded_trees(trees, call, mask))

    async def managed(self, call: Call) -> Any:
        """GET /api/v1/applications/{name}/managed-resources: each object in its four faces."""
        found = await self._model.managed(key_of_application(call.application))
        items = [item for item in found if _is_asked(call, item)]
        answer = {"items": msgspec.to_builtins(items)}
        return parse_mask(call.query("fields")).apply(answer)

    async def drift(self, call: Call) -> Any:
        """GET /api/v1/applications/{name}/drift: each field that differs, and who wrote it."""
        found = await self._model.drift(key_of_application(call.application))
        return {"items": [item for item in found if _is_asked(call, item)]}

    async def resource(self, call: Call) -> Any:
        """GET /api/v1/applications/{name}/resource: one live object."""
        live = await self._model.live(key_of_application(call.application), resource_key(call))
        return {"manifest": msgspec.json.encode(live).decode()}


def resource_key(call: Call) -> ResourceKey:
    """Return the object that the query of a call names."""
    return ResourceKey(
        call.query("group"), call.query("kind"), call.query("namespace"), call.query("resourceName")
    )


def _filtered(tree: ResourceTree, call: Call) -> ResourceTree:
    return msgspec.structs.replace(
        tree,
        nodes=tuple(node for node in tree.nodes if _is_asked(call, node)),
        orphaned_nodes=tuple(node for node in tree.orphaned_nodes if _is_asked(call, node)),
    )


def _is_asked(call: Call, item: ResourceNode | Any) -> bool:
    """Return whether an object is one that the query of a call asks for."""
    return all(
        not (asked := call.query(name)) or asked == getattr(item, name, asked)
        for name in ("namespace", "name", "version", "group", "kind")
    )


async def _encoded_trees(
    trees: AsyncGenerator[ResourceTree, None], call: Call, mask: Mask
) -> AsyncGenerator[Sequence[bytes], None]:
    async for tree in trees:
        encoded = msgspec.json.encode(_filtered(tree, call))
        if mask.text:
            encoded = msgspec.json.encode(mask.apply(msgspec.json.decode(encoded)))
        yield [encoded]
