"""`GET /api/badge`: the status of an Application or of projects as a picture, for everybody.

It says nothing of an installation that did not turn it on.
"""

import re

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tiphys.delivery.installation import Installation
from tiphys.delivery.read_model import ReadModel
from tiphys.engine.badge import Badge, badge_of, synced_revision
from tiphys.server.application_finder import ApplicationFinder, project_of

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_HEADERS = {"Cache-Control": "private, no-store", "Access-Control-Allow-Origin": "*"}
_WIDTH = re.compile("[1-9][0-9]{0,3}")


def badge_route(installation: Installation, model: ReadModel, finder: ApplicationFinder) -> Route:
    """Return the route."""
    return Route("/api/badge", _Badges(installation, model, finder).answer)


class _Badges:
    """Draws badges."""

    def __init__(
        self, installation: Installation, model: ReadModel, finder: ApplicationFinder
    ) -> None:
        self._installation, self._model, self._finder = installation, model, finder

    async def answer(self, request: Request) -> Response:
        """Answer with a picture, whatever there is to show."""
        query = request.query_params
        texts = (query.get("name"), query.get("namespace"), *query.getlist("project"))
        if not all(_NAME.fullmatch(text) for text in texts if text):
            return PlainTextResponse("not a name", status_code=400)
        is_on = self._installation.config_map("argocd-cm").get("statusbadge.enabled") == "true"
        found = self._badge(query) if is_on else Badge()
        width = query.get("width", "")
        if _WIDTH.fullmatch(width):
            found = msgspec.structs.replace(found, width=int(width))
        return Response(found.svg(), media_type="image/svg+xml", headers=_HEADERS)

    def _badge(self, query: QueryParams) -> Badge:
        name, projects = query.get("name", ""), set(filter(None, query.getlist("project")))
        if not name:
            return badge_of(
                app
                for app in self._model.all()
                if project_of(app) in projects
                and self._finder.is_permitted(app["metadata"]["namespace"])
            )
        namespace = query.get("namespace") or self._installation.namespace
        is_permitted = self._finder.is_permitted(namespace)
        app = self._model.get(f"{namespace}/{name}") if is_permitted else None
        if app is None or (projects and project_of(app) not in projects):
            return badge_of(())
        revision = synced_revision(app) if query.get("revision") == "true" else ""
        return msgspec.structs.replace(
            badge_of((app,)),
            revision=revision if query.get("keepFullRevision") == "true" else revision[:7],
            title=name if query.get("showAppName") == "true" else "",
        )
