"""Keeps projects: lets one go when no Application needs it any more, and warns of useless lists.

Source: Argo CD operator manual, "Declarative Setup", Projects (the finalizer).
"""

import asyncio
import logging
from collections.abc import Callable

from tiphys.controller.application.services import Services
from tiphys.engine.permissions import only_denials
from tiphys.kube.client import JSON_PATCH
from tiphys.model.errors import ApiError, TiphysError
from tiphys.model.keys import GroupVersionKind, Manifest, key_of
from tiphys.model.labels import API_GROUP, DEFAULT_PROJECT, RESOURCES_FINALIZER

log = logging.getLogger(__name__)

PROJECT = GroupVersionKind(API_GROUP, "v1alpha1", "AppProject")
_AGAIN_S = 5.0


class Projects:
    """Looks at all projects whenever one of them changes, or an Application comes or goes."""

    def __init__(self, services: Services, may_write: Callable[[], bool]) -> None:
        """Prepare.

        Args:
            services: of the controller.
            may_write: False while somebody else serves the same namespace.
        """
        self._services, self._may_write = services, may_write
        self._changed = asyncio.Event()
        self._warned: dict[str, object] = {}

    async def run(self) -> None:
        """Work until cancelled."""
        collections = self._services.installation.collections
        collections.projects.subscribe(self._project_changed)
        collections.applications.subscribe(self._application_changed)
        self._changed.set()
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._may_write() and not await self._look():
                asyncio.get_running_loop().call_later(_AGAIN_S, self._changed.set)

    def look_again(self) -> None:
        """Look at all projects soon."""
        self._changed.set()

    def _project_changed(self, key: str, before: Manifest | None, after: Manifest | None) -> None:
        del key, before, after
        self._changed.set()

    def _application_changed(
        self, key: str, before: Manifest | None, after: Manifest | None
    ) -> None:
        del key
        if project_of(before) != project_of(after):
            self._changed.set()

    async def _look(self) -> bool:
        """Return whether all that is to be done is done."""
        collections = self._services.installation.collections
        needed = {project_of(app) for app in collections.applications.objects()}
        is_done = True
        for project in collections.projects.objects():
            metadata = project["metadata"]
            self._warn(project)
            finalizers = metadata.get("finalizers") or ()
            is_leaving = metadata.get("deletionTimestamp") and RESOURCES_FINALIZER in finalizers
            if is_leaving and metadata["name"] not in needed:
                is_done = await self._release(project) and is_done
        return is_done

    async def _release(self, project: Manifest) -> bool:
        place = project["metadata"]["finalizers"].index(RESOURCES_FINALIZER)
        path = f"/metadata/finalizers/{place}"
        patch = [
            {"op": "test", "path": path, "value": RESOURCES_FINALIZER},
            {"op": "remove", "path": path},
        ]
        try:
            await self._services.home.patch(PROJECT, key_of(project), patch, JSON_PATCH)
        except TiphysError as err:
            if isinstance(err, ApiError) and err.code == 404:
                return True
            log.warning(
                "project not let go", extra={"project": key_of(project).name, "error": err.line}
            )
            return False
        log.info("project let go", extra={"project": key_of(project).name})
        return True

    def _warn(self, project: Manifest) -> None:
        """Say once for each state of a project that a list of it permits nothing."""
        metadata = project["metadata"]
        installation = self._services.installation
        found = installation.project(metadata["name"])
        if found is None or installation.settings.denials_permit:
            return
        lists, uid = only_denials(found.spec), str(metadata.get("uid"))
        if not lists:
            self._warned.pop(uid, None)
        elif self._warned.get(uid) != lists:
            self._warned[uid] = lists
            message = (
                f"{' and '.join(lists)} of the project only deny, which permits nothing: add an "
                "entry that allows, such as `*`"
            )
            self._services.events.record(project, "OnlyDenials", message, is_warning=True)


def project_of(app: Manifest | None) -> str | None:
    """Return the project that an Application refers to, None for no Application."""
    if app is None:
        return None
    return str((app.get("spec") or {}).get("project") or DEFAULT_PROJECT)
