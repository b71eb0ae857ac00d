"""What is done to single objects of an Application, and the Events about them."""

from typing import Any

import msgspec
import orjson

from tiphys.delivery.applications import decode_application
from tiphys.delivery.clusters import OpenCluster
from tiphys.delivery.managed import without_managed_fields
from tiphys.engine.masking import Masker, is_secret
from tiphys.kube.client import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, KubeClient
from tiphys.model.errors import ClusterError, InvalidInputError, TiphysError
from tiphys.model.keys import GroupKind, GroupVersionKind, Manifest, ResourceKey
from tiphys.model.tree import ResourceNode
from tiphys.server.application_finder import ApplicationFinder, key_of_application
from tiphys.server.call import Call
from tiphys.server.context import ApiContext
from tiphys.server.records import EventList, ManifestAnswer
from tiphys.server.routes.application_resources import resource_key
from tiphys.server.routes.applications import SERVICE
from tiphys.server.table import Endpoint, of_application

_SECRET = GroupKind("", "Secret")
_EVENT = GroupVersionKind("", "v1", "Event")
_PATCHES = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH)
_EVENTS = ("resourceNamespace", "resourceName", "resourceUID", "appNamespace", "project")
_RESOURCE = ("namespace", "resourceName", "version", "group", "kind", "appNamespace", "project")


class ObjectRoutes:
    """Answers what reads and changes single objects."""

    def __init__(self, context: ApiContext, finder: ApplicationFinder) -> None:
        self._context, self._finder = context, finder

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints."""
        path = "/api/v1/applications/{name}"
        return [
            Endpoint(
                method="POST",
                path=f"{path}/resource",
                service=SERVICE,
                rpc="PatchResource",
                permission=of_application("get"),
                handler=self.patch,
                body=Any,
                answer=ManifestAnswer,
                query=(*_RESOURCE, "patchType"),
            ),
            Endpoint(
                method="DELETE",
                path=f"{path}/resource",
                service=SERVICE,
                rpc="DeleteResource",
                permission=of_application("get"),
                handler=self.delete,
                query=(*_RESOURCE, "force", "orphan"),
            ),
            Endpoint(
                method="GET",
                path=f"{path}/events",
                service=SERVICE,
                rpc="ListResourceEvents",
                permission=of_application("get"),
                handler=self.events,
                answer=EventList,
                query=_EVENTS,
            ),
        ]

    async def patch(self, call: Call) -> ManifestAnswer:
        """POST /api/v1/applications/{name}/resource: the body is JSON in a text."""
        key, node = self._permitted(call, "update")
        kind = call.query("patchType") or MERGE_PATCH
        if kind not in _PATCHES:
            raise InvalidInputError(f"unknown patch type `{kind[:64]}`", where="patchType")
        try:
            patch = orjson.loads(call.body) if isinstance(call.body, str) else call.body
        except orjson.JSONDecodeError as err:
            raise InvalidInputError(f"the patch is not JSON: {err}", where="body") from err
        try:
            client = self._cluster(call).client
            written = await client.patch(_gvk(node), key, patch, kind, fieldManager="argocd-server")
        except TiphysError as err:
            if key.group_kind == _SECRET:  # what a server says of a Secret may hold its values
                raise InvalidInputError(f"failed to patch Secret {key.name}") from err
            raise
        self._tell(call, f"patched resource {key.kind} {key.name}")
        return ManifestAnswer(manifest=self._masked(written))

    async def delete(self, call: Call) -> dict[str, Any]:
        """DELETE /api/v1/applications/{name}/resource: delete an object."""
        key, node = self._permitted(call, "delete")
        propagation = "Orphan" if call.flag("orphan") else "Foreground"
        if call.flag("force"):
            propagation = "Background"
        await self._cluster(call).client.delete(
            _gvk(node),
            key,
            preconditions={"uid": node.uid},
            propagation=propagation,
        )
        self._tell(call, f"deleted resource {key.kind} {key.name}")
        return {}

    async def events(self, call: Call) -> dict[str, Any]:
        """GET /api/v1/applications/{name}/events: of the Application, or of one of its objects."""
        name, uid = call.query("resourceName"), call.query("resourceUID")
        namespace = call.query("resourceNamespace")
        if not (name and uid):
            metadata = call.application["metadata"]
            client: KubeClient = self._context.home
            name, uid, namespace = metadata["name"], metadata["uid"], metadata["namespace"]
        else:
            self._require_in_tree(call, (namespace, name, uid))
            client = self._cluster(call).client
        selector = f"involvedObject.name={name},involvedObject.uid={uid}"
        selector += f",involvedObject.namespace={namespace}" if namespace else ""
        found = await client.list(_EVENT, namespace, fieldSelector=selector)
        return {"metadata": {}, "items": sorted(found, key=_last_seen)}

    def _require_in_tree(self, call: Call, place: tuple[str, str, str]) -> None:
        tree = self._context.model.held_tree(key_of_application(call.application))
        nodes = (*tree.nodes, *tree.orphaned_nodes)
        if not any((node.namespace, node.name, node.uid) == place for node in nodes):
            app = call.application["metadata"]["name"]
            raise InvalidInputError(f"{place[1]} not found as part of application {app}")

    def _permitted(self, call: Call, action: str) -> tuple[ResourceKey, ResourceNode]:
        """Return the object that a call is about, once the caller may change it."""
        key = resource_key(call)
        fine = f"{action}/{key.group}/{key.kind}/{key.namespace}/{key.name}"
        self._finder.require_fine(call, action, fine)
        node = self._context.model.node(key_of_application(call.application), key)
        if node is None:
            raise InvalidInputError(
                f"{key.kind} {key.group} {key.name} not found as part of application "
                f"{call.application['metadata']['name']}"
            )
        return key, node

    def _cluster(self, call: Call) -> OpenCluster:
        cluster = self._context.model.cluster_of(decode_application(call.application))
        if cluster is None:
            where = key_of_application(call.application)
            raise ClusterError("the cluster of the application is not reachable now", where=where)
        return cluster

    def _masked(self, manifest: Manifest) -> str:
        annotations = self._context.installation.settings.sensitive_annotations
        masked = Masker(annotations).mask(manifest)
        if is_secret(manifest):
            masked = without_managed_fields(masked)
        return msgspec.json.encode(masked).decode()

    def _tell(self, call: Call, what: str) -> None:
        user = call.identity.username or call.identity.subject or "Unknown user"
        message = f"{user} {what}"
        self._context.events.record(
            call.application, "ResourceActionRan", message, is_warning=False
        )


def _gvk(node: ResourceNode) -> GroupVersionKind:
    return GroupVersionKind(node.group, node.version, node.kind)


def _last_seen(event: Manifest) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or "")
