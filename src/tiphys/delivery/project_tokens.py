"""Tokens of projects' roles: for pipelines that may do one thing in one project.

A token's record stands in the role and in the status; the token itself is shown once.

Source: Argo CD user guide, "Projects", "Project Roles".
"""

from typing import Any, Final

import msgspec

from tiphys.delivery.accounts import check_token_request, new_token
from tiphys.delivery.clock import Clock
from tiphys.delivery.installation import Installation
from tiphys.delivery.tokens import Claims, Signer
from tiphys.delivery.writing import Change, update_object
from tiphys.engine.rbac.projects import role_subject
from tiphys.kube.client import KubeClient
from tiphys.model.errors import InvalidInputError, NotFoundError
from tiphys.model.keys import GroupVersionKind, Manifest
from tiphys.model.labels import API_GROUP
from tiphys.settings.accounts import AccountToken

PROJECT: Final = GroupVersionKind(API_GROUP, "v1alpha1", "AppProject")


class TokenOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A token that somebody wants for a role; `expires_in_s` is 0 for one that does not expire."""

    project: str
    role: str
    token_id: str = ""
    expires_in_s: int = 0


class ProjectTokens:
    """Makes and withdraws the tokens of roles."""

    def __init__(
        self, client: KubeClient, installation: Installation, signer: Signer, clock: Clock
    ) -> None:
        self._client, self._installation = client, installation
        self._signer, self._clock = signer, clock

    async def create(self, order: TokenOrder) -> str:
        """Return a new token.

        Raises:
            NotFoundError: there is no such project or role.
            InvalidInputError: the role has a token of that id, or the order makes no sense.
            ApiError: it cannot be saved.
        """
        check_token_request(order.token_id, order.expires_in_s)
        issued = new_token(self._clock(), order.token_id, order.expires_in_s)
        token = self._signer.issue(
            Claims(
                sub=role_subject(order.project, order.role),
                iat=issued.issued_at,
                nbf=issued.issued_at,
                exp=issued.exp,
                jti=issued.id,
            )
        )

        def change(project: Manifest) -> None:
            kept = _tokens(project, order.role)
            if any(row.get("id") == issued.id for row in kept):
                raise InvalidInputError(f"token id '{issued.id}' has been used")
            _store(project, order.role, [*kept, _row(issued)])

        await self._update(order.project, change)
        return token

    async def delete(self, project: str, role: str, *, issued_at: int, token_id: str) -> None:
        """Make a token useless, known by its id or else by when it was issued.

        Raises:
            NotFoundError: there is no such project, role or token.
            ApiError: it cannot be saved.
        """

        def is_meant(row: dict[str, Any]) -> bool:
            return row.get("id") == token_id if token_id else row.get("iat") == issued_at

        def change(manifest: Manifest) -> None:
            tokens = _tokens(manifest, role)
            kept = [row for row in tokens if not is_meant(row)]
            if len(kept) == len(tokens):
                raise NotFoundError(f"role '{role}' of project '{project}' has no such token")
            _store(manifest, role, kept)

        await self._update(project, change)

    async def _update(self, project: str, change: Change) -> None:
        namespace = self._installation.namespace
        written = await update_object(self._client, PROJECT, namespace, project, change)
        self._installation.collections.projects.observe(written)


def with_tokens_of(project: Manifest, spec: dict[str, Any]) -> dict[str, Any]:
    """Return a spec whose roles have the tokens that a project's roles have now.

    Whoever writes a project back as they read it a while ago must neither lose the tokens that were
    made since, nor revive those that were withdrawn.
    """
    held = {role.get("name"): role.get("jwtTokens") for role in project["spec"].get("roles") or ()}
    roles = []
    for role in spec.get("roles") or ():
        others = {name: value for name, value in role.items() if name != "jwtTokens"}
        tokens = held.get(role.get("name"))
        roles.append({**others, **({"jwtTokens": tokens} if tokens else {})})
    return {**spec, "roles": roles} if roles else spec


def _role(project: Manifest, name: str) -> dict[str, Any]:
    roles: list[dict[str, Any]] = project["spec"].get("roles") or []
    found = next((role for role in roles if role.get("name") == name), None)
    if found is None:
        title = project["metadata"]["name"]
        raise NotFoundError(f"role '{name}' does not exist in project '{title}'")
    return found


def _tokens(project: Manifest, role: str) -> list[dict[str, Any]]:
    """Return the records of a role's tokens, wherever they stand, each once."""
    by_role = (project.get("status") or {}).get("jwtTokensByRole") or {}
    in_status = (by_role.get(role) or {}).get("items") or []
    rows = [*(_role(project, role).get("jwtTokens") or []), *in_status]
    return [row for number, row in enumerate(rows) if row not in rows[:number]]


def _store(project: Manifest, role: str, rows: list[dict[str, Any]]) -> None:
    _role(project, role)["jwtTokens"] = rows
    status = project.setdefault("status", {}) or {}
    by_role = status.get("jwtTokensByRole") or {}
    project["status"] = {**status, "jwtTokensByRole": {**by_role, role: {"items": rows}}}


def _row(token: AccountToken) -> dict[str, Any]:
    expires = {"exp": token.exp} if token.exp else {}
    return {"iat": token.issued_at, **expires, "id": token.id}
