"""Actions on an Application's objects: which there are, and running one."""

from typing import Any

import orjson

from tiphys.engine.actions import Impact, ResourceAction
from tiphys.engine.permissions import permits_resource
from tiphys.kube.client import MERGE_PATCH, KubeClient
from tiphys.model.errors import InvalidInputError, PermissionDeniedError
from tiphys.model.keys import Manifest, ResourceKey, gvk_of, key_of
from tiphys.model.labels import SERVER_MANAGER
from tiphys.model.source import Record
from tiphys.server.application_finder import (
    RESOURCE,
    ApplicationFinder,
    key_of_application,
    project_of,
)
from tiphys.server.call import Call
from tiphys.server.context import ApiContext
from tiphys.server.routes.application_resources import resource_key
from tiphys.server.routes.applications import SERVICE
from tiphys.server.table import Endpoint, of_application
from tiphys.structured.patches.merge_patch import create_merge_patch

_QUERY = ("namespace", "resourceName", "version", "group", "kind", "appNamespace", "project")


class ActionList(Record, frozen=True, omit_defaults=False):
    """The actions that an object has now."""

    actions: tuple[ResourceAction, ...] = ()


class ActionParameterValue(Record, frozen=True):
    """A value that a person gives."""

    name: str = ""
    value: str = ""


class ActionBody(Record, frozen=True):
    """`POST /applications/{name}/resource/actions/v2`: the object, and what to do with it."""

    app_namespace: str = ""
    project: str = ""
    namespace: str = ""
    resource_name: str = ""
    version: str = ""
    group: str = ""
    kind: str = ""
    action: str = ""
    resource_action_parameters: tuple[ActionParameterValue, ...] = ()


class ActionRoutes:
    """Answers what is about actions."""

    def __init__(self, context: ApiContext, finder: ApplicationFinder) -> None:
        self._context, self._finder = context, finder
        self._actions = context.actions

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints."""
        path = "/api/v1/applications/{name}/resource/actions"
        may_get = of_application("get")
        return [
            Endpoint(
                method="GET", path=path, service=SERVICE, rpc="ListResourceActions",
                permission=may_get, handler=self.list, answer=ActionList, query=_QUERY,
            ),
            Endpoint(
                method="POST", path=path, service=SERVICE, rpc="RunResourceAction",
                permission=may_get, handler=self.run, body=Any, query=_QUERY,
            ),
            Endpoint(
                method="POST", path=f"{path}/v2", service=SERVICE, rpc="RunResourceActionV2",
                permission=may_get, handler=self.run_by_body, body=ActionBody,
            ),
        ]  # fmt: skip

    async def list(self, call: Call) -> ActionList:
        """GET /api/v1/applications/{name}/resource/actions: those that an object has now."""
        live, _ = await self._live(call, resource_key(call))
        return ActionList(actions=await self._actions.available(live))

    async def run(self, call: Call) -> dict[str, Any]:
        """POST /api/v1/applications/{name}/resource/actions: the body names the action."""
        if not isinstance(call.body, str):
            raise InvalidInputError("expected the name of an action as a text", where="body")
        return await self._run(call, resource_key(call), call.body, {})

    async def run_by_body(self, call: Call) -> dict[str, Any]:
        """POST /api/v1/applications/{name}/resource/actions/v2: with parameters."""
        body: ActionBody = call.body
        key = ResourceKey(body.group, body.kind, body.namespace, body.resource_name)
        given = {value.name: value.value for value in body.resource_action_parameters}
        return await self._run(call, key, body.action, given)

    async def _run(
        self, call: Call, key: ResourceKey, action: str, given: dict[str, str]
    ) -> dict[str, Any]:
        fine = f"action/{key.group}/{key.kind}/{action}"
        call.require(RESOURCE, fine, self._finder.named(call.application))
        live, client = await self._live(call, key)
        impacts = await self._actions.run(action, live, given, self._context.clock())
        for impact in impacts:
            self._require_permitted(call, impact.manifest)
        # What is to be created is tried first, so that nothing is changed when it would fail.
        for impact in impacts:
            if impact.operation == "create":
                await client.create(impact.manifest, manager=SERVER_MANAGER, dryRun="All")
        for impact in impacts:
            await _carry_out(client, live, impact)
        self._tell(call, f"ran action {action} on resource {key.group}/{key.kind}/{key.name}")
        return {}

    async def _live(self, call: Call, key: ResourceKey) -> tuple[Manifest, KubeClient]:
        return await self._context.model.held_live(key_of_application(call.application), key)

    def _require_permitted(self, call: Call, manifest: Manifest) -> None:
        """Check that the project permits what an action writes.

        Raises:
            PermissionDeniedError: it does not.
        """
        name = project_of(call.application)
        project = self._context.installation.project(name)
        key = key_of(manifest)
        if project is None or not permits_resource(
            project.spec, key, is_namespaced=bool(key.namespace)
        ):
            what = f"resource {key.group}:{key.kind} is not permitted in project {name}"
            raise PermissionDeniedError(what)

    def _tell(self, call: Call, what: str) -> None:
        user = call.identity.username or call.identity.subject or "Unknown user"
        self._context.events.record(
            call.application, "ResourceActionRan", f"{user} {what}", is_warning=False
        )


async def _carry_out(client: KubeClient, live: Manifest, impact: Impact) -> None:
    wanted = impact.manifest
    if impact.operation == "create":
        await client.create(wanted, manager=SERVER_MANAGER)
        return
    before = orjson.loads(orjson.dumps(live))
    patch = create_merge_patch(before, wanted)
    status = patch.pop("status", None)
    key, gvk = key_of(live), gvk_of(live)
    if patch:
        await client.patch(gvk, key, patch, fieldManager=SERVER_MANAGER)
    if status is not None:
        await _patch_status(client, live, {"status": status})


async def _patch_status(client: KubeClient, live: Manifest, patch: Manifest) -> None:
    """Patch a status where the kind keeps it apart; else with the object."""
    path = client.resource(gvk_of(live)).path(key_of(live))
    await client.transport.request(
        "PATCH",
        f"{path}/status",
        params={"fieldManager": SERVER_MANAGER},
        body=orjson.dumps(patch),
        headers={"Content-Type": MERGE_PATCH},
    )
