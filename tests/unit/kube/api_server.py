"""An API server behind TLS that remembers who asked, and lets in whom a test names."""

import contextlib
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
from aiohttp import web

from tests.unit.kube.certificates import Authority, Issued


class Seen(msgspec.Struct, frozen=True):
    """What a request showed of who made it."""

    authorization: str = ""
    client: str = ""
    impersonation: tuple[tuple[str, str], ...] = ()
    encoding: str = ""

    @property
    def token(self) -> str:
        """The bearer token."""
        return self.authorization.removeprefix("Bearer ")


class ApiServer:
    """What tests see of the server."""

    def __init__(self, address: str, context: ssl.SSLContext | None) -> None:
        self.address, self._context = address, context
        self.seen: list[Seen] = []
        self.lets_in: Callable[[Seen], bool] = lambda seen: True

    def show(self, certificate: Issued) -> None:
        """Show another certificate to whoever connects from now on."""
        assert self._context is not None
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "pem"
            file.write_text(certificate.certificate + certificate.key)
            self._context.load_cert_chain(file)

    async def answer(self, request: web.Request) -> web.Response:
        """Answer with what was asked for, or 401."""
        peer = request.get_extra_info("peercert") or {}
        names = {key: value for pairs in peer.get("subject", ()) for key, value in pairs}
        seen = Seen(
            authorization=request.headers.get("Authorization", ""),
            client=names.get("commonName", ""),
            impersonation=tuple(
                (name, value)
                for name, value in request.headers.items()
                if name.lower().startswith("impersonate")
            ),
            encoding=request.headers.get("Accept-Encoding", ""),
        )
        self.seen.append(seen)
        if not self.lets_in(seen):
            return web.json_response({"kind": "Status", "message": "Unauthorized"}, status=401)
        return web.json_response({"path": request.path})


@contextlib.asynccontextmanager
async def api_server(authority: Authority, certificate: Issued) -> AsyncIterator[ApiServer]:
    """Give a server that asks for client certificates of an authority, and demands none."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=authority.pem)
    context.verify_mode = ssl.CERT_OPTIONAL
    server = ApiServer("", context)
    server.show(certificate)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    server.address = f"https://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()
