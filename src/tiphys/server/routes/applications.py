"""Applications: lists, single ones, and the stream of their changes."""

from collections.abc import Callable
from typing import Any

import msgspec

from tiphys.engine.selectors import parse_selector
from tiphys.model.application import Application
from tiphys.model.errors import InvalidInputError
from tiphys.model.keys import Manifest
from tiphys.server.application_feed import Reader
from tiphys.server.application_finder import ApplicationFinder, project_of
from tiphys.server.application_rows import presented
from tiphys.server.call import Call
from tiphys.server.context import ApiContext
from tiphys.server.masks import parse_mask
from tiphys.server.records import ApplicationList, ApplicationWatchEvent
from tiphys.server.streams import Stream
from tiphys.server.table import Endpoint, of_application, of_items
from tiphys.sources.addresses import normalise_url

SERVICE = "application.ApplicationService"
_LIST_QUERY = (
    "name", "refresh", "projects", "project", "resourceVersion", "selector", "repo", "appNamespace",
    "fields",
)  # fmt: skip


class ApplicationRoutes:
    """Answers what reads Applications."""

    def __init__(self, context: ApiContext, finder: ApplicationFinder) -> None:
        self._context, self._finder = context, finder

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints."""
        return [
            Endpoint(
                method="GET",
                path="/api/v1/applications",
                service=SERVICE,
                rpc="List",
                permission=of_items("applications"),
                handler=self.list,
                answer=ApplicationList,
                query=_LIST_QUERY,
            ),
            Endpoint(
                method="GET",
                path="/api/v1/stream/applications",
                service=SERVICE,
                rpc="Watch",
                permission=of_items("applications"),
                handler=self.watch,
                answer=ApplicationWatchEvent,
                query=_LIST_QUERY,
                is_stream=True,
            ),
            Endpoint(
                method="GET",
                path="/api/v1/applications/{name}",
                service=SERVICE,
                rpc="Get",
                permission=of_application("get"),
                handler=self.get,
                answer=Application,
                query=("refresh", "appNamespace", "project"),
            ),
        ]

    async def list(self, call: Call) -> bytes:
        """GET /api/v1/applications: those that the caller may see, sorted by name."""
        mask = parse_mask(call.query("fields"))
        chooses = self._chooser(call)
        found = sorted(
            (app for app in self._context.model.all() if chooses(app)),
            key=lambda app: (app["metadata"]["name"], app["metadata"].get("namespace", "")),
        )
        items_mask = mask.below("items")
        items = [self._context.encoded.encode(app, items_mask) for app in found]
        version = max((_version(app) for app in self._context.model.all()), default=0)
        metadata = msgspec.json.encode({"resourceVersion": str(version)})
        return b'{"metadata":' + metadata + b',"items":[' + b",".join(items) + b"]}"

    async def get(self, call: Call) -> Manifest:
        """GET /api/v1/applications/{name}; `refresh` has the controller look first."""
        refresh = call.query("refresh")
        if not refresh:
            return presented(call.application)
        if refresh not in {"normal", "hard"}:
            raise InvalidInputError(f"expected `normal` or `hard`, got `{refresh[:64]}`")
        metadata = call.application["metadata"]
        name = f"{metadata['namespace']}/{metadata['name']}"
        applications = self._context.applications
        return presented(await applications.refresh(name, hard=refresh == "hard"))

    async def watch(self, call: Call) -> Stream:
        """GET /api/v1/stream/applications: every change, first what there is."""
        mask = parse_mask(call.query("fields"))
        inner = mask.below("result")
        since = "" if call.query("name") else call.query("resourceVersion")
        reader = Reader(
            chooses=self._chooser(call),
            mask=inner.below("application") if mask.text else mask,
            has_type=not mask.text or mask.is_exclusion or "type" in inner.fields,
            since=since,
        )
        return Stream(self._context.feed.read(reader))

    def _chooser(self, call: Call) -> Callable[[Manifest], bool]:
        """Return the test whether an Application is asked for, and may be seen."""
        asked = {
            "name": call.query("name"),
            "namespace": call.query("appNamespace"),
            "repo": call.query("repo"),
        }
        if asked["namespace"]:
            self._finder.require_permitted(asked["namespace"])
        projects = frozenset(call.queries("projects", "project", "projects[]", "project[]"))
        holds = parse_selector(call.query("selector"))
        repository = normalise_url(asked["repo"]) if asked["repo"] else ""

        def chooses(app: Manifest) -> bool:
            metadata = app["metadata"]
            if asked["name"] and metadata["name"] != asked["name"]:
                return False
            if asked["namespace"] and metadata.get("namespace") != asked["namespace"]:
                return False
            if projects and project_of(app) not in projects:
                return False
            if repository and repository not in _repositories(app):
                return False
            return holds(metadata.get("labels") or {}) and self._finder.sees(call, app)

        return chooses


def _repositories(app: Manifest) -> set[str]:
    spec: dict[str, Any] = app.get("spec") or {}
    sources = [spec.get("source") or {}, *(spec.get("sources") or ())]
    return {normalise_url(str(source["repoURL"])) for source in sources if source.get("repoURL")}


def _version(app: Manifest) -> int:
    text = str(app["metadata"].get("resourceVersion", ""))
    return int(text) if text.isdigit() else 0
