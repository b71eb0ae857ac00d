"""ApplicationSets: their routes are there, and say that the feature is not."""

from typing import Any

from tiphys.model.errors import UnimplementedError
from tiphys.server.call import Call
from tiphys.server.table import LOGIN, Endpoint, Method

SERVICE = "applicationset.ApplicationSetService"
_PATH = "/api/v1/applicationsets"


async def _refuse(call: Call) -> Any:
    """Answer 501: ApplicationSets do not exist here yet."""
    del call
    raise UnimplementedError(
        "ApplicationSets are not supported yet",
        hint="See docs/design/roadmap.md for what there is and what is not.",
    )


def applicationset_endpoints() -> list[Endpoint]:
    """Return the endpoints."""
    routes: list[tuple[Method, str, str]] = [
        ("GET", _PATH, "List"),
        ("POST", _PATH, "Create"),
        ("POST", f"{_PATH}/generate", "Generate"),
        ("GET", f"{_PATH}/{{name}}", "Get"),
        ("DELETE", f"{_PATH}/{{name}}", "Delete"),
        ("GET", f"{_PATH}/{{name}}/resource-tree", "ResourceTree"),
        ("GET", f"{_PATH}/{{name}}/events", "ListResourceEvents"),
        ("GET", "/api/v1/stream/applicationsets", "Watch"),
    ]
    return [
        Endpoint(
            method=method, path=path, service=SERVICE, rpc=rpc, permission=LOGIN, handler=_refuse
        )
        for method, path, rpc in routes
    ]
