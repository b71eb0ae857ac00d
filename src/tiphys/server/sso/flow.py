"""The code flow: to the provider and back, with a session at the end.

Source: OpenID Connect Core 1.0, section 3.1; RFC 7636; Argo CD operator manual, "User Management".
"""

import hmac
import logging
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import aiohttp
import msgspec
from starlette.requests import Request

from tiphys.delivery.clock import Clock
from tiphys.delivery.permissions import Permissions
from tiphys.engine.return_urls import is_own_url
from tiphys.model.errors import InvalidInputError, PreconditionError, UnauthenticatedError
from tiphys.model.identity import Identity
from tiphys.server.sso.id_tokens import identity_of, verified_claims
from tiphys.server.sso.provider import Description, Provider
from tiphys.server.sso.state import STATE_COOKIE, LoginState, new_state, sealed, unsealed
from tiphys.settings.login import LoginSettings
from tiphys.settings.sso import SsoSettings

log = logging.getLogger(__name__)

CALLBACK: Final = "/auth/callback"


class Departure(msgspec.Struct, frozen=True, kw_only=True):
    """Where a browser is sent, and what it takes along in the state cookie."""

    url: str
    cookie: str


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that is back, with the token that is its session from now on."""

    token: str
    identity: Identity
    return_url: str


class SsoParts(msgspec.Struct, frozen=True, kw_only=True):
    """What single sign-on is built of; settings are asked for each time anew.

    Attributes:
        key: what states are encrypted with.
        open_provider: gives a provider that is asked nothing yet.
    """

    sso: Callable[[], SsoSettings]
    settings: Callable[[], LoginSettings]
    permissions: Permissions
    key: Callable[[], bytes]
    clock: Clock
    open_provider: Callable[[SsoSettings], Provider]


class SingleSignOn:
    """Logs people in through the provider of the settings."""

    def __init__(self, parts: SsoParts) -> None:
        self._parts = parts
        self._opened: tuple[SsoSettings, Provider] | None = None

    async def identify(self, token: str) -> Identity:
        """Return whose token it is.

        Raises:
            UnauthenticatedError: it is not the provider's, not for us, or has expired.
        """
        claims = await verified_claims(token, self._provider(), self._now())
        return identity_of(claims, token, self._parts.permissions.policy().config.scopes)

    async def depart(self, request: Request) -> Departure:
        """Begin a login.

        Raises:
            InvalidInputError: `return_url` does not lead back to us.
            UnauthenticatedError: the provider does not answer.
        """
        provider, settings = self._provider(), self._parts.settings()
        base = self._base(request, settings)
        return_url = request.query_params.get("return_url", "") or settings.base_href
        bases = (settings.url, *settings.additional_urls)
        if not is_own_url(return_url, [url for url in bases if url]):
            raise InvalidInputError(
                "Invalid redirect URL: the protocol and host (including port) must match and the "
                "path must be within allowed URLs if provided"
            )
        description = await provider.describe()
        state = new_state(redirect_uri=base + CALLBACK, return_url=return_url, now=self._now())
        query = self._query(provider, state)
        joint = "&" if urlsplit(description.authorization_endpoint).query else "?"
        return Departure(
            url=f"{description.authorization_endpoint}{joint}{urlencode(query)}",
            cookie=sealed(state, self._parts.key()),
        )

    async def arrive(self, request: Request) -> Arrival:
        """End a login.

        Raises:
            InvalidInputError: this browser did not begin it, or it took too long.
            UnauthenticatedError: the provider refused it, or its token does not hold.
        """
        provider = self._provider()
        state = unsealed(request.cookies.get(STATE_COOKIE, ""), self._parts.key(), self._now())
        given = request.query_params.get("state", "")
        if not hmac.compare_digest(given.encode(), state.state.encode()):
            raise InvalidInputError("this login was not begun in this browser")
        if request.query_params.get("error"):
            log.warning("the identity provider refused a login")
            raise UnauthenticatedError("the identity provider refused the login")
        description = await provider.describe()
        answer = await self._exchange(
            provider, description, state, request.query_params.get("code", "")
        )
        token = str(answer.get("id_token") or "")
        claims = await verified_claims(token, provider, self._now())
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), state.nonce.encode()):
            raise UnauthenticatedError("the ID token was made for another login")
        scopes = self._parts.permissions.policy().config.scopes
        return Arrival(
            token=token, identity=identity_of(claims, token, scopes), return_url=state.return_url
        )

    def _query(self, provider: Provider, state: LoginState) -> dict[str, str]:
        oidc = provider.oidc
        query = {
            "client_id": oidc.client_id,
            "redirect_uri": state.redirect_uri,
            "response_type": "code",
            "scope": " ".join(oidc.scopes),
            "state": state.state,
            "nonce": state.nonce,
            "code_challenge": state.challenge,
            "code_challenge_method": "S256",
        }
        if oidc.requested_id_token_claims:
            claims = {"id_token": oidc.requested_id_token_claims}
            query["claims"] = msgspec.json.encode(claims).decode()
        if oidc.domain_hint:
            query["domain_hint"] = oidc.domain_hint
        if self._parts.sso().dex_connector:
            query["connector_id"] = self._parts.sso().dex_connector
        return query

    async def _exchange(
        self, provider: Provider, description: Description, state: LoginState, code: str
    ) -> dict[str, Any]:
        oidc = provider.oidc
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": state.redirect_uri,
            "client_id": oidc.client_id,
            "code_verifier": state.verifier,
        }
        methods = description.token_endpoint_auth_methods_supported
        auth = None
        if oidc.client_secret and "client_secret_basic" not in methods:
            form["client_secret"] = oidc.client_secret
        elif oidc.client_secret:
            auth = aiohttp.BasicAuth(oidc.client_id, oidc.client_secret)
        return await provider.post_form(description.token_endpoint, form, auth)

    def _base(self, request: Request, settings: LoginSettings) -> str:
        """Return the one of our addresses that the browser came by."""
        ours = [url for url in (settings.url, *settings.additional_urls) if url]
        if not ours:
            raise PreconditionError(
                "the address of this server is not known",
                where="argocd-cm: url",
                hint="Set `url` in the ConfigMap `argocd-cm`.",
            )
        came_by = request.headers.get("host", "").lower()
        return next((url for url in ours if urlsplit(url).netloc.lower() == came_by), ours[0])

    def _provider(self) -> Provider:
        sso = self._parts.sso()
        if self._opened is None or self._opened[0] is not sso:
            self._opened = (sso, self._parts.open_provider(sso))
        return self._opened[1]

    def _now(self) -> int:
        return int(self._parts.clock().timestamp())
