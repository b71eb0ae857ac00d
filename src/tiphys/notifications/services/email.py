"""Mail by SMTP.

Source: RFC 5321, RFC 3207 (STARTTLS); Argo CD operator manual, "Notifications, Email".
"""

import asyncio
import contextlib
import smtplib
import socket
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final

import msgspec

from tiphys.model.source import Record
from tiphys.notifications.errors import DeliveryError
from tiphys.notifications.http import Http, permitted_address
from tiphys.notifications.message import Message

_TIMEOUT_S: Final = 20.0
_TLS_PORT: Final = 465


class EmailOptions(Record, frozen=True):
    """Options of `service.email`."""

    host: str
    port: int
    from_: str = msgspec.field(name="from")
    username: str = ""
    password: str = ""
    html: bool = False
    insecure_skip_verify: bool = msgspec.field(default=False, name="insecure_skip_verify")


class Email:
    """Sends one mail for each recipient."""

    def __init__(self, options: EmailOptions, http: Http) -> None:
        self._options, self._http = options, http

    async def send(self, message: Message, recipient: str) -> None:
        """Hand a mail to the server, over TLS where it speaks that."""
        address = self._options.host
        if self._http.is_guarded:
            address = await permitted_address(self._options.host, self._options.port)
        mail = self._mail(message, recipient)
        try:
            await asyncio.to_thread(self._deliver, mail, address)
        except (smtplib.SMTPException, OSError) as err:
            raise DeliveryError(_why(err), where=self._options.host) from err

    def _mail(self, message: Message, recipient: str) -> EmailMessage:
        mail = EmailMessage()
        try:
            mail["From"] = self._options.from_
            mail["To"] = recipient
            mail["Subject"] = " ".join(message.get("subject").split())
        except ValueError as err:
            raise DeliveryError("an address or subject that mail does not allow") from err
        mail["Date"] = formatdate(localtime=False)
        mail["Message-ID"] = make_msgid(domain="tiphys.invalid")
        subtype = "html" if self._options.html else "plain"
        mail.set_content(message.get("body", message.text), subtype=subtype)
        return mail

    def _deliver(self, mail: EmailMessage, address: str) -> None:
        options = self._options
        context = ssl.create_default_context()
        if options.insecure_skip_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        server = _Server(options.host, address)
        with contextlib.closing(server):
            if options.port == _TLS_PORT:
                server.tls = context
            server.connect(options.host, options.port)
            server.ehlo()
            if server.tls is None and server.has_extn("starttls"):
                server.starttls(context=context)
                server.ehlo()
            if options.username:
                server.login(options.username, options.password)
            server.send_message(mail)
            server.quit()


class _Server(smtplib.SMTP):
    """A connection to an address that was checked before; TLS from the start with `tls`."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(timeout=_TIMEOUT_S)
        self.tls: ssl.SSLContext | None = None
        self._host, self._address = host, address

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        del host
        plain = socket.create_connection((self._address, port), timeout)
        return self.tls.wrap_socket(plain, server_hostname=self._host) if self.tls else plain


def _why(err: Exception) -> str:
    if isinstance(err, smtplib.SMTPAuthenticationError):
        return "the mail server refuses the login"
    if isinstance(err, smtplib.SMTPResponseException):
        said = err.smtp_error
        text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        return f"the mail server answered {err.smtp_code}: {text[:120]}"
    if isinstance(err, smtplib.SMTPRecipientsRefused):
        return "the mail server refuses the recipient"
    if isinstance(err, OSError) and err.strerror:
        return f"cannot be reached: {err.strerror}"
    return f"mail failed: {type(err).__name__}"
