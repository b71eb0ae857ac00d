"""Whether the windows of a project let an Application sync now, asked before and during a sync."""

from datetime import datetime

from tiphys.delivery.applications import decode_application, decode_project
from tiphys.engine.windows import Assessment, Attempt, assess
from tiphys.kube.client import KubeClient
from tiphys.model.application import Application
from tiphys.model.errors import PermissionDeniedError
from tiphys.model.keys import GroupVersionKind, Manifest
from tiphys.model.labels import API_GROUP
from tiphys.model.project import AppProject
from tiphys.settings.durations import parse_duration

_PROJECT = GroupVersionKind(API_GROUP, "v1alpha1", "AppProject")


def assess_windows(app: Application, project: AppProject | None, attempt: Attempt) -> Assessment:
    """Return what the windows of a project say of a sync."""
    if project is None or not project.spec.sync_windows:
        return Assessment()
    windows = project.spec.sync_windows
    return assess(app, windows, attempt, lambda text: parse_duration(text, where="duration"))


def require_open_window(app: Application, project: AppProject | None, now: datetime) -> None:
    """Check that a person may sync an Application now.

    Raises:
        PermissionDeniedError: a window of its project forbids it.
    """
    found = assess_windows(app, project, Attempt(now=now, is_manual=True))
    if not found.may_sync:
        raise PermissionDeniedError(
            f"cannot sync: blocked by sync window: {found.reasons}",
            where=app.qualified_name,
            hint="Wait until the window allows it, or set `manualSync: true` in it.",
        )


async def require_open_window_of(
    client: KubeClient, app: Manifest, namespace: str, now: datetime
) -> None:
    """Check that a person may sync a stored Application now.

    Args:
        client: of the cluster that holds it.
        app: the Application.
        namespace: of the projects.
        now: the current time, aware.

    Raises:
        PermissionDeniedError: a window of its project forbids it.
    """
    record = decode_application(app)
    found = await client.get(_PROJECT, namespace, record.project)
    require_open_window(record, decode_project(found) if found else None, now)
