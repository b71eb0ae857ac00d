"""`/api/v1/account`: local accounts, their passwords and tokens, and what the caller may.

Source: Argo CD's account service.
"""

from typing import Final

import msgspec

from tiphys.delivery.accounts import AccountView, view_of
from tiphys.delivery.tokens import ISSUER
from tiphys.engine.rbac.projects import is_role_subject
from tiphys.engine.rbac.vocabulary import ACTIONS, ALL_ACTIONS, is_action
from tiphys.model.errors import InvalidInputError, UnauthenticatedError
from tiphys.server.call import Call
from tiphys.server.sessions.devices import address_of, device_of
from tiphys.server.sessions.login import Attempt
from tiphys.server.sessions.room import LoginRoom
from tiphys.server.table import LOGIN, Endpoint, by_handler

_SERVICE: Final = "account.AccountService"
_SSO_TOKEN_IS_FRESH_S: Final = 300


class PasswordRequest(msgspec.Struct, kw_only=True, rename="camel"):
    """A new password; `name` is empty for one's own."""

    name: str = ""
    current_password: str = ""
    new_password: str = ""


class TokenRequest(msgspec.Struct, kw_only=True, rename="camel"):
    """A new API token; `expires_in` is in seconds, 0 for never."""

    name: str = ""
    id: str = ""
    expires_in: int = 0


class TokenAnswer(msgspec.Struct, kw_only=True):
    """The token; it is shown this once."""

    token: str


class AccountList(msgspec.Struct, kw_only=True):
    """Accounts that the caller may see."""

    items: list[AccountView]


class CanIAnswer(msgspec.Struct, kw_only=True):
    """`yes` or `no`."""

    value: str


class Empty(msgspec.Struct):
    """Nothing to say."""


class AccountRoutes:
    """Answers what is asked of accounts."""

    def __init__(self, room: LoginRoom) -> None:
        self._room = room

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints."""
        root, reads = "/api/v1/account", by_handler("accounts", "get")
        writes = by_handler("accounts", "update")
        return [
            Endpoint(
                method="GET",
                path=root,
                service=_SERVICE,
                rpc="ListAccounts",
                permission=reads,
                handler=self.listed,
                answer=AccountList,
            ),
            Endpoint(
                method="GET",
                path=root + "/can-i/{resource}/{action}/{subresource:path}",
                service=_SERVICE,
                rpc="CanI",
                permission=LOGIN,
                handler=self.can_i,
                answer=CanIAnswer,
            ),
            Endpoint(
                method="PUT",
                path=root + "/password",
                service=_SERVICE,
                rpc="UpdatePassword",
                permission=writes,
                handler=self.change_password,
                body=PasswordRequest,
                answer=Empty,
            ),
            Endpoint(
                method="GET",
                path=root + "/{name}",
                service=_SERVICE,
                rpc="GetAccount",
                permission=reads,
                handler=self.get,
                answer=AccountView,
            ),
            Endpoint(
                method="POST",
                path=root + "/{name}/token",
                service=_SERVICE,
                rpc="CreateToken",
                permission=writes,
                handler=self.create_token,
                body=TokenRequest,
                answer=TokenAnswer,
            ),
            Endpoint(
                method="DELETE",
                path=root + "/{name}/token/{id}",
                service=_SERVICE,
                rpc="DeleteToken",
                permission=writes,
                handler=self.delete_token,
                answer=Empty,
            ),
        ]

    async def listed(self, call: Call) -> AccountList:
        """GET /api/v1/account: those that the caller may see."""
        accounts = self._room.accounts.all()
        return AccountList(
            items=[view_of(accounts[name]) for name in sorted(accounts) if _may(call, "get", name)]
        )

    async def can_i(self, call: Call) -> CanIAnswer:
        """GET /api/v1/account/can-i/...: whether the caller may do something."""
        resource, action = call.path["resource"], call.path["action"]
        if resource not in ACTIONS:
            raise InvalidInputError(f"[{' '.join(ACTIONS)}] does not contain {resource[:64]}")
        if not is_action(action):
            raise InvalidInputError(
                f"[{' '.join(sorted(ALL_ACTIONS))}] does not contain {action[:64]}"
            )
        is_allowed = call.allows(resource, action, call.path["subresource"])
        return CanIAnswer(value="yes" if is_allowed else "no")

    async def get(self, call: Call) -> AccountView:
        """GET /api/v1/account/{name}."""
        _require(call, "get", call.path["name"])
        return view_of(self._room.accounts.get(call.path["name"]))

    async def change_password(self, call: Call) -> Empty:
        """PUT /api/v1/account/password."""
        await _change_password(self._room, call, call.body)
        return Empty()

    async def create_token(self, call: Call) -> TokenAnswer:
        """POST /api/v1/account/{name}/token."""
        name, request = call.path["name"], call.body
        _require(call, "update", name)
        token = await self._room.accounts.create_token(name, request.id, request.expires_in)
        return TokenAnswer(token=token)

    async def delete_token(self, call: Call) -> Empty:
        """DELETE /api/v1/account/{name}/token/{id}."""
        _require(call, "update", call.path["name"])
        await self._room.accounts.delete_token(call.path["name"], call.path["id"])
        return Empty()


def _is_self(call: Call, name: str) -> bool:
    return call.identity.issuer == ISSUER and call.identity.subject == name


def _may(call: Call, action: str, name: str) -> bool:
    return _is_self(call, name) or call.allows("accounts", action, name)


def _require(call: Call, action: str, name: str) -> None:
    if not _is_self(call, name):
        call.require("accounts", action, name)


async def _change_password(room: LoginRoom, call: Call, wanted: PasswordRequest) -> None:
    caller = call.identity
    name = wanted.name or caller.subject
    _require(call, "update", name)
    if caller.issuer == ISSUER:
        if is_role_subject(caller.subject):
            raise InvalidInputError(
                f"password can only be changed for local users, not user '{caller.subject}'"
            )
        await _confirm_own_password(room, call, wanted.current_password)
    elif room.clock().timestamp() - caller.issued_at > _SSO_TOKEN_IS_FRESH_S:
        raise UnauthenticatedError(
            "SSO token is too old", hint="Log in again, and repeat this within five minutes."
        )
    await room.accounts.set_password(name, wanted.new_password, room.settings().password_pattern)


async def _confirm_own_password(room: LoginRoom, call: Call, password: str) -> None:
    caller, now = call.identity.subject, int(room.clock().timestamp())
    try:
        await room.passwords.check(
            Attempt(
                username=caller,
                password=password,
                device=device_of(call.request, room.signer, caller, now),
                address=address_of(call.request),
            )
        )
    except UnauthenticatedError as err:
        raise InvalidInputError("current password does not match") from err
