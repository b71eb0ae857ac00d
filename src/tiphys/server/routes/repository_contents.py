"""What is in a repository, for people who choose a source: refs, charts, folders, details."""

from typing import Any

import msgspec

from tiphys.delivery.installation import Installation
from tiphys.model.errors import InvalidInputError, PermissionDeniedError
from tiphys.model.keys import Manifest
from tiphys.model.labels import DEFAULT_PROJECT
from tiphys.model.source import ApplicationSource, Record
from tiphys.server.application_finder import ApplicationFinder, project_of
from tiphys.server.call import Call, denied
from tiphys.server.context import ApiContext
from tiphys.server.routes.repositories import RESOURCE, SERVICE, Items
from tiphys.server.table import Endpoint, by_handler
from tiphys.sources.addresses import normalise_url
from tiphys.sources.api import RenderRequest, RenderSettings
from tiphys.sources.exploring import Refs, SourceDetails


class DetailsBody(Record, frozen=True):
    """`POST /repositories/{url}/appdetails`: a source, and the Application it is or will be of."""

    source: ApplicationSource | None = None
    app_name: str = ""
    app_project: str = ""
    source_index: int = 0
    version_id: int = 0


class ContentRoutes:
    """Answers what is about the content of repositories."""

    def __init__(self, context: ApiContext, finder: ApplicationFinder) -> None:
        self._context, self._finder = context, finder

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints."""
        path = "/api/v1/repositories/{repo}"
        may_get = by_handler(RESOURCE, "get")
        query = ("appProject",)
        return [
            Endpoint(
                method="GET", path=f"{path}/refs", service=SERVICE, rpc="ListRefs",
                permission=may_get, handler=self.refs, answer=Refs, query=query,
            ),
            Endpoint(
                method="GET", path=f"{path}/oci-tags", service=SERVICE, rpc="ListOCITags",
                permission=may_get, handler=self.tags, answer=Refs, query=query,
            ),
            Endpoint(
                method="GET", path=f"{path}/helmcharts", service=SERVICE, rpc="GetHelmCharts",
                permission=may_get, handler=self.charts, answer=Items, query=query,
            ),
            Endpoint(
                method="GET", path=f"{path}/apps", service=SERVICE, rpc="ListApps",
                permission=may_get, handler=self.folders, answer=Items,
                query=("revision", "appName", *query),
            ),
            Endpoint(
                method="POST", path=f"{path}/appdetails", service=SERVICE, rpc="GetAppDetails",
                permission=may_get, handler=self.details, body=DetailsBody, answer=SourceDetails,
            ),
        ]  # fmt: skip

    async def refs(self, call: Call) -> Refs:
        """GET /api/v1/repositories/{repo}/refs: branches and tags."""
        return await self._context.sources.explorer.refs(self._request(call).access(_url(call)))

    async def tags(self, call: Call) -> Refs:
        """GET /api/v1/repositories/{repo}/oci-tags: tags of an OCI repository."""
        access = self._request(call).access(_url(call))
        return Refs(tags=tuple(await self._context.sources.explorer.tags(access)))

    async def charts(self, call: Call) -> dict[str, Any]:
        """GET /api/v1/repositories/{repo}/helmcharts: charts and their versions."""
        access = self._request(call).access(_url(call))
        found = await self._context.sources.explorer.charts(access)
        return {"items": [{"name": name, "versions": found[name]} for name in sorted(found)]}

    async def folders(self, call: Call) -> dict[str, Any]:
        """GET /api/v1/repositories/{repo}/apps: folders that can be deployed."""
        project, name = call.query("appProject") or DEFAULT_PROJECT, call.query("appName") or "*"
        named = f"{project}/{name}"
        may = any(call.allows("applications", action, named) for action in ("create", "update"))
        if not may:
            raise denied()
        found = await self._context.sources.explorer.folders(self._request(call))
        return {"items": found}

    async def details(self, call: Call) -> SourceDetails:
        """POST /api/v1/repositories/{repo}/appdetails: what a source is made of."""
        body: DetailsBody = call.body
        if body.source is None:
            raise InvalidInputError("missing payload in request", where="source")
        project = body.app_project or DEFAULT_PROJECT
        self._require_source(call, body, body.source, project)
        source = msgspec.structs.replace(body.source, repo_url=_url(call))
        return await self._context.sources.explorer.details(self._request(call, source, project))

    def _require_source(
        self, call: Call, body: DetailsBody, source: ApplicationSource, project: str
    ) -> None:
        """Check that the caller may look at a source: one of theirs, or one they may deploy."""
        named = f"{project}/{body.app_name}"
        call.require("applications", "get", named)
        key = f"{self._context.installation.namespace}/{body.app_name}"
        app = self._context.model.get(key) if body.app_name else None
        if app is None:
            call.require("applications", "create", named)
        elif project_of(app) != project or not _is_source_of(app, source):
            raise denied()
        _require_permitted(self._context.installation, _url(call), project)

    def _request(
        self, call: Call, source: ApplicationSource | None = None, project: str = ""
    ) -> RenderRequest:
        """Return a look into one repository, once the caller may see that."""
        url, installation = _url(call), self._context.installation
        project = project or call.query("appProject")
        if not any(call.allows(RESOURCE, "get", name) for name in (url, f"{project}/{url}")):
            raise denied()
        source = source or ApplicationSource(
            repo_url=url, path=".", target_revision=call.query("revision")
        )
        return RenderRequest(
            app_instance="",
            app_name="",
            project=project,
            destination_namespace="",
            sources=(source,),
            revisions=(None,),
            kube_version="",
            api_versions=(),
            access=lambda address: installation.access(address, project),
            permits=lambda _address: True,
            named=lambda alias: installation.helm_repository(alias, project),
            settings=RenderSettings(
                helm_enabled=installation.settings.helm_enabled,
                kustomize_enabled=installation.settings.kustomize_enabled,
                file_roots=installation.settings.file_roots,
            ),
        )


def _url(call: Call) -> str:
    return call.path["repo"]


def _require_permitted(installation: Installation, url: str, name: str) -> None:
    project = installation.project(name)
    if project is None or not installation.permits_source(url, project):
        raise PermissionDeniedError(f"repository '{url}' not permitted in project '{name}'")


def _is_source_of(app: Manifest, source: ApplicationSource) -> bool:
    """Return whether an Application has, or had, a source at the same place."""
    spec, history = app.get("spec") or {}, (app.get("status") or {}).get("history") or ()
    places = [
        entry
        for holder in (spec, *history)
        for entry in [holder.get("source") or {}, *(holder.get("sources") or ())]
    ]
    wanted = (normalise_url(source.repo_url), source.path, source.chart)
    return any(
        (normalise_url(str(p.get("repoURL", ""))), p.get("path", ""), p.get("chart", "")) == wanted
        for p in places
    )
