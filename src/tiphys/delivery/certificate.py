"""The certificate that the server shows: from Secrets, made where there is none.

Source: Argo CD operator manual, "TLS configuration".
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tiphys.delivery.accounts import ARGOCD_SECRET
from tiphys.delivery.clock import Clock
from tiphys.delivery.writing import SecretWriter

SERVER_TLS: Final = "argocd-server-tls"
_CERTIFICATE, _KEY = "tls.crt", "tls.key"
_LIFE = timedelta(days=365)
_CLOCKS_DIFFER = timedelta(minutes=5)


class ServingCertificate(msgspec.Struct, frozen=True):
    """A certificate with what it is signed by, and its key; PEM."""

    certificate: str
    key: str


def find_certificate(secrets: Mapping[str, Mapping[str, str]]) -> ServingCertificate | None:
    """Return the certificate that is to be shown; None when there is none.

    Args:
        secrets: decoded data by the Secret's name.
    """
    for name in (SERVER_TLS, ARGOCD_SECRET):
        data = secrets.get(name) or {}
        if data.get(_CERTIFICATE) and data.get(_KEY):
            return ServingCertificate(data[_CERTIFICATE], data[_KEY])
    return None


async def store_certificate(writer: SecretWriter, namespace: str, clock: Clock) -> None:
    """Make a certificate of our own where `argocd-secret` holds none.

    Raises:
        ApiError: the Secret may not be written.
    """
    made = self_signed(namespace, clock)

    def complete(data: dict[str, str]) -> None:
        if not (data.get(_CERTIFICATE) and data.get(_KEY)):
            data[_CERTIFICATE], data[_KEY] = made.certificate, made.key

    await writer.update(ARGOCD_SECRET, complete)


def self_signed(namespace: str, clock: Clock) -> ServingCertificate:
    """Return a certificate for the names that the server has inside of its cluster."""
    key = ec.generate_private_key(ec.SECP256R1())
    service = f"argocd-server.{namespace}"
    names = [
        "localhost",
        "argocd-server",
        service,
        f"{service}.svc",
        f"{service}.svc.cluster.local",
    ]
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Argo CD")])
    now = clock()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(now + _LIFE)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return ServingCertificate(
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
    )
