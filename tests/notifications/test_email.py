"""Mail reaches a real SMTP server, encrypted where that speaks TLS."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.peers.certificates import Authority
from tiphys.engine.notifications.configuration import ServiceConfig
from tiphys.notifications.errors import DeliveryError
from tiphys.notifications.http import Http
from tiphys.notifications.message import Message
from tiphys.notifications.services.catalogue import make_service


class Mailbox:
    """Keeps what the server takes, and whether it came over TLS."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.encrypted: list[bool] = []
        self.logins: list[tuple[bytes, bytes]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        mail["X-To"] = ",".join(envelope.rcpt_tos)
        self.mails.append(mail)
        self.encrypted.append(session.ssl is not None)
        return "250 taken"

    def check(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"right", handled=False)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(tls: ssl.SSLContext | None = None, **more: Any) -> Iterator[tuple[Mailbox, int]]:
    mailbox = Mailbox()
    port = free_port()
    running = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=port,
        tls_context=tls,
        authenticator=mailbox.check,
        **more,
    )
    running.start()
    try:
        yield mailbox, port
    finally:
        running.stop()


def server_tls(folder: Path) -> ssl.SSLContext:
    pair = Authority(folder).issue("mail")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    return context


async def deliver(port: int, message: Message, *, guarded: bool = False, **more: Any) -> None:
    written = {"host": "127.0.0.1", "port": port, "from": "cd@example.com", **more}
    http = Http(is_guarded=guarded)
    email = make_service(ServiceConfig(name="email", type="email", options=written), http)
    await email.send(message, "ana@example.com")
    await http.close()


async def test_a_mail_has_subject_body_sender_and_recipient() -> None:
    block = {"subject": "Shop is\nlive", "body": "Grüße"}
    with server() as (mailbox, port):
        await deliver(port, Message(text="unused", block=block))
        await deliver(port, Message(text="<b>hi</b>"), html=True)

    first, second = mailbox.mails
    assert (first["Subject"], first["From"], first["X-To"]) == (
        "Shop is live",
        "cd@example.com",
        "ana@example.com",
    )
    assert first.get_content().strip() == "Grüße"
    assert (second.get_content_type(), second.get_content().strip()) == ("text/html", "<b>hi</b>")


async def test_a_server_that_offers_tls_gets_the_login_and_the_mail_over_it(
    tmp_path: Path,
) -> None:
    tls = server_tls(tmp_path)
    with server(tls, auth_required=True) as (mailbox, port):
        more: dict[str, Any] = {"insecure_skip_verify": True}
        await deliver(port, Message(text="hi"), username="u", password="right", **more)

    assert mailbox.encrypted == [True]
    assert mailbox.logins == [(b"u", b"right")]


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    tls = server_tls(tmp_path)
    with server(tls) as (mailbox, port), pytest.raises(DeliveryError, match=r"127\.0\.0\.1"):
        await deliver(port, Message(text="hi"))

    assert mailbox.mails == []


async def test_a_refused_login_is_told_without_the_password() -> None:
    with (
        server(auth_require_tls=False) as (mailbox, port),
        pytest.raises(DeliveryError, match="refuses the login") as caught,
    ):
        await deliver(port, Message(text="hi"), username="u", password="hush-hush")

    assert "hush-hush" not in str(caught.value)
    assert mailbox.mails == []


async def test_a_team_cannot_send_through_this_machine() -> None:
    with (
        server() as (mailbox, port),
        pytest.raises(DeliveryError, match="not allowed in a self-service"),
    ):
        await deliver(port, Message(text="hi"), guarded=True)

    assert mailbox.mails == []


async def test_a_recipient_cannot_add_headers() -> None:
    with server() as (mailbox, port):
        email = make_service(
            ServiceConfig(
                name="email",
                type="email",
                options={"host": "127.0.0.1", "port": port, "from": "a@b.example"},
            ),
            Http(),
        )
        with pytest.raises(DeliveryError, match="does not allow"):
            await email.send(Message(text="x"), "a@b.example\nBcc: c@d.example")

    assert mailbox.mails == []
