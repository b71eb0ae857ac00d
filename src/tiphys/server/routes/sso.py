"""`/auth/login` and `/auth/callback`: a browser on its way to the identity provider and back.

What goes wrong is told in plain text, and never in the words of the request.
"""

import logging

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from tiphys.model.errors import TiphysError, UnauthenticatedError
from tiphys.server.access import is_secure
from tiphys.server.sessions.cookies import token_cookies
from tiphys.server.sessions.room import LoginRoom
from tiphys.server.sso.flow import SingleSignOn
from tiphys.server.sso.state import LASTS_S, STATE_COOKIE

log = logging.getLogger(__name__)


def sso_routes(room: LoginRoom, sign_on: SingleSignOn) -> list[BaseRoute]:
    """Return the routes."""

    async def depart(request: Request) -> Response:
        if room.sso().oidc is None:
            return PlainTextResponse("SSO is not configured", status_code=400)
        try:
            departure = await sign_on.depart(request)
        except TiphysError as err:
            return _refusal(err)
        answer = RedirectResponse(departure.url, status_code=303)
        _set_state(answer, room, request, departure.cookie)
        return answer

    async def arrive(request: Request) -> Response:
        if room.sso().oidc is None:
            return PlainTextResponse("SSO is not configured", status_code=400)
        settings = room.settings()
        try:
            arrival = await sign_on.arrive(request)
            cookies = token_cookies(
                arrival.token,
                path=settings.base_href,
                is_secure=is_secure(request),
                most=settings.most_cookies,
            )
        except TiphysError as err:
            refusal = _refusal(err)
            _set_state(refusal, room, request, "")
            return refusal
        log.info("logged in", extra={"user": arrival.identity.username, "security": 2})
        answer = RedirectResponse(arrival.return_url, status_code=303)
        for cookie in cookies:
            answer.headers.append("set-cookie", cookie)
        _set_state(answer, room, request, "")
        return answer

    return [
        Route("/auth/login", depart, methods=["GET"]),
        Route("/auth/callback", arrive, methods=["GET"]),
    ]


def _set_state(answer: Response, room: LoginRoom, request: Request, value: str) -> None:
    answer.set_cookie(
        STATE_COOKIE,
        value,
        max_age=LASTS_S if value else 0,
        path=room.settings().base_href,
        httponly=True,
        samesite="lax",
        secure=is_secure(request),
    )


def _refusal(err: TiphysError) -> Response:
    log.warning("a login by SSO failed", extra={"problem": err.line})
    status = 401 if isinstance(err, UnauthenticatedError) else 400
    return PlainTextResponse(err.what, status_code=status)
