"""How a cluster is reached and who we are there, wherever that was written down.

The records are made by `kubeconfig` (files of kubectl), `in_cluster` (a pod's service account) and
`cluster_secret` (Argo CD's cluster Secrets). What comes from a file is kept twice: its content when
it was read, and its path, because tokens and certificates are renewed in place.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from tiphys.model.errors import InvalidInputError

EXEC_API_VERSION = "client.authentication.k8s.io/v1"
_PROXY_SCHEMES = frozenset({"http"})


class ExecProvider(msgspec.Struct, frozen=True, kw_only=True):
    """A command that prints credentials (client.authentication.k8s.io).

    Attributes:
        command: a name that is looked up on PATH, or a path.
        env: set in addition to our own environment.
        install_hint: what the author tells somebody who lacks the command.
        provides_cluster_info: tell the command which cluster it is for.
        cluster_config: the cluster's extension for this command, handed on as it is.
    """

    command: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = {}
    api_version: str = EXEC_API_VERSION
    install_hint: str = ""
    provides_cluster_info: bool = False
    cluster_config: Any = None


class AwsAuth(msgspec.Struct, frozen=True, kw_only=True):
    """An EKS cluster that knows us by our AWS identity.

    Attributes:
        cluster_name: its name in EKS.
        role_arn: the role to assume first; "" for none.
        profile: of the shared AWS configuration files; "" for the default one.
    """

    cluster_name: str
    role_arn: str = ""
    profile: str = ""


class Impersonation(msgspec.Struct, frozen=True, kw_only=True):
    """Whom our requests ask to be treated as; an empty `user` asks for nothing.

    Source: Kubernetes documentation, "User impersonation".
    """

    user: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = {}


class ClusterConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where a cluster is and who we are there; certificates and keys are PEM.

    Attributes:
        server: the address, without a trailing slash.
        tls_server_name: that its certificate is for, where it is not the host of `server`.
        proxy_url: of an HTTP proxy; "" leaves the choice to HTTPS_PROXY and NO_PROXY.
        compresses: ask for compressed answers.
    """

    server: str
    token: str = ""
    token_file: Path | None = None
    username: str = ""
    password: str = ""
    ca: str = ""
    ca_file: Path | None = None
    certificate: str = ""
    certificate_file: Path | None = None
    key: str = ""
    key_file: Path | None = None
    insecure: bool = False
    tls_server_name: str = ""
    proxy_url: str = ""
    compresses: bool = True
    exec_provider: ExecProvider | None = None
    aws: AwsAuth | None = None
    impersonation: Impersonation = Impersonation()

    def checked(self, where: str) -> "ClusterConfig":
        """Return this configuration if its parts go together.

        Raises:
            InvalidInputError: they do not; the message repeats no credentials.
        """
        if not _is_address(self.server):
            raise InvalidInputError(
                "`server` is not the address of an API server",
                where=where,
                hint="Write https://HOST:PORT, and put credentials elsewhere.",
            )
        if self.insecure and self.ca:
            raise InvalidInputError(
                "a certificate authority is given, and told not to be used (insecure)",
                where=where,
                hint="Remove one of the two.",
            )
        if bool(self.certificate) != bool(self.key):
            raise InvalidInputError(
                "a client certificate needs its key, and a key its certificate", where=where
            )
        if self.proxy_url and urlsplit(self.proxy_url).scheme not in _PROXY_SCHEMES:
            raise InvalidInputError(
                "the proxy is not an HTTP proxy",
                where=where,
                hint="Write http://HOST:PORT; SOCKS and proxies behind TLS are not supported.",
            )
        _check_headers(self, where)
        return self


def _check_headers(config: ClusterConfig, where: str) -> None:
    acting = config.impersonation
    if not acting.user and (acting.uid or acting.groups or acting.extra):
        raise InvalidInputError(
            "groups, uid or extra fields are impersonated without a user", where=where
        )
    sent = (config.token, acting.user, acting.uid, *acting.groups)
    if not all(text.isprintable() for text in sent):
        # A line's end would begin another header.
        raise InvalidInputError("the token or a name holds a control character", where=where)


def _is_address(server: str) -> bool:
    try:
        parts = urlsplit(server)
        is_valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return is_valid and parts.username is None
