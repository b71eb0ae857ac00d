"""How to reach a cluster, as an Argo CD cluster Secret says it.

Source: Argo CD operator manual, "Declarative Setup" (clusters).
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import msgspec

from tiphys.kube.config import EXEC_API_VERSION, AwsAuth, ClusterConfig, ExecProvider
from tiphys.model.errors import InvalidInputError


def config_from_secret(data: Mapping[str, str], where: str) -> ClusterConfig:
    """Return what a cluster Secret says.

    Args:
        data: its decoded data: `server` and `config`, a JSON text.
        where: the Secret's name, for errors.

    Raises:
        InvalidInputError: `config` is not JSON of the documented shape, or `server` not an address.
    """
    try:
        config = msgspec.json.decode(data.get("config") or "{}", type=dict[str, Any])
        tls: dict[str, Any] = config.get("tlsClientConfig") or {}
        parsed = ClusterConfig(
            server=_text(data, "server").rstrip("/"),
            token=_text(config, "bearerToken"),
            username=_text(config, "username"),
            password=_text(config, "password"),
            ca=_pem(tls.get("caData")),
            certificate=_pem(tls.get("certData")),
            key=_pem(tls.get("keyData")),
            insecure=bool(tls.get("insecure")),
            tls_server_name=_text(tls, "serverName"),
            proxy_url=_text(config, "proxyUrl"),
            compresses=not config.get("disableCompression"),
            exec_provider=_exec_provider(config.get("execProviderConfig")),
            aws=_aws(config.get("awsAuthConfig")),
        )
    except (
        msgspec.DecodeError,
        binascii.Error,
        ValueError,
        TypeError,
        AttributeError,
        KeyError,
    ) as err:
        # The error's own text may quote the Secret, so it is not repeated.
        raise InvalidInputError("`config` is not of the documented shape", where=where) from err
    return parsed.checked(where)


def _text(section: Mapping[str, Any], name: str) -> str:
    text = section.get(name) or ""
    if not isinstance(text, str):
        raise TypeError(name)
    return text


def _pem(text: str | None) -> str:
    return base64.b64decode(text).decode() if text else ""


def _exec_provider(section: dict[str, Any] | None) -> ExecProvider | None:
    if not section:
        return None
    return ExecProvider(
        command=section["command"],
        args=tuple(section.get("args") or ()),
        env={str(name): str(value) for name, value in (section.get("env") or {}).items()},
        api_version=_text(section, "apiVersion") or EXEC_API_VERSION,
        install_hint=_text(section, "installHint"),
        provides_cluster_info=bool(section.get("provideClusterInfo")),
        cluster_config=section.get("config"),
    )


def _aws(section: dict[str, Any] | None) -> AwsAuth | None:
    if not section or not _text(section, "clusterName"):
        return None
    return AwsAuth(
        cluster_name=section["clusterName"],
        role_arn=_text(section, "roleARN"),
        profile=_text(section, "profile"),
    )
