"""The Secrets by which an installation knows repositories and clusters, as they are written.

Names are the ones that Argo CD gives, so that either finds what the other has made.
Source: Argo CD operator manual, "Declarative Setup".
"""

import base64
from collections.abc import Mapping
from urllib.parse import urlsplit

import orjson

from tiphys.model.keys import Manifest
from tiphys.model.labels import MANAGED_BY, MANAGED_BY_VALUE, SECRET_TYPE

_FNV_PRIME, _FNV_OFFSET = 16777619, 2166136261


def repository_secret(namespace: str, fields: Mapping[str, str]) -> Manifest:
    """Return the Secret of a repository; `fields` hold at least `url`, empty ones are left out."""
    project = fields.get("project", "")
    identity = f"{fields['url']}{project}"
    return _secret(namespace, f"repo-{_fnv32a(identity)}", "repository", fields)


def credentials_secret(namespace: str, fields: Mapping[str, str]) -> Manifest:
    """Return the Secret that lends credentials to addresses which begin with `url`."""
    return _secret(namespace, f"creds-{_fnv32a(fields['url'])}", "repo-creds", fields)


def cluster_secret(namespace: str, fields: Mapping[str, str]) -> Manifest:
    """Return the Secret of a cluster; `fields` hold at least `server`, `name` and `config`."""
    host = (urlsplit(fields["server"]).hostname or "unknown").lower()
    name = f"cluster-{host}-{_fnv32a(fields['server'])}"
    return _secret(namespace, name, "cluster", fields)


def cluster_config(token: str, authority: str, server_name: str, *, insecure: bool) -> str:
    """Return the `config` of a cluster Secret, JSON, for a bearer token.

    Args:
        token: who we are there.
        authority: PEM of the certificates that its server's is signed with; "" for the system's.
        server_name: that the server's certificate is for, when it is not the address.
        insecure: do not check the server's certificate.
    """
    tls: dict[str, object] = {"insecure": insecure}
    if authority and not insecure:
        tls["caData"] = base64.b64encode(authority.encode()).decode()
    if server_name:
        tls["serverName"] = server_name
    return orjson.dumps({"bearerToken": token, "tlsClientConfig": tls}).decode()


def _secret(namespace: str, name: str, kind: str, fields: Mapping[str, str]) -> Manifest:
    data = {
        field: base64.b64encode(value.encode()).decode() for field, value in fields.items() if value
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {SECRET_TYPE: kind},
            "annotations": {MANAGED_BY: MANAGED_BY_VALUE},
        },
        "type": "Opaque",
        "data": data,
    }


def _fnv32a(text: str) -> int:
    """Return the 32 bit FNV-1a hash, by which Argo CD names these Secrets."""
    value = _FNV_OFFSET
    for byte in text.encode():
        value = ((value ^ byte) * _FNV_PRIME) & 0xFFFFFFFF
    return value
