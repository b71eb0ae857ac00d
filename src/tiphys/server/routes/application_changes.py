"""What changes an Application's definition: create, update, patch, delete."""

from typing import Any

import orjson

from tiphys.delivery.applications import decode_application
from tiphys.delivery.requests import finalizer_patch
from tiphys.delivery.stored_applications import APPLICATION
from tiphys.delivery.validation import Validator
from tiphys.model.application import Application, ApplicationSpec
from tiphys.model.errors import ApiError, InvalidInputError
from tiphys.model.keys import Manifest
from tiphys.model.labels import API_VERSION, DEFAULT_PROJECT
from tiphys.model.source import Record
from tiphys.server.application_finder import (
    RESOURCE,
    ApplicationFinder,
    key_of_application,
    project_of,
)
from tiphys.server.application_rows import presented
from tiphys.server.call import Call
from tiphys.server.context import ApiContext
from tiphys.server.routes.applications import SERVICE
from tiphys.server.table import Endpoint, by_handler, of_application
from tiphys.structured.patches.json_patch import apply_json_patch
from tiphys.structured.patches.merge_patch import apply_merge_patch

_MARKS = ("labels", "annotations", "finalizers")
_POLICIES = ("", "foreground", "background")
_ATTEMPTS = 10


class PatchBody(Record, frozen=True):
    """`PATCH /applications/{name}`; the patch is JSON in a text."""

    app_namespace: str = ""
    project: str = ""
    patch: str = ""
    patch_type: str = "json"


