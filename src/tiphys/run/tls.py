"""Decides whether the server speaks TLS, and follows its certificate."""

import ipaddress
import ssl
from collections.abc import Callable

from tiphys.delivery.accounts import ARGOCD_SECRET
from tiphys.delivery.certificate import (
    SERVER_TLS,
    ServingCertificate,
    find_certificate,
    self_signed,
    store_certificate,
)
from tiphys.delivery.clock import system_clock
from tiphys.delivery.writing import SecretWriter
from tiphys.run.parts import Parts
from tiphys.server.tls_context import ServingContext
from tiphys.settings.login import parse_login_settings
from tiphys.settings.secrets import decode_secret


def speaks_tls(parts: Parts) -> bool:
    """Return whether the server speaks TLS: not to this machine alone, and not where it is off."""
    installation = parts.installation
    settings = parse_login_settings(
        installation.config_map("argocd-cm"),
        installation.config_map("argocd-cmd-params-cm"),
        installation.environment,
    )
    return not (settings.is_insecure or is_loopback(parts.options.host))


def is_loopback(host: str) -> bool:
    """Return whether an address that is listened on reaches this machine only."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def serving_context(parts: Parts) -> Callable[[], ssl.SSLContext]:
    """Return what gives the TLS settings in force; a certificate is made where there is none.

    Raises:
        ApiError: the Secret may not be written.
    """
    installation = parts.installation

    def current() -> ServingCertificate | None:
        secrets = installation.collections.secrets
        found = {
            name: secrets.get(f"{installation.namespace}/{name}")
            for name in (SERVER_TLS, ARGOCD_SECRET)
        }
        return find_certificate(
            {name: decode_secret(secret) for name, secret in found.items() if secret}
        )

    if current() is None:
        secrets = installation.collections.secrets
        writer = SecretWriter(parts.home, installation.namespace, secrets)
        await store_certificate(writer, installation.namespace, system_clock)
    # Until the Secret says otherwise; also where it holds something that cannot be used.
    return ServingContext(current, self_signed(installation.namespace, system_clock))
