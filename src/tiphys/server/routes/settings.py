"""`/api/v1/settings`: what clients must know to show an installation.

It is open to everybody, because the login page needs it; the more telling part is not.

Source: Argo CD's settings service.
"""

from typing import Any, Final

from tiphys.model.errors import TiphysError
from tiphys.model.identity import ANONYMOUS
from tiphys.server.call import Call
from tiphys.server.routes.session import caller_of
from tiphys.server.sessions.room import LoginRoom
from tiphys.server.table import PUBLIC, Endpoint
from tiphys.settings.interface import parse_interface_settings, resource_overrides
from tiphys.settings.sso import SsoSettings

_SERVICE: Final = "cluster.SettingsService"


class SettingsRoutes:
    """Answers what the installation is like."""

    def __init__(self, room: LoginRoom) -> None:
        self._room = room

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints."""
        return [
            Endpoint(
                method="GET",
                path="/api/v1/settings",
                service=_SERVICE,
                rpc="Get",
                permission=PUBLIC,
                handler=self.get,
                answer=dict,
            )
        ]

    async def get(self, call: Call) -> dict[str, Any]:
        """GET /api/v1/settings: what callers may know of the installation."""
        installation, login = self._room.installation, self._room.settings()
        config = installation.config_map("argocd-cm")
        interface = parse_interface_settings(
            config, installation.config_map("argocd-cmd-params-cm"), installation.environment
        )
        answer = {
            **interface.public,
            **_sso(self._room.sso()),
            **({} if _has_logins(self._room) else {"userLoginsDisabled": True}),
        }
        caller = await caller_of(self._room, call.request)
        if caller == ANONYMOUS and not login.is_auth_disabled:
            return answer
        answer |= {
            **interface.of_callers,
            "controllerNamespace": installation.namespace,
            "resourceOverrides": resource_overrides(config),
        }
        if caller != ANONYMOUS:
            answer["passwordPattern"] = login.password_pattern
        return answer


def _has_logins(room: LoginRoom) -> bool:
    """Return whether anybody can log in with a password."""
    try:
        accounts = room.accounts.all().values()
    except TiphysError:
        return True
    return any(account.enabled and account.has("login") for account in accounts)


def _sso(sso: SsoSettings) -> dict[str, Any]:
    if sso.oidc is None:
        return {}
    if sso.is_dex:
        rows = [
            {name: value for name, value in pairs if value}
            for connector in sso.connectors
            for pairs in [
                [("name", connector.name), ("type", connector.type), ("id", connector.id)]
            ]
        ]
        connector = {"dexAuthConnectorID": sso.dex_connector} if sso.dex_connector else {}
        return {"dexConfig": {"connectors": rows, **connector}}
    oidc = sso.oidc
    fields = {
        "name": oidc.name,
        "issuer": oidc.issuer,
        "clientID": oidc.client_id,
        "cliClientID": oidc.cli_client_id,
        "scopes": list(oidc.scopes),
        "idTokenClaims": oidc.requested_id_token_claims,
        "enablePKCEAuthentication": oidc.enable_pkce_authentication,
    }
    return {"oidcConfig": {name: value for name, value in fields.items() if value}}
