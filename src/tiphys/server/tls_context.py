"""The TLS settings of the server, with the certificate that is in force."""

import logging
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path

from tiphys.delivery.certificate import ServingCertificate

log = logging.getLogger(__name__)


class ServingContext:
    """Follows a certificate; call it for the settings of a connection that begins now.

    One that cannot be used is reported once, and the one before stays in force.
    """

    def __init__(
        self, current: Callable[[], ServingCertificate | None], fallback: ServingCertificate
    ) -> None:
        """Read nothing yet.

        Args:
            current: gives the certificate that Secrets hold now; None where they hold none.
            fallback: is shown until there is one.
        """
        self._current = current
        self._seen, self._context = fallback, server_context(fallback)

    def __call__(self) -> ssl.SSLContext:
        """Return the settings."""
        current = self._current()
        if current is not None and current != self._seen:
            self._seen = current
            try:
                self._context = server_context(current)
            except (ssl.SSLError, ValueError, OSError):
                # The error's text says nothing that helps, and might quote the key.
                log.warning(
                    "the server's certificate cannot be used, the one before stays in force",
                    extra={"hint": "Check tls.crt and tls.key of argocd-server-tls."},
                )
            else:
                log.info("the server shows a new certificate")
        return self._context


def server_context(certificate: ServingCertificate) -> ssl.SSLContext:
    """Return the settings of a server that shows a certificate.

    Raises:
        SSLError: it does not parse, or the key is another one's.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    # The ssl module loads certificates from files only.
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pem"
        file.touch(mode=0o600)
        file.write_text(f"{certificate.certificate}\n{certificate.key}\n")
        context.load_cert_chain(file)
    return context
