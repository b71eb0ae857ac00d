"""Who calls, and what they may: the one gate of the API.

Source: Argo CD operator manual, "Security" and "User Management".
"""

import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

import msgspec
from starlette.requests import Request

from tiphys.delivery.accounts import Accounts
from tiphys.delivery.clock import Clock
from tiphys.delivery.installation import Installation
from tiphys.delivery.permissions import Permissions
from tiphys.delivery.sessions import Sessions
from tiphys.delivery.tokens import ISSUER, Claims, Signer, unverified_claims
from tiphys.engine.rbac.projects import is_role_subject, split_role_subject
from tiphys.model.errors import PermissionDeniedError, UnauthenticatedError
from tiphys.model.identity import ANONYMOUS, Identity
from tiphys.server.call import ADDED_COOKIES
from tiphys.server.sessions.cookies import joined_token, token_cookies
from tiphys.settings.accounts import API_KEY, LOGIN
from tiphys.settings.login import LoginSettings

NO_SESSION: Final = "no session information"
RENEW_BEFORE_S: Final = 300

VerifyForeign = Callable[[str], Awaitable[Identity]]
"""Checks a token that another issuer signed."""


class AccessParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate is built of."""

    installation: Installation
    accounts: Accounts
    sessions: Sessions
    signer: Signer
    permissions: Permissions
    settings: Callable[[], LoginSettings]
    clock: Clock
    verify_foreign: VerifyForeign


class Access:
    """Authenticates requests and decides on permissions."""

    def __init__(self, parts: AccessParts) -> None:
        self._parts = parts

    async def authenticate(self, request: Request) -> Identity:
        """Return who a request comes from.

        Raises:
            UnauthenticatedError: it does not prove who it comes from, and anonymous callers are
                not welcome.
        """
        settings = self._parts.settings()
        token = bearer_or_cookie(request)
        try:
            identity = await self.identify(token)
        except UnauthenticatedError:
            if settings.is_anonymous_enabled or settings.is_auth_disabled:
                return ANONYMOUS
            raise
        renewed = self._renewed(identity, token)
        if renewed:
            set_token(request, renewed, settings)
        return identity

    async def identify(self, token: str) -> Identity:
        """Return whose token it is.

        Raises:
            UnauthenticatedError: it is nobody's, has expired, or was revoked.
        """
        claims = unverified_claims(token) if token else None
        if claims is None:
            raise UnauthenticatedError(NO_SESSION if not token else "invalid session: malformed")
        if claims.get("iss") == ISSUER:
            return self._own(self._parts.signer.verify(token, self._now()))
        identity = await self._parts.verify_foreign(token)
        if self._parts.sessions.is_revoked(identity.token_id):
            raise UnauthenticatedError("invalid session: token is revoked, please re-login")
        return identity

    def _renewed(self, identity: Identity, token: str) -> str:
        """Return a session token that takes the place of one that soon expires, else ""."""
        if identity.issuer != ISSUER or not identity.expires_at:
            return ""
        claims = unverified_claims(token) or {}
        left = identity.expires_at - self._now()
        if left >= RENEW_BEFORE_S or not str(claims.get("sub", "")).endswith(f":{LOGIN}"):
            return ""
        return self.open_session(identity.subject, lasts_s=identity.expires_at - identity.issued_at)

    def open_session(self, account: str, *, lasts_s: int = 0) -> str:
        """Return a new session token of an account."""
        now = self._now()
        length = lasts_s or self._parts.settings().session_s
        token_id = str(uuid.uuid4())
        return self._parts.signer.issue(
            Claims(sub=f"{account}:{LOGIN}", iat=now, nbf=now, exp=now + length, jti=token_id)
        )

    def allows(self, identity: Identity, resource: str, action: str, object_name: str) -> bool:
        """Return whether a caller may do something to an object."""
        if self._parts.settings().is_auth_disabled:
            return True
        return self._parts.permissions.policy().allows(identity, resource, action, object_name)

    def require(self, identity: Identity, resource: str, action: str, object_name: str) -> None:
        """Check that a caller may do something to an object.

        Raises:
            PermissionDeniedError: they may not.
        """
        if not self.allows(identity, resource, action, object_name):
            asked = ", ".join((resource, action, object_name, *_described(identity)))
            raise PermissionDeniedError(f"permission denied: {asked}")

    def _own(self, claims: Claims) -> Identity:
        if is_role_subject(claims.sub):
            self._check_role(claims)
            return _identity(claims, claims.sub)
        name, colon, capability = claims.sub.rpartition(":")
        name, capability = (name, capability) if colon else (claims.sub, API_KEY)
        self._check_account(name, capability, claims)
        return _identity(claims, name)

    def _check_account(self, name: str, capability: str, claims: Claims) -> None:
        account = self._parts.accounts.all().get(name)
        if account is None:
            raise UnauthenticatedError(f"invalid session: account '{name}' does not exist")
        if not account.enabled:
            raise UnauthenticatedError(f"invalid session: account {name} is disabled")
        if capability not in {LOGIN, API_KEY} or not account.has(capability):
            raise UnauthenticatedError(
                f"invalid session: account {name} does not have token with capability {capability}"
            )
        if not claims.jti:
            raise UnauthenticatedError("invalid session: token has no id")
        if self._parts.sessions.is_revoked(claims.jti):
            raise UnauthenticatedError("invalid session: token is revoked, please re-login")
        if capability == API_KEY and all(token.id != claims.jti for token in account.tokens):
            raise UnauthenticatedError(
                f"invalid session: account {name} does not have token with id {claims.jti}"
            )
        if claims.iat < account.password_changed_at:
            raise UnauthenticatedError(
                "invalid session: account password has changed since token issued"
            )

    def _check_role(self, claims: Claims) -> None:
        named = split_role_subject(claims.sub)
        project = self._parts.installation.project(named[0]) if named else None
        if (
            named is None
            or project is None
            or not project.has_token(named[1], claims.jti, claims.iat)
        ):
            raise UnauthenticatedError(f"invalid session: token for {claims.sub} is not known")
        if claims.jti and self._parts.sessions.is_revoked(claims.jti):
            raise UnauthenticatedError("invalid session: token is revoked, please re-login")

    def _now(self) -> int:
        return int(self._parts.clock().timestamp())


def bearer_or_cookie(request: Request) -> str:
    """Return the token that a request brings, "" when it brings none.

    A bearer that is no JSON Web Token is somebody else's, and does not hide the cookie.
    """
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and unverified_claims(bearer.strip()) is not None:
        return bearer.strip()
    return joined_token(request.cookies)


def set_token(request: Request, token: str, settings: LoginSettings) -> None:
    """Have the answer to a request store a token in the browser, in place of an older one."""
    cookies = token_cookies(
        token,
        path=settings.base_href,
        is_secure=is_secure(request),
        most=settings.most_cookies,
    )
    request.scope.setdefault(ADDED_COOKIES, []).extend(cookies)


def is_secure(request: Request) -> bool:
    """Return whether a browser talks to us over TLS, be it ours or a proxy's."""
    forwarded = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip()
    return "https" in {request.url.scheme, forwarded.lower()}


def _identity(claims: Claims, subject: str) -> Identity:
    return Identity(
        subject=subject,
        username=subject,
        issuer=claims.iss,
        issued_at=claims.iat,
        token_id=claims.jti,
        expires_at=claims.exp,
    )


def _described(identity: Identity) -> list[str]:
    described = [f"sub: {identity.subject}"] if identity.subject else []
    if identity.issued_at:
        issued = datetime.fromtimestamp(identity.issued_at, UTC)
        described.append(f"iat: {issued.strftime('%Y-%m-%dT%H:%M:%SZ')}")
    return described
