"""The smallest request for a render, and files of a commit without one."""

from collections.abc import Callable
from typing import Any

from tiphys.model.source import ApplicationSource
from tiphys.sources.access import RepositoryAccess
from tiphys.sources.api import RenderRequest, RenderSettings


def request(
    *sources: ApplicationSource,
    access: Callable[[str], RepositoryAccess] | None = None,
    settings: RenderSettings | None = None,
    **fields: Any,
) -> RenderRequest:
    written: dict[str, Any] = {
        "app_instance": "app",
        "app_name": "app",
        "project": "default",
        "destination_namespace": "target",
        "sources": sources,
        "revisions": (None,) * len(sources),
        "kube_version": "v1.31.0",
        "api_versions": (),
        "access": access or (lambda url: RepositoryAccess(url=url)),
        "permits": lambda _: True,
        "named": lambda _: "",
        "settings": settings or RenderSettings(),
        **fields,
    }
    return RenderRequest(**written)
