"""`/api/v1/session`: log in with a password, log out, ask who one is.

Source: Argo CD's session service.
"""

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from tiphys.delivery.tokens import ISSUER, unverified_claims
from tiphys.model.errors import TiphysError, UnauthenticatedError
from tiphys.model.identity import ANONYMOUS, Identity
from tiphys.server.access import bearer_or_cookie, is_secure, set_token
from tiphys.server.call import ADDED_COOKIES, Call
from tiphys.server.sessions.cookies import expired_cookies, joined_token
from tiphys.server.sessions.devices import address_of, device_cookie, device_of
from tiphys.server.sessions.login import Attempt
from tiphys.server.sessions.room import LoginRoom
from tiphys.server.table import PUBLIC, Endpoint
from tiphys.settings.accounts import LOGIN as LOGIN_CAPABILITY

_SERVICE = "session.SessionService"


class LoginRequest(msgspec.Struct, kw_only=True):
    """Who wants to log in."""

    username: str = ""
    password: str = ""
    token: str = ""


class LoginAnswer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A session."""

    token: str = ""


class UserInfo(msgspec.Struct, kw_only=True, omit_defaults=True, rename="camel"):
    """Who calls."""

    logged_in: bool = False
    username: str = ""
    iss: str = ""
    groups: tuple[str, ...] = ()


class SessionRoutes:
    """Answers what is asked of sessions."""

    def __init__(self, room: LoginRoom) -> None:
        self._room = room

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints."""
        return [
            Endpoint(
                method="POST",
                path="/api/v1/session",
                service=_SERVICE,
                rpc="Create",
                permission=PUBLIC,
                handler=self.create,
                body=LoginRequest,
                answer=LoginAnswer,
            ),
            Endpoint(
                method="DELETE",
                path="/api/v1/session",
                service=_SERVICE,
                rpc="Delete",
                permission=PUBLIC,
                handler=self.delete,
                answer=LoginAnswer,
            ),
            Endpoint(
                method="GET",
                path="/api/v1/session/userinfo",
                service=_SERVICE,
                rpc="GetUserInfo",
                permission=PUBLIC,
                handler=self.info,
                answer=UserInfo,
            ),
        ]

    async def create(self, call: Call) -> LoginAnswer:
        """POST /api/v1/session: log in with a password."""
        request: LoginRequest = call.body
        if request.token:
            raise UnauthenticatedError(
                "token-based session creation no longer supported. "
                "please upgrade argocd cli to v0.7+"
            )
        if not request.username or not request.password:
            raise UnauthenticatedError("no credentials supplied")
        return LoginAnswer(token=await _log_in(self._room, call.request, request))

    async def delete(self, call: Call) -> LoginAnswer:
        """DELETE /api/v1/session: log out."""
        await _forget(self._room, call.request)
        settings = self._room.settings()
        call.request.scope.setdefault(ADDED_COOKIES, []).extend(
            expired_cookies(
                call.request.cookies, path=settings.base_href, is_secure=is_secure(call.request)
            )
        )
        return LoginAnswer()

    async def info(self, call: Call) -> UserInfo:
        """GET /api/v1/session/userinfo: who calls, if anybody."""
        caller = await caller_of(self._room, call.request)
        if caller == ANONYMOUS:
            return UserInfo(iss="sso" if self._was_sso(call.request) else "")
        return UserInfo(
            logged_in=True, username=caller.username, iss=caller.issuer, groups=caller.groups
        )

    def _was_sso(self, request: Request) -> bool:
        """Return whether a caller has a token of the identity provider that no longer counts."""
        oidc = self._room.sso().oidc
        claims = unverified_claims(bearer_or_cookie(request)) or {}
        return oidc is not None and claims.get("iss") == oidc.issuer


def logout_routes(room: LoginRoom) -> list[BaseRoute]:
    """Return the route that browsers are sent to for logging out."""

    async def log_out(request: Request) -> Response:
        token = joined_token(request.cookies)
        if not token:
            return PlainTextResponse("there is no session to end", status_code=400)
        await _forget(room, request)
        settings = room.settings()
        answer = RedirectResponse(_after_logout(room, request, token), status_code=303)
        for cookie in expired_cookies(
            request.cookies, path=settings.base_href, is_secure=is_secure(request)
        ):
            answer.headers.append("set-cookie", cookie)
        return answer

    return [Route("/auth/logout", log_out, methods=["GET"])]


async def caller_of(room: LoginRoom, request: Request) -> Identity:
    """Return who calls a route that is open to everybody; anonymous when they do not prove it."""
    try:
        return await room.access.identify(bearer_or_cookie(request))
    except TiphysError:
        return ANONYMOUS


async def _log_in(room: LoginRoom, request: Request, wanted: LoginRequest) -> str:
    now = int(room.clock().timestamp())
    device = device_of(request, room.signer, wanted.username, now)
    account = await room.passwords.check(
        Attempt(
            username=wanted.username,
            password=wanted.password,
            device=device,
            address=address_of(request),
        )
    )
    token = room.access.open_session(account.name)
    set_token(request, token, room.settings())
    cookie = device_cookie(request, room.signer, account.name, now, device)
    request.scope[ADDED_COOKIES].append(cookie)
    return token


async def _forget(room: LoginRoom, request: Request) -> None:
    """Revoke the session of a browser; an API key is not a session, and stays."""
    token = joined_token(request.cookies)
    try:
        identity = await room.access.identify(token)
    except TiphysError:
        return
    claims = unverified_claims(token) or {}
    is_session = identity.issuer != ISSUER or str(claims.get("sub")).endswith(
        f":{LOGIN_CAPABILITY}"
    )
    if is_session and identity.token_id:
        await room.sessions.revoke(identity.token_id, identity.expires_at)


def _after_logout(room: LoginRoom, request: Request, token: str) -> str:
    settings = room.settings()
    here = f"{request.url.scheme}://{request.url.netloc}"
    ours = [url for url in (settings.url, *settings.additional_urls) if url]
    base = next((url for url in ours if url.startswith(here)), ours[0] if ours else "")
    home = base or settings.base_href
    oidc, claims = room.sso().oidc, unverified_claims(token) or {}
    if oidc is None or not oidc.logout_url or claims.get("iss") == ISSUER:
        return home
    return oidc.logout_url.replace("{{token}}", token).replace("{{logoutRedirectURL}}", home)
