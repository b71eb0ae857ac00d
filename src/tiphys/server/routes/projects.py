"""Projects: `/api/v1/projects`."""

from typing import Any

from tiphys.delivery.applications import decode_project
from tiphys.delivery.project_tokens import with_tokens_of
from tiphys.delivery.writing import update_object
from tiphys.engine.permissions import permits_destination
from tiphys.engine.rbac.projects import role_problems
from tiphys.engine.windows import is_active
from tiphys.model.application import Application
from tiphys.model.errors import ApiError, InvalidInputError, PreconditionError, TiphysError
from tiphys.model.keys import GroupVersionKind, Manifest, ResourceKey
from tiphys.model.labels import API_GROUP, API_VERSION, DEFAULT_PROJECT, SERVER_MANAGER
from tiphys.model.project import AppProject
from tiphys.model.source import Record
from tiphys.server.application_finder import project_of
from tiphys.server.application_rows import presented
from tiphys.server.call import Call
from tiphys.server.context import ApiContext
from tiphys.server.masks import parse_mask
from tiphys.server.records import EventList
from tiphys.server.routes.repositories import Items
from tiphys.server.table import Endpoint, by_handler, of_items, of_object
from tiphys.settings.durations import parse_duration

SERVICE = "project.ProjectService"
RESOURCE = "projects"
PROJECT = GroupVersionKind(API_GROUP, "v1alpha1", "AppProject")
_EVENT = GroupVersionKind("", "v1", "Event")
_RULES = (
    "clusterResourceWhitelist", "clusterResourceBlacklist", "namespaceResourceWhitelist",
    "namespaceResourceBlacklist",
)  # fmt: skip


class ProjectBody(Record, frozen=True):
    """A project to store."""

    project: dict[str, Any] = {}
    upsert: bool = False


