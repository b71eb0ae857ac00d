"""How to reach a cluster: from a kubeconfig, a pod's service account, or a cluster Secret.

Source: Kubernetes documentation, "Organizing Cluster Access Using kubeconfig Files"; Argo CD
operator manual, "Declarative Setup" (cluster Secrets).
"""

import base64
import binascii
import os
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import yaml

from tiphys.model.errors import InvalidInputError

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class ExecProvider(msgspec.Struct, frozen=True, kw_only=True):
    """A command that prints credentials (client.authentication.k8s.io)."""

    command: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = {}
    api_version: str = "client.authentication.k8s.io/v1"


class ClusterConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where a cluster is and who we are there; certificates and keys are PEM."""

    server: str
    token: str = ""
    username: str = ""
    password: str = ""
    ca: str = ""
    certificate: str = ""
    key: str = ""
    insecure: bool = False
    tls_server_name: str = ""
    proxy_url: str = ""
    exec_provider: ExecProvider | None = None
    impersonate_user: str = ""

    def ssl_context(self) -> ssl.SSLContext:
        """Return the TLS settings that the certificates and keys ask for.

        Raises:
            InvalidInputError: a certificate or key does not parse.
        """
        try:
            context = ssl.create_default_context(cadata=self.ca or None)
            if self.insecure:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            if self.certificate:
                _load_client_certificate(context, self.certificate, self.key)
        except (ssl.SSLError, ValueError) as err:
            raise InvalidInputError(
                "the certificates or the key do not parse", where=self.server
            ) from err
        return context


def _load_client_certificate(context: ssl.SSLContext, certificate: str, key: str) -> None:
    # The ssl module loads client certificates from files only.
    with tempfile.TemporaryDirectory() as folder:
        certificate_file, key_file = Path(folder) / "certificate", Path(folder) / "key"
        for path, text in ((certificate_file, certificate), (key_file, key)):
            path.touch(mode=0o600)
            path.write_text(text)
        context.load_cert_chain(certificate_file, key_file)


def load_kubeconfig(path: Path, context: str = "") -> ClusterConfig:
    """Return what a kubeconfig's context says.

    Args:
        path: the file.
        context: the context's name; empty means the current one.

    Raises:
        InvalidInputError: the file cannot be read, or names what it does not hold.
    """
    try:
        document = yaml.safe_load(path.read_text())
        name = context or document["current-context"]
        chosen = _named(document, "contexts", name)["context"]
        cluster = _named(document, "clusters", chosen["cluster"])["cluster"]
        user = _named(document, "users", chosen.get("user", "")).get("user") or {}
    except (OSError, yaml.YAMLError, KeyError, TypeError) as err:
        raise InvalidInputError(
            f"the kubeconfig cannot be used: {err}",
            where=str(path),
            hint="Check it with `kubectl config view`.",
        ) from err
    folder = path.parent
    return ClusterConfig(
        server=str(cluster["server"]).rstrip("/"),
        token=user.get("token", "") or _file(folder, user.get("tokenFile")),
        username=user.get("username", ""),
        password=user.get("password", ""),
        ca=_pem(folder, cluster, "certificate-authority"),
        certificate=_pem(folder, user, "client-certificate"),
        key=_pem(folder, user, "client-key"),
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
        tls_server_name=cluster.get("tls-server-name", ""),
        proxy_url=cluster.get("proxy-url", ""),
        exec_provider=_exec_provider(user.get("exec")),
    )


def in_cluster_config() -> ClusterConfig:
    """Return what a pod's service account says.

    Raises:
        InvalidInputError: we do not run in a pod.
    """
    host = os.environ.get("KUBERNETES_SERVICE_HOST")
    port = os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    try:
        token = (_SERVICE_ACCOUNT / "token").read_text()
        authority = (_SERVICE_ACCOUNT / "ca.crt").read_text()
    except OSError as err:
        raise InvalidInputError(
            "no service account was found", where="this pod", hint="Name a file with --kubeconfig."
        ) from err
    return ClusterConfig(server=f"https://{host}:{port}", token=token, ca=authority)


def config_from_secret(data: Mapping[str, str], where: str) -> ClusterConfig:
    """Return what a cluster Secret says.

    Args:
        data: its decoded data: `server` and `config`, a JSON text.
        where: the Secret's name, for errors.

    Raises:
        InvalidInputError: `config` is no JSON of the documented shape, `server` no address.
    """
    try:
        config: dict[str, Any] = msgspec.json.decode(
            data.get("config") or "{}", type=dict[str, Any]
        )
        tls: dict[str, Any] = config.get("tlsClientConfig") or {}
        found = ClusterConfig(
            server=data.get("server", "").rstrip("/"),
            token=_header(config.get("bearerToken", "")),
            username=config.get("username", ""),
            password=config.get("password", ""),
            ca=_decoded(tls.get("caData")),
            certificate=_decoded(tls.get("certData")),
            key=_decoded(tls.get("keyData")),
            insecure=bool(tls.get("insecure")),
            tls_server_name=tls.get("serverName", ""),
            proxy_url=config.get("proxyUrl", ""),
            exec_provider=_secret_exec_provider(config.get("execProviderConfig")),
        )
    except (msgspec.DecodeError, binascii.Error, ValueError, TypeError, AttributeError) as err:
        # The error's own text may quote the Secret, so it is not repeated.
        raise InvalidInputError("`config` is not of the documented shape", where=where) from err
    _require_address(found.server, where)
    return found


def _header(text: str) -> str:
    """Return what is sent as a header; a line's end would begin another one."""
    if not text.isprintable():
        raise ValueError
    return text


def _require_address(server: str, where: str) -> None:
    try:
        parts = urlsplit(server)
        is_valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_valid, parts = False, urlsplit("")
    if not is_valid or parts.username is not None:
        raise InvalidInputError(
            "`server` is no address of an API server",
            where=where,
            hint="Write https://HOST:PORT, and credentials into `config`.",
        )


def _named(document: dict[str, Any], section: str, name: str) -> dict[str, Any]:
    for entry in document.get(section) or []:
        if entry.get("name") == name:
            found: dict[str, Any] = entry
            return found
    raise KeyError(f"{section} has no `{name}`")


def _pem(folder: Path, section: dict[str, Any], name: str) -> str:
    inline = section.get(f"{name}-data")
    return _decoded(inline) if inline else _file(folder, section.get(name))


def _file(folder: Path, name: str | None) -> str:
    return (folder / name).read_text().strip() if name else ""


def _decoded(text: str | None) -> str:
    return base64.b64decode(text).decode() if text else ""


def _exec_provider(section: dict[str, Any] | None) -> ExecProvider | None:
    if not section:
        return None
    env = {entry["name"]: entry["value"] for entry in section.get("env") or []}
    return ExecProvider(
        command=section["command"],
        args=tuple(section.get("args") or ()),
        env=env,
        api_version=section.get("apiVersion", ExecProvider.api_version),
    )


def _secret_exec_provider(section: dict[str, Any] | None) -> ExecProvider | None:
    if not section:
        return None
    return ExecProvider(
        command=section["command"],
        args=tuple(section.get("args") or ()),
        env=section.get("env") or {},
        api_version=section.get("apiVersion") or "client.authentication.k8s.io/v1",
    )
