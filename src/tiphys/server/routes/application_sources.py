"""Where an Application comes from and where it could go: manifests, commits, windows, previews."""

from typing import Any

import msgspec
import yaml

from tiphys.delivery.applications import decode_application
from tiphys.delivery.preview import Plan, Previewer
from tiphys.delivery.targets import render_request
from tiphys.engine.masking import Masker
from tiphys.engine.windows import Attempt, assigned, is_active, may_sync
from tiphys.model.application import Application
from tiphys.model.errors import ClusterError, InvalidInputError, TiphysError
from tiphys.model.project import SyncWindow
from tiphys.server.call import Call
from tiphys.server.context import ApiContext
from tiphys.server.records import (
    ChartDetails,
    ManifestsAnswer,
    RevisionMetadata,
    SyncWindows,
    WindowRow,
)
from tiphys.server.routes.applications import SERVICE
from tiphys.server.table import Endpoint, of_application
from tiphys.settings.durations import parse_duration
from tiphys.sources.api import RenderRequest

_REVISIONS = ("revision", "revisions", "sourcePositions", "appNamespace", "project")


class SourceRoutes:
    """Answers what is about an Application's sources."""

    def __init__(self, context: ApiContext, previewer: Previewer) -> None:
        self._context, self._previewer = context, previewer

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints."""
        path = "/api/v1/applications/{name}"
        place = ("sourceIndex", "versionId", "appNamespace", "project")
        may_get = of_application("get")
        return [
            Endpoint(
                method="GET", path=f"{path}/manifests", service=SERVICE, rpc="GetManifests",
                permission=may_get, handler=self.manifests, answer=ManifestsAnswer,
                query=_REVISIONS,
            ),
            Endpoint(
                method="GET", path=f"{path}/revisions/{{revision}}/metadata", service=SERVICE,
                rpc="RevisionMetadata", permission=may_get, handler=self.metadata,
                answer=RevisionMetadata, query=place,
            ),
            Endpoint(
                method="GET", path=f"{path}/revisions/{{revision}}/chartdetails", service=SERVICE,
                rpc="RevisionChartDetails", permission=may_get, handler=self.chart_details,
                answer=ChartDetails, query=place,
            ),
            Endpoint(
                method="GET", path=f"{path}/syncwindows", service=SERVICE,
                rpc="GetApplicationSyncWindows", permission=may_get, handler=self.windows,
                answer=SyncWindows, query=("appNamespace", "project"),
            ),
            Endpoint(
                method="GET", path=f"{path}/plan", service=SERVICE, rpc="Plan",
                permission=may_get, handler=self.preview, answer=Plan, query=_REVISIONS,
                is_ours=True,
            ),
            Endpoint(
                method="GET", path=f"{path}/preview", service=SERVICE, rpc="Preview",
                permission=may_get, handler=self.preview, answer=Plan, query=_REVISIONS,
                is_ours=True,
            ),
        ]  # fmt: skip

    async def manifests(self, call: Call) -> ManifestsAnswer:
        """GET /api/v1/applications/{name}/manifests: what its sources render to."""
        app = decode_application(call.application)
        cluster = self._context.model.cluster_of(app)
        if cluster is None:
            raise ClusterError("the cluster of the application is not reachable now")
        wanted = self._request(app)
        asked = tuple(revision or None for revision in _revisions(call, app))
        if asked:
            wanted = msgspec.structs.replace(wanted, revisions=asked)
        found = await self._context.targets.load(app, cluster, wanted)
        masker = Masker(self._context.installation.settings.sensitive_annotations)
        return ManifestsAnswer(
            manifests=tuple(
                msgspec.json.encode(masker.mask(target.manifest())).decode()
                for target in found.targets
            ),
            namespace=app.spec.destination.namespace,
            server=cluster.record.server,
            revision=found.revisions[0] if found.revisions else "",
            source_type=found.source_types[0] if found.source_types else "",
        )

    async def metadata(self, call: Call) -> RevisionMetadata:
        """GET /api/v1/applications/{name}/revisions/{revision}/metadata: a commit in words."""
        app = decode_application(call.application)
        place = self._place(call, app)
        request = self._request(app)
        if request.sources[place].is_chart or request.sources[place].is_oci:
            return RevisionMetadata()
        commit = await self._context.sources.explorer.commit(request, place, call.path["revision"])
        return RevisionMetadata(
            author=commit.author, date=commit.date, tags=commit.tags, message=commit.message
        )

    async def chart_details(self, call: Call) -> ChartDetails:
        """GET /api/v1/applications/{name}/revisions/{revision}/chartdetails."""
        app = decode_application(call.application)
        place = self._place(call, app)
        request = self._request(app)
        if not request.sources[place].is_chart:
            raise InvalidInputError("the source is not a Helm chart")
        text = await self._context.sources.explorer.chart_file(
            request, place, call.path["revision"]
        )
        return _chart_details(text)

    async def windows(self, call: Call) -> SyncWindows:
        """GET /api/v1/applications/{name}/syncwindows: which there are, and which are open."""
        app, now = decode_application(call.application), self._context.clock()
        project = self._context.installation.project(app.project)
        windows = project.spec.sync_windows if project is not None else ()
        own = assigned(windows, app)
        attempt = Attempt(now=now, is_manual=True)
        return SyncWindows(
            active_windows=tuple(_row(window) for window in own if _is_open(window, attempt)),
            assigned_windows=tuple(map(_row, own)),
            can_sync=not windows or may_sync(app, windows, attempt, _seconds),
        )

    async def preview(self, call: Call) -> Plan:
        """GET /api/v1/applications/{name}/preview: what a sync, here or there, would change."""
        app = decode_application(call.application)
        return await self._previewer.preview(app, _revisions(call, app))

    def _request(self, app: Application) -> RenderRequest:
        cluster = self._context.model.cluster_of(app)
        if cluster is None:
            raise ClusterError("the cluster of the application is not reachable now")
        return render_request(app, self._context.installation, cluster)

    def _place(self, call: Call, app: Application) -> int:
        place = call.number("sourceIndex")
        if not 0 <= place < len(app.spec.all_sources):
            raise InvalidInputError("source index out of range", where="sourceIndex")
        return place


def _revisions(call: Call, app: Application) -> list[str]:
    """Return the revision that is asked for each source, "" for its own; none where none is."""
    revisions, positions = call.queries("revisions"), call.queries("sourcePositions")
    if positions:
        chosen = {str(place): "" for place in range(1, len(app.spec.all_sources) + 1)}
        for position, revision in zip(positions, revisions, strict=False):
            if position not in chosen:
                raise InvalidInputError("source position out of range", where="sourcePositions")
            chosen[position] = revision
        return list(chosen.values())
    revision = call.query("revision")
    return [revision] if revision else revisions


def _chart_details(text: bytes) -> ChartDetails:
    try:
        chart: Any = yaml.safe_load(text)
    except yaml.YAMLError:
        chart = None
    chart = chart if isinstance(chart, dict) else {}
    maintainers = chart.get("maintainers")
    named = maintainers if isinstance(maintainers, list) else []
    return ChartDetails(
        description=str(chart.get("description") or ""),
        maintainers=tuple(_maintainer(entry) for entry in named if isinstance(entry, dict)),
        home=str(chart.get("home") or ""),
    )


def _maintainer(entry: dict[str, Any]) -> str:
    name, email = str(entry.get("name") or ""), str(entry.get("email") or "")
    return f"{name} <{email}>" if email else name


def _row(window: SyncWindow) -> WindowRow:
    return WindowRow(
        kind=window.kind,
        schedule=window.schedule,
        duration=window.duration,
        manual_sync=window.manual_sync,
    )


def _is_open(window: SyncWindow, attempt: Attempt) -> bool:
    try:
        return is_active(window, attempt.now, _seconds)
    except (ValueError, TiphysError):
        return False


def _seconds(text: str) -> float:
    return parse_duration(text, where="duration")
