"""Who we are at a repository, as the Secrets of an installation say."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from tiphys.model.errors import InvalidInputError
from tiphys.model.numbers import whole_number
from tiphys.sources.addresses import redacted, without_credentials

_TEXTS = {
    "name": "name",
    "kind": "type",
    "username": "username",
    "password": "password",
    "bearer_token": "bearerToken",
    "ssh_private_key": "sshPrivateKey",
    "tls_client_cert_data": "tlsClientCertData",
    "tls_client_cert_key": "tlsClientCertKey",
    "proxy": "proxy",
    "no_proxy": "noProxy",
}
_SWITCHES = {
    "enable_lfs": "enableLfs",
    "enable_oci": "enableOCI",
    "plain_http": "insecureOCIForceHttp",
    "force_basic_auth": "forceHttpBasicAuth",
}
_UNSUPPORTED = {
    "githubAppPrivateKey": "GitHub App",
    "gcpServiceAccountKey": "Google service account",
    "useAzureWorkloadIdentity": "Azure workload identity",
    "azureServicePrincipalClientSecret": "Azure service principal",
}


class RepositoryAccess(msgspec.Struct, frozen=True, kw_only=True):
    """A repository's address and who we are there; keys and certificates are PEM.

    Attributes:
        url: without credentials.
        kind: "git", "helm" or "oci", as its Secret says; "" when there is none.
        depth: of history to fetch, in commits; 0 for all.
        plain_http: the registry speaks no TLS.
        known_hosts: lines of ssh's known_hosts.
        no_proxy: hosts that are reached without the proxy, comma-separated.
        problem: why its credentials cannot be used; "" when they can.
    """

    url: str
    kind: str = ""
    name: str = ""
    username: str = ""
    password: str = ""
    bearer_token: str = ""
    ssh_private_key: str = ""
    tls_client_cert_data: str = ""
    tls_client_cert_key: str = ""
    ca_data: str = ""
    known_hosts: str = ""
    insecure: bool = False
    enable_lfs: bool = False
    enable_oci: bool = False
    plain_http: bool = False
    force_basic_auth: bool = False
    depth: int = 0
    proxy: str = ""
    no_proxy: str = ""
    problem: str = ""

    @property
    def where(self) -> str:
        """The address as it may be shown."""
        return redacted(self.url)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be shown."""
        values = (
            self.password,
            self.bearer_token,
            self.ssh_private_key,
            self.tls_client_cert_key,
            without_credentials(self.proxy).password,
        )
        return tuple(value for value in values if value)

    @property
    def has_credentials(self) -> bool:
        """True when it says who we are."""
        return any(getattr(self, name) for name in _CREDENTIALS)

    def anonymous(self) -> "RepositoryAccess":
        """Return the same without credentials."""
        return msgspec.structs.replace(self, problem="", **dict.fromkeys(_CREDENTIALS, ""))

    @property
    def fingerprint(self) -> str:
        """Equal for those who see the same there."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()

    def require_usable(self) -> None:
        """Refuse credentials of a kind that we cannot use.

        Raises:
            InvalidInputError: they are of such a kind.
        """
        if self.problem:
            raise InvalidInputError(
                self.problem,
                where=self.where,
                hint="Use a user name and password, a token, or an SSH key.",
            )


def access_from_secret(
    url: str, data: Mapping[str, str], *, authority: str = "", known_hosts: str = ""
) -> RepositoryAccess:
    """Return who we are at an address.

    Args:
        url: may hold a user and password; they count where the Secret has none.
        data: the decoded Secret; empty when there is none.
        authority: PEM of the certificates that its server's is signed with; "" for the system's.
        known_hosts: lines of ssh's known_hosts.
    """
    plain = without_credentials(url)
    fields = {field: data.get(name, "") for field, name in _TEXTS.items()}
    if plain.password and not fields["password"]:
        fields |= {"username": plain.username, "password": plain.password}
    elif plain.username and not fields["username"]:
        fields["username"] = plain.username
    switches = {field: data.get(name) == "true" for field, name in _SWITCHES.items()}
    unusable = [label for name, label in _UNSUPPORTED.items() if data.get(name) not in _OFF]
    written: dict[str, Any] = {**fields, **switches}
    return RepositoryAccess(
        url=plain.url,
        ca_data=authority,
        known_hosts=known_hosts,
        insecure="true" in {data.get("insecure"), data.get("insecureIgnoreHostKey")},
        depth=whole_number(data.get("depth", "")) or 0,
        problem=f"{unusable[0]} credentials are not supported yet" if unusable else "",
        **written,
    )


_CREDENTIALS = (
    "username",
    "password",
    "bearer_token",
    "ssh_private_key",
    "tls_client_cert_data",
    "tls_client_cert_key",
)
_OFF = (None, "", "false")
