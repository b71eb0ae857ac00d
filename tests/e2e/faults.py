"""A proxy before the API server that misbehaves on demand, and remembers what went through it."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import yaml
from aiohttp import ClientSession, ClientTimeout, StreamReader, TCPConnector, web

from tests.e2e.api import Api

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "host", "content-length"}


class Seen(NamedTuple):
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]

    @property
    def is_watch(self) -> bool:
        return self.query.get("watch") in {"1", "true"}

    @property
    def is_list(self) -> bool:
        return self.method == "GET" and "limit" in self.query and not self.is_watch


Match = Callable[[Seen], bool]


class Fault(NamedTuple):
    """What happens to the requests that match.

    Attributes:
        code: the status to answer with; 0 forwards the request.
        body: of that answer.
        cuts_answer: the connection breaks in the middle of the real answer.
        headers: of that answer.
        hangs: there is no answer for as long as the fault lasts; then it is forwarded.
    """

    matches: Match
    code: int = 0
    body: bytes = b""
    cuts_answer: bool = False
    headers: dict[str, str] = {}
    hangs: bool = False


class FaultyProxy:
    """Forwards requests to the API server, apart from those that a fault concerns."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._loop: asyncio.AbstractEventLoop
        self._faults: list[Fault] = []
        self._watches: set[asyncio.BaseTransport] = set()
        self._session: ClientSession | None = None
        self._stopped: asyncio.Event
        self.requests: list[Seen] = []
        self.url = ""

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Serve for the length of the block."""
        ready = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)))
        thread.start()
        try:
            ready.wait(10)
            yield
        finally:
            self._loop.call_soon_threadsafe(self._stopped.set)
            thread.join()

    def kubeconfig(self, path: Path) -> Path:
        """Write a kubeconfig whose server is this proxy."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "faulty",
            "contexts": [{"name": "faulty", "context": {"cluster": "faulty", "user": "us"}}],
            "clusters": [{"name": "faulty", "cluster": {"server": self.url}}],
            "users": [{"name": "us", "user": {"token": "the proxy has its own"}}],
        }
        path.write_text(yaml.safe_dump(config))
        return path

    @contextlib.contextmanager
    def fault(self, fault: Fault, *, drops_watches: bool = False) -> Iterator[None]:
        """Let a fault happen for the length of the block."""
        self._faults.append(fault)
        try:
            if drops_watches:
                self.drop_watches()
            yield
        finally:
            self._faults.remove(fault)

    def drop_watches(self) -> None:
        """Break every open watch."""

        def drop() -> None:
            for transport in list(self._watches):
                transport.close()

        self._loop.call_soon_threadsafe(drop)

    def deletes(self) -> list[str]:
        """Return the paths of all deletes that arrived."""
        return [seen.path for seen in self.requests if seen.method == "DELETE"]

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        tls = self._api.tls if self._api.server.startswith("https") else True
        timeout = ClientTimeout(total=None)
        connector = TCPConnector(ssl=tls or True, limit=0)
        async with ClientSession(
            connector=connector, timeout=timeout, auto_decompress=False
        ) as self._session:
            app = web.Application(client_max_size=64 * 2**20)
            app.router.add_route("*", "/{path:.*}", self._handle)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            self.url = f"http://{host}:{port}"
            ready.set()
            await self._stopped.wait()
            await runner.cleanup()
        # Connections under TLS are closed some turns of the loop later.
        await asyncio.sleep(0.5)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        seen = Seen(request.method, request.path, dict(request.query), dict(request.headers))
        self.requests.append(seen)
        found = next((fault for fault in self._faults if fault.matches(seen)), None)
        while found is not None and found.hangs and found in self._faults:  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # faults begin and end in the thread of the test
        if found is not None and found.code:
            body = found.body or b'{"kind":"Status","status":"Failure","message":"a planted fault"}'
            return web.Response(status=found.code, body=body, headers=found.headers)
        return await self._forward(request, seen, cuts=found is not None and found.cuts_answer)

    async def _forward(self, request: web.Request, seen: Seen, *, cuts: bool) -> web.StreamResponse:
        assert self._session is not None
        kept = {k: v for k, v in seen.headers.items() if k.lower() not in _HOP_BY_HOP}
        async with self._session.request(
            request.method,
            self._api.server + request.path_qs,
            data=await request.read() or None,
            headers={**kept, "Accept-Encoding": "identity", **self._api.authorization},
        ) as answer:
            response = web.StreamResponse(status=answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in _HOP_BY_HOP:
                    response.headers.add(name, value)
            if request.transport is not None and seen.is_watch:
                self._watches.add(request.transport)
            await response.prepare(request)
            await self._copy(request, answer.content, response, cuts=cuts)
            return response

    async def _copy(
        self,
        request: web.Request,
        content: StreamReader,
        response: web.StreamResponse,
        *,
        cuts: bool,
    ) -> None:
        try:
            async for chunk in content.iter_any():
                await response.write(chunk[: len(chunk) // 2] if cuts else chunk)
                if cuts and request.transport is not None:
                    request.transport.close()
                    return
        except ConnectionError:
            return
        finally:
            if request.transport is not None:
                self._watches.discard(request.transport)
