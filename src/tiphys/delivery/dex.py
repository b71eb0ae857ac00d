"""The configuration of a Dex that an operator runs beside us.

Source: Argo CD operator manual, "User Management", "Dex"; Dex documentation, "Configuration".
"""

import hashlib
from typing import Any, Final

from tiphys.settings.sso import DEX_CLI_CLIENT, DEX_CLIENT, SsoSettings

PATH: Final = "/api/dex"


def dex_secret(signing_key: bytes) -> str:
    """Return what we prove to Dex who we are with; every replica comes to the same."""
    return hashlib.sha256(signing_key + b" dex").hexdigest()[:40]


def dex_configuration(sso: SsoSettings, url: str) -> dict[str, Any]:
    """Return the configuration that Dex is to be started with.

    Args:
        sso: with `dex.config` in it.
        url: our own address.
    """
    own = dict(sso.dex_config or {})
    redirects = [f"{url}/auth/callback"]
    secret = sso.oidc.client_secret if sso.oidc else ""
    clients = [
        {"id": DEX_CLIENT, "name": "Argo CD", "secret": secret, "redirectURIs": redirects},
        {
            "id": DEX_CLI_CLIENT,
            "name": "Argo CD CLI",
            "public": True,
            "redirectURIs": ["http://localhost", "http://localhost:8085/auth/callback"],
        },
        *(own.get("staticClients") or ()),
    ]
    connectors = []
    for row in own.get("connectors") or ():
        config = row.get("config") if isinstance(row, dict) else None
        if isinstance(config, dict):
            config = {"redirectURI": f"{url}{PATH}/callback", **config}
        connectors.append({**row, **({"config": config} if config is not None else {})})
    oauth2 = {"skipApprovalScreen": True, **(own.get("oauth2") or {})}
    return {
        "storage": {"type": "memory"},
        "web": {"http": "0.0.0.0:5556"},
        "telemetry": {"http": "0.0.0.0:5558"},
        **own,
        "issuer": f"{url}{PATH}",
        "oauth2": oauth2,
        "staticClients": clients,
        "connectors": connectors,
    }
