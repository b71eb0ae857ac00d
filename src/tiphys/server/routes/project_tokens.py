"""`/api/v1/projects/{project}/roles/{role}/token`: tokens of projects' roles.

Source: Argo CD's project service.
"""

from typing import Final

import msgspec

from tiphys.delivery.project_tokens import TokenOrder
from tiphys.model.errors import InvalidInputError
from tiphys.server.call import Call
from tiphys.server.routes.account import Empty, TokenAnswer
from tiphys.server.sessions.room import LoginRoom
from tiphys.server.table import Endpoint, by_handler

_SERVICE: Final = "project.ProjectService"


class RoleTokenRequest(msgspec.Struct, kw_only=True, rename="camel"):
    """A new token of a role; `expires_in` is in seconds, 0 for never."""

    project: str = ""
    role: str = ""
    description: str = ""
    id: str = ""
    expires_in: int = 0


class ProjectTokenRoutes:
    """Answers what is asked of tokens of roles."""

    def __init__(self, room: LoginRoom) -> None:
        self._room = room

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints."""
        root = "/api/v1/projects/{project}/roles/{role}/token"
        return [
            Endpoint(
                method="POST",
                path=root,
                service=_SERVICE,
                rpc="CreateToken",
                permission=by_handler("projects", "update"),
                handler=self.create,
                body=RoleTokenRequest,
                answer=TokenAnswer,
            ),
            Endpoint(
                method="DELETE",
                path=root + "/{iat}",
                service=_SERVICE,
                rpc="DeleteToken",
                permission=by_handler("projects", "update"),
                handler=self.delete,
                answer=Empty,
                query=("id",),
            ),
        ]

    async def create(self, call: Call) -> TokenAnswer:
        """POST /api/v1/projects/{project}/roles/{role}/token."""
        project, role = call.path["project"], call.path["role"]
        self._require(call, project, role)
        order = TokenOrder(
            project=project,
            role=role,
            token_id=call.body.id,
            expires_in_s=call.body.expires_in,
        )
        return TokenAnswer(token=await self._room.project_tokens.create(order))

    async def delete(self, call: Call) -> Empty:
        """DELETE /api/v1/projects/{project}/roles/{role}/token/{iat}."""
        project, role = call.path["project"], call.path["role"]
        self._require(call, project, role)
        if not call.path["iat"].isdecimal():
            raise InvalidInputError("expected Unix seconds", where="iat")
        await self._room.project_tokens.delete(
            project, role, issued_at=int(call.path["iat"][:18]), token_id=call.query("id")
        )
        return Empty()

    def _require(self, call: Call, project: str, role: str) -> None:
        """Check that the caller may change the project, or is in a group of the role."""
        known = self._room.installation.project(project)
        found = known.role(role) if known is not None else None
        if found is None or not set(found.groups) & set(call.identity.groups):
            call.require("projects", "update", project)
