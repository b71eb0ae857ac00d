"""Finds out who sent a request, and in whose name.

Source: Kubernetes documentation, "Authenticating".
"""

import hmac
from collections.abc import Mapping

from tiphys.sandbox.access.asked import Asked, asked_of, forbidden
from tiphys.sandbox.access.impersonation import Headers, impersonated
from tiphys.sandbox.access.rbac import Rbac
from tiphys.sandbox.access.tokens import ISSUER, InvalidTokenError, Tokens
from tiphys.sandbox.access.users import ADMIN, ANONYMOUS, User
from tiphys.sandbox.statuses import StatusError


class Access:
    """The door of the cluster: who comes in, and what they may do."""

    def __init__(self, token: str, tokens: Tokens, rbac: Rbac) -> None:
        self._token = token.encode()
        self.tokens, self.rbac = tokens, rbac

    def admitted(self, method: str, path: str, query: Mapping[str, str], headers: Headers) -> User:
        """Return in whose name a request is made that may be made.

        Raises:
            StatusError: the sender proves nothing (401), or may not do this (403).
        """
        user = self._authenticated(headers)
        if user.is_master and not any(name.startswith("impersonate-") for name, _ in headers):
            return user
        asked = asked_of(user, method, path, query)
        in_name_of = impersonated(self.rbac, asked, headers)
        if in_name_of is not user:
            asked = asked._replace(user=in_name_of)
        self.require(asked)
        return in_name_of

    def require(self, asked: Asked) -> None:
        """Let pass what is allowed.

        Raises:
            StatusError: it is not.
        """
        decision = self.rbac.decide(asked)
        if not decision.allowed:
            raise forbidden(asked, decision.reason)

    def user_of(self, token: str, audiences: list[str]) -> tuple[User, list[str]]:
        """Return whose token it is, and which of the audiences it is good for.

        Raises:
            InvalidTokenError: it proves nothing.
        """
        if hmac.compare_digest(token.encode(), self._token):
            return ADMIN, audiences
        return self.tokens.user_of(token, audiences)

    def _authenticated(self, headers: Headers) -> User:
        given = next((value for name, value in headers if name == "authorization"), "")
        scheme, _, token = given.partition(" ")
        if not given:
            return ANONYMOUS
        if scheme.lower() == "bearer" and token.strip():
            try:
                return self.user_of(token.strip(), [ISSUER])[0]
            except InvalidTokenError as err:
                raise StatusError(401, "Unauthorized", "Unauthorized") from err
        return ANONYMOUS
