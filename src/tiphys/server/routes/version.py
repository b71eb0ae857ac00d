"""`GET /api/version`: which tiphys this is; details only for those who are logged in."""

import platform
from importlib.metadata import version as installed_version
from typing import Any

from tiphys.model.errors import UnauthenticatedError
from tiphys.server.call import Access, Call
from tiphys.server.table import PUBLIC, Endpoint

# What clients of Argo CD compare with their own version to decide what they may ask.
_COMPATIBLE_WITH = "v3.6.0"


def version_endpoint(access: Access) -> Endpoint:
    """Return the endpoint."""

    async def version(call: Call) -> dict[str, Any]:
        """GET /api/version: which tiphys this is."""
        named = f"{_COMPATIBLE_WITH}+tiphys-{installed_version('tiphys')}"
        try:
            await access.authenticate(call.request)
        except UnauthenticatedError:
            return {"Version": named}
        return {
            "Version": named,
            "BuildDate": "",
            "GitCommit": "",
            "GitTag": "",
            "GitTreeState": "",
            "GoVersion": "",
            "Compiler": platform.python_implementation(),
            "Platform": f"{platform.system().lower()}/{platform.machine()}",
            "KustomizeVersion": "",
            "HelmVersion": "",
            "KubectlVersion": "",
            "JsonnetVersion": "",
            "ExtraBuildInfo": f"Python {platform.python_version()}",
        }

    return Endpoint(
        method="GET",
        path="/api/version",
        service="version.VersionService",
        rpc="Version",
        permission=PUBLIC,
        handler=version,
    )
