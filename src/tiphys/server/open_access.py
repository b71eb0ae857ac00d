"""Access for an installation that turned authentication off: everybody may do everything.

Source: Argo CD's `server.disable.auth`.
"""

from starlette.requests import Request

from tiphys.model.identity import Identity

_EVERYBODY = Identity(subject="", username="", issuer="")


class OpenAccess:
    """Asks nobody who they are, and allows everything."""

    async def authenticate(self, request: Request) -> Identity:
        """Return the caller that everybody is."""
        del request
        return _EVERYBODY

    def allows(self, identity: Identity, resource: str, action: str, object_name: str) -> bool:
        """Return True."""
        del identity, resource, action, object_name
        return True

    def require(self, identity: Identity, resource: str, action: str, object_name: str) -> None:
        """Do nothing."""