class ProjectRoutes:
    """Answers what is about projects."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints."""
        path = "/api/v1/projects"
        one = f"{path}/{{name}}"
        may_get = of_object(RESOURCE, "get", lambda call: call.path["name"])
        return [
            Endpoint(
                method="GET", path=path, service=SERVICE, rpc="List",
                permission=of_items(RESOURCE), handler=self.list, answer=Items,
                query=("name", "fields"),
            ),
            Endpoint(
                method="POST", path=path, service=SERVICE, rpc="Create",
                permission=by_handler(RESOURCE, "create"), handler=self.create,
                body=ProjectBody, answer=AppProject,
            ),
            Endpoint(
                method="GET", path=one, service=SERVICE, rpc="Get", permission=may_get,
                handler=self.get, answer=AppProject,
            ),
            Endpoint(
                method="PUT", path=one, service=SERVICE, rpc="Update",
                permission=of_object(RESOURCE, "update", lambda call: call.path["name"]),
                handler=self.update, body=ProjectBody, answer=AppProject,
            ),
            Endpoint(
                method="DELETE", path=one, service=SERVICE, rpc="Delete",
                permission=of_object(RESOURCE, "delete", lambda call: call.path["name"]),
                handler=self.delete,
            ),
            Endpoint(
                method="GET", path=f"{one}/detailed", service=SERVICE, rpc="GetDetailedProject",
                permission=may_get, handler=self.detailed, answer=dict[str, Any],
            ),
            Endpoint(
                method="GET", path=f"{one}/events", service=SERVICE, rpc="ListEvents",
                permission=may_get, handler=self.events, answer=EventList,
            ),
            Endpoint(
                method="GET", path=f"{one}/globalprojects", service=SERVICE,
                rpc="GetGlobalProjects", permission=may_get, handler=self.globals, answer=Items,
            ),
            Endpoint(
                method="GET", path=f"{one}/syncwindows", service=SERVICE,
                rpc="GetSyncWindowsState", permission=may_get, handler=self.windows,
                answer=dict[str, Any],
            ),
        ]  # fmt: skip

    async def list(self, call: Call) -> Any:
        """GET /api/v1/projects: those that the caller may see, sorted by name."""
        wanted = call.query("name")
        found = sorted(
            (
                project
                for project in self._context.installation.collections.projects.objects()
                if call.allows(RESOURCE, "get", project["metadata"]["name"])
                and wanted in {"", project["metadata"]["name"]}
            ),
            key=lambda project: str(project["metadata"]["name"]),
        )
        answer = {"metadata": {}, "items": [presented(project) for project in found]}
        return parse_mask(call.query("fields")).apply(answer)

    async def get(self, call: Call) -> Manifest:
        """GET /api/v1/projects/{name}."""
        return presented(self._stored(call.path["name"]))

    async def create(self, call: Call) -> Manifest:
        """POST /api/v1/projects: create one, or change it with `upsert`."""
        wanted = self._wanted(call.body.project)
        name = wanted["metadata"]["name"]
        call.require(RESOURCE, "create", name)
        try:
            created = await self._context.home.create(wanted, manager=SERVER_MANAGER)
        except ApiError as err:
            if err.status_reason != "AlreadyExists":
                raise
        else:
            return self._observed(created)
        present = self._stored(name)
        if present.get("spec") == wanted["spec"]:
            return presented(present)
        if not call.body.upsert:
            raise InvalidInputError(
                "existing project spec is different, use upsert flag to force update"
            )
        call.require(RESOURCE, "update", name)
        return await self._replace(call, present, wanted)

    async def update(self, call: Call) -> Manifest:
        """PUT /api/v1/projects/{name}: replace its spec, labels and annotations."""
        name = call.path["name"]
        wanted = self._wanted({**call.body.project, "metadata": {
            **(call.body.project.get("metadata") or {}), "name": name}})  # fmt: skip
        present = self._stored(name)
        asked = (call.body.project.get("metadata") or {}).get("resourceVersion")
        if asked and asked != present["metadata"]["resourceVersion"]:
            raise ApiError(
                "the project was changed meanwhile; read it again", code=409,
                status_reason="Conflict",
            )  # fmt: skip
        return await self._replace(call, present, wanted)

    async def _replace(self, call: Call, present: Manifest, wanted: Manifest) -> Manifest:
        self._require_rights(call, present.get("spec") or {}, wanted["spec"])
        self._require_applications_stay(present, wanted)

        def change(project: Manifest) -> None:
            project["spec"] = with_tokens_of(project, wanted["spec"])
            for field in ("labels", "annotations", "finalizers"):
                if wanted["metadata"].get(field):
                    project["metadata"][field] = wanted["metadata"][field]
                else:
                    project["metadata"].pop(field, None)

        written = await update_object(
            self._context.home,
            PROJECT,
            self._context.installation.namespace,
            wanted["metadata"]["name"],
            change,
        )
        return self._observed(written)

    def _require_rights(self, call: Call, before: Manifest, after: Manifest) -> None:
        """Check that who changes a project may use what they put into it or take out of it.

        Raises:
            PermissionDeniedError: they may not change a cluster or repository that is affected.
        """
        old, new = _servers(before), _servers(after)
        affected = old | new if any(before.get(r) != after.get(r) for r in _RULES) else old ^ new
        for server in sorted(affected):
            call.require("clusters", "update", server)
        repositories = set(before.get("sourceRepos") or ()) ^ set(after.get("sourceRepos") or ())
        for url in sorted(map(str, repositories)):
            call.require("repositories", "update", url)

    def _require_applications_stay(self, present: Manifest, wanted: Manifest) -> None:
        """Check that no Application loses its source or its destination.

        Raises:
            InvalidInputError: some would.
        """
        before, after = decode_project(present), decode_project(wanted)
        counts = {"source": 0, "destination": 0}
        for manifest in self._context.model.all():
            if project_of(manifest) != before.metadata.name:
                continue
            app = self._context.model.decoded(manifest)
            if app is None:
                continue
            counts["source"] += self._loses_source(app, before, after)
            counts["destination"] += self._loses_destination(app, before, after)
        for what, count in counts.items():
            if count:
                raise InvalidInputError(
                    f"as a result of project update {count} applications {what} became invalid"
                )

    def _loses_source(self, app: Application, before: AppProject, after: AppProject) -> bool:
        permits = self._context.installation.permits_source
        return any(
            permits(source.repo_url, before) and not permits(source.repo_url, after)
            for source in app.spec.all_sources
        )

    def _loses_destination(self, app: Application, before: AppProject, after: AppProject) -> bool:
        try:
            record = self._context.clusters.find(app.spec.destination)
        except InvalidInputError:
            return False
        namespace = app.spec.destination.namespace
        return permits_destination(before, record, namespace) and not permits_destination(
            after, record, namespace
        )

    async def delete(self, call: Call) -> dict[str, Any]:
        """DELETE /api/v1/projects/{name}: one that no Application is in."""
        name = call.path["name"]
        if name == DEFAULT_PROJECT:
            raise InvalidInputError("name 'default' is reserved and cannot be deleted")
        stored = self._stored(name)
        count = sum(project_of(app) == name for app in self._context.model.all())
        if count:
            raise PreconditionError(f"project is referenced by {count} applications")
        namespace = self._context.installation.namespace
        await self._context.home.delete(
            PROJECT,
            ResourceKey(API_GROUP, PROJECT.kind, namespace, name),
            preconditions={"uid": stored["metadata"]["uid"]},
        )
        return {}

    async def detailed(self, call: Call) -> dict[str, Any]:
        """GET /api/v1/projects/{name}/detailed: with its repositories and clusters."""
        name = call.path["name"]
        repositories = [
            fields
            for fields in self._context.repositories.shown_of(name)
            if call.allows("repositories", "get", f"{name}/{fields['repo']}")
        ]
        clusters = [
            {"server": record.server, "name": record.name, "project": record.project}
            for record in self._context.clusters.records
            if record.project == name and call.allows("clusters", "get", f"{name}/{record.server}")
        ]
        return {
            "globalProjects": [],
            "project": presented(self._stored(name)),
            "repositories": repositories,
            "clusters": clusters,
        }

    async def events(self, call: Call) -> dict[str, Any]:
        """GET /api/v1/projects/{name}/events: Kubernetes Events about it."""
        metadata = self._stored(call.path["name"])["metadata"]
        selector = f"involvedObject.name={metadata['name']},involvedObject.uid={metadata['uid']}"
        namespace = self._context.installation.namespace
        found = await self._context.home.list(_EVENT, namespace, fieldSelector=selector)
        return {"metadata": {}, "items": found}

    async def globals(self, call: Call) -> dict[str, Any]:
        """GET /api/v1/projects/{name}/globalprojects: projects whose rules it inherits."""
        self._stored(call.path["name"])
        return {"items": []}

    async def windows(self, call: Call) -> dict[str, Any]:
        """GET /api/v1/projects/{name}/syncwindows: those that are open now."""
        project, now = decode_project(self._stored(call.path["name"])), self._context.clock()
        found = []
        for window in project.spec.sync_windows:
            try:
                is_open = is_active(window, now, lambda text: parse_duration(text, where=""))
            except (ValueError, TiphysError):
                continue
            if is_open:
                found.append(window)
        return {"windows": found}

    def _stored(self, name: str) -> Manifest:
        namespace = self._context.installation.namespace
        found = self._context.installation.collections.projects.get(f"{namespace}/{name}")
        if found is None:
            what = f'appprojects.argoproj.io "{name}" not found'
            raise ApiError(what, code=404, status_reason="NotFound")
        return found

    def _wanted(self, body: dict[str, Any]) -> Manifest:
        metadata = body.get("metadata") if isinstance(body.get("metadata"), dict) else {}
        name = str((metadata or {}).get("name") or "")
        if not name:
            raise InvalidInputError("the project has no name", where="metadata.name")
        marks = {
            field: metadata[field]
            for field in ("labels", "annotations", "finalizers")
            if metadata and metadata.get(field)
        }
        spec = body.get("spec") if isinstance(body.get("spec"), dict) else {}
        manifest = {
            "apiVersion": API_VERSION,
            "kind": "AppProject",
            "metadata": {
                "name": name, "namespace": self._context.installation.namespace, **marks,
            },
            "spec": spec,
        }  # fmt: skip
        for problem in role_problems(decode_project(manifest)):
            raise problem
        return manifest

    def _observed(self, written: Manifest) -> Manifest:
        self._context.installation.collections.projects.observe(written)
        return presented(written)


def _servers(spec: Manifest) -> set[str]:
    destinations = spec.get("destinations") or ()
    return {str(entry.get("server") or entry.get("name") or "") for entry in destinations}
