"""Certificates and keys by which repositories' hosts are known, as two ConfigMaps hold them.

Source: Argo CD operator manual, "Private Repositories"; ssh(1), known_hosts.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tiphys.model.errors import InvalidInputError
from tiphys.model.source import Record

TLS_CONFIG_MAP: Final = "argocd-tls-certs-cm"
SSH_CONFIG_MAP: Final = "argocd-ssh-known-hosts-cm"
SSH_KEY: Final = "ssh_known_hosts"
_MAX_BYTES: Final = 256 * 1024


class HostCertificate(Record, frozen=True, omit_defaults=False):
    """A certificate or a key of a host.

    Attributes:
        cert_type: "https" or "ssh".
        cert_sub_type: of the key: "rsa", "ssh-ed25519", ...
        cert_data: base64 of what is stored.
        cert_info: for people: the subject, or the key's fingerprint.
    """

    server_name: str = ""
    cert_type: str = ""
    cert_sub_type: str = ""
    cert_data: str = ""
    cert_info: str = ""


def tls_certificates(config_map: Mapping[str, str]) -> Iterator[HostCertificate]:
    """Yield the certificates of TLS hosts, by host."""
    for host in sorted(config_map):
        for certificate in _certificates(config_map[host]):
            pem = certificate.public_bytes(Encoding.PEM)
            yield HostCertificate(
                server_name=host,
                cert_type="https",
                cert_sub_type=type(certificate.public_key()).__name__.lower().strip("_")[:3],
                cert_data=base64.b64encode(pem).decode(),
                cert_info=certificate.subject.rfc4514_string(),
            )


def _certificates(text: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        return []


def ssh_keys(known_hosts: str) -> Iterator[HostCertificate]:
    """Yield the keys of SSH hosts, in their order; comments and broken lines are passed over."""
    for line in known_hosts.splitlines():
        parts = line.split()
        if len(parts) < 3 or parts[0].startswith("#") or parts[0].startswith("@"):
            continue
        host, kind, key = parts[:3]
        digest = _fingerprint(key)
        if digest:
            yield HostCertificate(
                server_name=host,
                cert_type="ssh",
                cert_sub_type=kind,
                cert_data=base64.b64encode(key.encode()).decode(),
                cert_info=f"SHA256:{digest}",
            )


def _fingerprint(key: str) -> str:
    try:
        raw = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return base64.b64encode(hashlib.sha256(raw).digest()).decode().rstrip("=")


def with_tls(
    config_map: Mapping[str, str], added: HostCertificate, *, upsert: bool
) -> dict[str, str]:
    """Return the ConfigMap's data with the certificates of a host.

    Raises:
        InvalidInputError: they cannot be read, or others are stored and `upsert` is off.
    """
    if not added.server_name or "/" in added.server_name:
        raise InvalidInputError("the name of a host is needed", where="serverName")
    pem = _decoded(added)
    if not _certificates(pem):
        raise InvalidInputError("is not a PEM certificate", where=added.server_name)
    present = config_map.get(added.server_name)
    if present is not None and present.strip() != pem.strip() and not upsert:
        raise _differs(added.server_name)
    return {**config_map, added.server_name: pem}


def with_ssh(known_hosts: str, added: HostCertificate, *, upsert: bool) -> str:
    """Return the known hosts with the key of a host.

    Raises:
        InvalidInputError: it cannot be read, or another is stored and `upsert` is off.
    """
    key = _decoded(added).strip()
    line = f"{added.server_name} {added.cert_sub_type} {key}"
    entry = next(ssh_keys(line), None)
    if entry is None or len(line.split()) != 3:
        raise InvalidInputError("is not a host, a kind and a key", where=added.server_name)
    place = (added.server_name, added.cert_sub_type)
    for known in ssh_keys(known_hosts):
        if (known.server_name, known.cert_sub_type) == place:
            if known.cert_data == entry.cert_data:
                return known_hosts
            if not upsert:
                raise _differs(added.server_name)
    kept = [line for line in known_hosts.splitlines() if tuple(line.split()[:2]) != place]
    return "\n".join([*kept, line]) + "\n"


def without_ssh(known_hosts: str, gone: Iterable[HostCertificate]) -> str:
    """Return the known hosts without some keys; comments stay."""
    places = {(key.server_name, key.cert_sub_type) for key in gone}
    kept = [line for line in known_hosts.splitlines() if tuple(line.split()[:2]) not in places]
    return "\n".join(kept) + "\n" if kept else ""


def _decoded(added: HostCertificate) -> str:
    try:
        return base64.b64decode(added.cert_data[:_MAX_BYTES], validate=True).decode()
    except (binascii.Error, ValueError) as err:
        raise InvalidInputError("is not base64 of a text", where="certData") from err


def _differs(host: str) -> InvalidInputError:
    return InvalidInputError(
        f"certificate for {host} already exists and upsert was not specified", where=host
    )
