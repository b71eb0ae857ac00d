"""HTTPS and HTTP on one port, with certificates that change under way."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime

import aiohttp
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tiphys.delivery.certificate import ServingCertificate, find_certificate, self_signed
from tiphys.server.tls_context import ServingContext
from tiphys.server.tls_port import SendToHttps, TlsServer


def made(namespace: str = "argocd") -> ServingCertificate:
    return self_signed(namespace, lambda: datetime.now(UTC))


class Shown:
    """The certificate that Secrets hold; a test may put in another one."""

    def __init__(self) -> None:
        self.certificate: ServingCertificate | None = None

    def __call__(self) -> ServingCertificate | None:
        return self.certificate


@contextlib.asynccontextmanager
async def serving(shown: Shown, fallback: ServingCertificate) -> AsyncIterator[int]:
    async def hello(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"{request.url.scheme} {request.url.path}")

    app = Starlette(routes=[Route("/{path:path}", hello)])
    config = uvicorn.Config(
        SendToHttps(app), lifespan="off", log_config=None, access_log=False,
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = TlsServer(config, ServingContext(shown, fallback))
    listening = socket.create_server(("127.0.0.1", 0))
    port = int(listening.getsockname()[1])
    running = asyncio.create_task(server._serve([listening]))
    while not server.started:  # noqa: ASYNC110 -- nothing tells of it
        await asyncio.sleep(0)
    yield port
    server.should_exit = True
    await running


def trusting(certificate: ServingCertificate) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=certificate.certificate)


async def get(url: str, trust: ssl.SSLContext | None = None) -> tuple[int, str, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(
            url, ssl=trust or True, allow_redirects=False, server_hostname="localhost"
        ) as answer,
    ):
        return answer.status, await answer.text(), answer.headers.get("Location", "")


async def test_tls_is_served() -> None:
    certificate = made()
    async with serving(Shown(), certificate) as port:
        answer = await get(f"https://127.0.0.1:{port}/api", trusting(certificate))

    assert answer == (200, "https /api", "")


async def test_plain_http_is_sent_to_https() -> None:
    async with serving(Shown(), made()) as port:
        status, _, location = await get(f"http://127.0.0.1:{port}/applications?view=tree")

    assert (status, location) == (307, f"https://127.0.0.1:{port}/applications?view=tree")


async def test_probes_are_answered_without_tls() -> None:
    async with serving(Shown(), made()) as port:
        assert await get(f"http://127.0.0.1:{port}/healthz") == (200, "http /healthz", "")


async def test_a_new_certificate_is_shown_without_a_restart() -> None:
    shown, replaced = Shown(), made("replaced")
    async with serving(shown, made()) as port:
        shown.certificate = replaced

        assert (await get(f"https://127.0.0.1:{port}/", trusting(replaced)))[0] == 200


async def test_a_certificate_that_cannot_be_used_leaves_the_old_one_in_force() -> None:
    certificate, shown = made(), Shown()
    async with serving(shown, certificate) as port:
        shown.certificate = ServingCertificate(made().certificate, made().key)  # another's key

        assert (await get(f"https://127.0.0.1:{port}/", trusting(certificate)))[0] == 200


async def test_clients_that_say_nothing_hold_nobody_up() -> None:
    certificate = made()
    async with serving(Shown(), certificate) as port:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
        answer = await within(2, get(f"https://127.0.0.1:{port}/", trusting(certificate)))
        for _, writer in silent:
            writer.close()

    assert answer[0] == 200


async def within(seconds: float, work: Awaitable[tuple[int, str, str]]) -> tuple[int, str, str]:
    async with asyncio.timeout(seconds):
        return await work


async def test_garbage_after_the_first_byte_ends_that_connection_only() -> None:
    certificate = made()
    async with serving(Shown(), certificate) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\x16garbage that is no handshake" * 10)
        await reader.read()
        writer.close()

        assert (await get(f"https://127.0.0.1:{port}/", trusting(certificate)))[0] == 200


@pytest.mark.parametrize(
    ("secrets", "expected"),
    [
        ({}, None),
        ({"argocd-secret": {"tls.crt": "a"}}, None),
        ({"argocd-secret": {"tls.crt": "a", "tls.key": "b"}}, ServingCertificate("a", "b")),
        (
            {
                "argocd-secret": {"tls.crt": "a", "tls.key": "b"},
                "argocd-server-tls": {"tls.crt": "c", "tls.key": "d"},
            },
            ServingCertificate("c", "d"),
        ),
    ],
)
def test_the_servers_own_secret_goes_before_the_common_one(
    secrets: dict[str, dict[str, str]], expected: ServingCertificate | None
) -> None:
    assert find_certificate(secrets) == expected
