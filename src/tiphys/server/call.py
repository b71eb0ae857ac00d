"""One request as handlers see it: who calls, what they ask, and what they may."""

from typing import Any, Final, Protocol

import msgspec
from starlette.requests import Request

from tiphys.model.errors import InvalidInputError, PermissionDeniedError
from tiphys.model.identity import Identity
from tiphys.model.keys import Manifest

ADDED_COOKIES: Final = "tiphys.added_cookies"
"""Key of a request's scope; holds values of `Set-Cookie` for the answer, whatever it is."""


class Access(Protocol):
    """Who callers are and what they may do."""

    async def authenticate(self, request: Request) -> Identity:
        """Return who a request comes from.

        Raises:
            UnauthenticatedError: it does not prove who it comes from.
        """

    def allows(self, identity: Identity, resource: str, action: str, object_name: str) -> bool:
        """Return whether a caller may do something to an object."""

    def require(self, identity: Identity, resource: str, action: str, object_name: str) -> None:
        """Check that a caller may do something to an object.

        Raises:
            PermissionDeniedError: they may not.
        """


class Call(msgspec.Struct, kw_only=True):
    """One request.

    Attributes:
        path: the parameters of the path, unescaped.
        body: the decoded body, of the type that the endpoint names.
        application: the Application that the path names, for endpoints of that scope; masked.
    """

    request: Request
    identity: Identity
    access: Access
    path: dict[str, str]
    body: Any = None
    application: Manifest = {}

    def query(self, name: str, default: str = "") -> str:
        """Return a query parameter; of one that is repeated the first."""
        values = self.request.query_params.getlist(name)
        return values[0] if values else default

    def queries(self, *names: str) -> list[str]:
        """Return all values of query parameters that may be repeated, empty ones left out."""
        return [
            value for name in names for value in self.request.query_params.getlist(name) if value
        ]

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a query parameter that is `true` or `false`.

        Raises:
            InvalidInputError: it is neither.
        """
        text = self.query(name).lower()
        if not text:
            return default
        if text not in {"true", "false", "1", "0"}:
            raise InvalidInputError(f"expected `true` or `false`, got `{text[:64]}`", where=name)
        return text in {"true", "1"}

    def number(self, name: str, default: int = 0) -> int:
        """Return a query parameter that is a whole number.

        Raises:
            InvalidInputError: it is not.
        """
        text = self.query(name)
        if not text:
            return default
        try:
            return int(text)
        except ValueError as err:
            raise InvalidInputError(
                f"expected a whole number, got `{text[:64]}`", where=name
            ) from err

    def allows(self, resource: str, action: str, object_name: str) -> bool:
        """Return whether the caller may do something to an object."""
        return self.access.allows(self.identity, resource, action, object_name)

    def require(self, resource: str, action: str, object_name: str) -> None:
        """Check that the caller may do something to an object.

        Raises:
            PermissionDeniedError: they may not.
        """
        self.access.require(self.identity, resource, action, object_name)


def denied() -> PermissionDeniedError:
    """Return the refusal that says neither what is missing nor whether the object exists."""
    return PermissionDeniedError("permission denied")
