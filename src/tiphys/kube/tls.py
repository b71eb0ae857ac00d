"""The certificates of one connection: whom we believe, and what we show of ourselves."""

import ssl
import tempfile
from pathlib import Path

import msgspec

from tiphys.model.errors import InvalidInputError


class TlsMaterial(msgspec.Struct, frozen=True, kw_only=True):
    """What TLS needs, as PEM; an empty `ca` stands for the system's authorities."""

    ca: str = ""
    certificate: str = ""
    key: str = ""
    insecure: bool = False

    def context(self, where: str) -> ssl.SSLContext:
        """Return the settings of a connection.

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
                "the certificates or the key do not parse", where=where
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