class ChangeRoutes:
    """Answers what changes an Application's definition."""

    def __init__(
        self, context: ApiContext, finder: ApplicationFinder, validator: Validator
    ) -> None:
        self._context, self._finder, self._validator = context, finder, validator

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints."""
        path = "/api/v1/applications"
        return [
            Endpoint(
                method="POST",
                path=path,
                service=SERVICE,
                rpc="Create",
                permission=by_handler(RESOURCE, "create"),
                handler=self.create,
                answer=Application,
                body=dict[str, Any],
                query=("upsert", "validate"),
            ),
            Endpoint(
                method="PUT",
                path=f"{path}/{{name}}",
                service=SERVICE,
                rpc="Update",
                permission=of_application("update"),
                handler=self.update,
                answer=Application,
                body=dict[str, Any],
                query=("validate", "project"),
            ),
            Endpoint(
                method="PUT",
                path=f"{path}/{{name}}/spec",
                service=SERVICE,
                rpc="UpdateSpec",
                permission=of_application("update"),
                handler=self.update_spec,
                answer=ApplicationSpec,
                body=dict[str, Any],
                query=("validate", "appNamespace", "project"),
            ),
            Endpoint(
                method="PATCH",
                path=f"{path}/{{name}}",
                service=SERVICE,
                rpc="Patch",
                permission=of_application("get"),
                handler=self.patch,
                answer=Application,
                body=PatchBody,
            ),
            Endpoint(
                method="DELETE",
                path=f"{path}/{{name}}",
                service=SERVICE,
                rpc="Delete",
                permission=of_application("get"),
                handler=self.delete,
                query=("cascade", "propagationPolicy", "appNamespace", "project"),
            ),
        ]

    async def create(self, call: Call) -> Manifest:
        """POST /api/v1/applications: create an Application, or change it with `upsert`."""
        wanted = self._wanted(call.body)
        call.require(RESOURCE, "create", self._finder.named(wanted))
        present = self._context.model.get(key_of_application(wanted))
        if present is not None:
            return await self._upsert(call, present, wanted)
        await self._require_valid(call, wanted)
        try:
            created = await self._context.home.create(wanted, manager="argocd-server")
        except ApiError as err:
            if err.status_reason != "AlreadyExists":
                raise
            raise _differs() from err
        return self._done(call, created, "ResourceCreated", "created application")

    async def _upsert(self, call: Call, present: Manifest, wanted: Manifest) -> Manifest:
        if _says_the_same(present, wanted):
            return presented(present)
        if not call.flag("upsert"):
            raise _differs()
        call.require(RESOURCE, "update", self._finder.named(present))
        await self._require_valid(call, wanted)
        return await self._replace(call, present, wanted)

    async def update(self, call: Call) -> Manifest:
        """PUT /api/v1/applications/{name}: replace spec, labels, annotations, finalizers."""
        body = {**call.body, "metadata": {**(call.body.get("metadata") or {})}}
        body["metadata"] |= {
            "name": call.application["metadata"]["name"],
            "namespace": call.application["metadata"]["namespace"],
        }
        return await self._change(call, self._wanted(body))

    async def update_spec(self, call: Call) -> Manifest:
        """PUT /api/v1/applications/{name}/spec: replace the spec."""
        written = await self._change(call, {**call.application, "spec": call.body})
        spec: Manifest = written["spec"]
        return spec

    async def patch(self, call: Call) -> Manifest:
        """PATCH /api/v1/applications/{name}: change it by a JSON or a merge patch."""
        body: PatchBody = call.body
        self._finder.require_application(call, "update")
        changed = _patched(call.application, body)
        changed["metadata"] |= {
            "name": call.application["metadata"]["name"],
            "namespace": call.application["metadata"]["namespace"],
        }
        return await self._change(call, self._wanted(changed))

    async def delete(self, call: Call) -> Manifest:
        """DELETE /api/v1/applications/{name}: with its objects unless `cascade=false`."""
        self._finder.require_application(call, "delete")
        cascade, policy = call.flag("cascade", default=True), call.query("propagationPolicy")
        if policy not in _POLICIES:
            raise InvalidInputError(f"invalid propagation policy: {policy[:64]}")
        if policy and not cascade:
            raise InvalidInputError("cannot set propagation policy when cascading is disabled")
        applications, key = self._context.applications, key_of_application(call.application)
        await applications.ask(
            key,
            lambda app: finalizer_patch(app, cascade=cascade, propagation=policy or "foreground"),
        )
        await self._context.home.delete(APPLICATION, applications.key(key))
        self._tell(call, call.application, "ResourceDeleted", "deleted application")
        return {}

    def _wanted(self, body: Any) -> Manifest:
        """Return the Application that a body describes, as it is to be stored.

        Raises:
            InvalidInputError: it is none.
        """
        metadata = body.get("metadata") if isinstance(body.get("metadata"), dict) else {}
        spec = body.get("spec") if isinstance(body.get("spec"), dict) else {}
        name = str(metadata.get("name") or "")
        if not name:
            raise InvalidInputError("the application has no name", where="metadata.name")
        namespace = str(metadata.get("namespace") or self._context.installation.namespace)
        self._finder.require_permitted(namespace)
        marks = {field: metadata[field] for field in _MARKS if metadata.get(field)}
        manifest = {
            "apiVersion": API_VERSION,
            "kind": "Application",
            "metadata": {"name": name, "namespace": namespace, **marks},
            "spec": {**spec, "project": spec.get("project") or DEFAULT_PROJECT},
        }
        decode_application(manifest)
        return manifest

    async def _change(self, call: Call, wanted: Manifest) -> Manifest:
        before = call.application
        if project_of(wanted) != project_of(before):
            call.require(RESOURCE, "create", self._finder.named(wanted))
        await self._require_valid(call, wanted)
        return await self._replace(call, before, wanted)

    async def _replace(self, call: Call, present: Manifest, wanted: Manifest) -> Manifest:
        """Write what is wanted into what stands there; anew when others write meanwhile."""
        applications, key = self._context.applications, key_of_application(wanted)
        for attempt in range(_ATTEMPTS):
            stored = present if attempt == 0 else await applications.get(key)
            kept = {k: v for k, v in stored["metadata"].items() if k not in _MARKS}
            marks = {k: wanted["metadata"][k] for k in _MARKS if k in wanted["metadata"]}
            changed = {**stored, "metadata": {**kept, **marks}, "spec": wanted["spec"]}
            changed |= {"apiVersion": API_VERSION, "kind": "Application"}
            try:
                written = await applications.replace(changed)
            except ApiError as err:
                if err.status_reason != "Conflict" or attempt == _ATTEMPTS - 1:
                    raise
                continue
            return self._done(call, written, "ResourceUpdated", "updated application spec")
        raise AssertionError("the last attempt returns or raises")

    async def _require_valid(self, call: Call, wanted: Manifest) -> None:
        app = decode_application(wanted)
        renders = call.flag("validate", default=True)
        problems = await self._validator.problems(app, renders=renders)
        if problems:
            what = f"application spec for {app.metadata.name} is invalid: {'; '.join(problems)}"
            raise InvalidInputError(what)

    def _done(self, call: Call, written: Manifest, reason: str, what: str) -> Manifest:
        self._context.installation.collections.applications.observe(written)
        self._tell(call, written, reason, what)
        return presented(written)

    def _tell(self, call: Call, app: Manifest, reason: str, what: str) -> None:
        user = call.identity.username or call.identity.subject or "Unknown user"
        typed = {"apiVersion": API_VERSION, "kind": "Application", **app}
        self._context.events.record(typed, reason, f"{user} {what}", is_warning=False)


def _patched(app: Manifest, body: PatchBody) -> Manifest:
    try:
        patch = orjson.loads(body.patch)
    except orjson.JSONDecodeError as err:
        raise InvalidInputError(f"the patch is not JSON: {err}", where="patch") from err
    document = orjson.loads(orjson.dumps(app))
    if body.patch_type == "merge":
        changed = apply_merge_patch(document, patch)
    elif body.patch_type in {"", "json"}:
        if not isinstance(patch, list):
            raise InvalidInputError("a JSON patch is a list of operations", where="patch")
        changed = apply_json_patch(document, patch)
    else:
        raise InvalidInputError(f"Patch type '{body.patch_type[:32]}' is not supported")
    if not isinstance(changed, dict) or not isinstance(changed.get("metadata"), dict):
        raise InvalidInputError("the patch leaves no application", where="patch")
    return changed


def _says_the_same(present: Manifest, wanted: Manifest) -> bool:
    if present.get("spec") != wanted["spec"]:
        return False
    return all(
        (present["metadata"].get(field) or None) == (wanted["metadata"].get(field) or None)
        for field in _MARKS
    )


def _differs() -> InvalidInputError:
    return InvalidInputError(
        "existing application spec is different, use upsert flag to force update"
    )
