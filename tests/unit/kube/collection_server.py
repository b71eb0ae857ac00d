"""An API server of one kind, ConfigMaps, that a test drives: what is there, and what goes wrong."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from tiphys.kube.client import KubeClient
from tiphys.kube.config import ClusterConfig
from tiphys.kube.discovery import Discovery
from tiphys.kube.transport import Transport

_KIND = {
    "resource": "configmaps",
    "responseKind": {"kind": "ConfigMap"},
    "scope": "Namespaced",
    "verbs": ["list", "watch", "get"],
}
_CORE = {"metadata": {"name": ""}, "versions": [{"version": "v1", "resources": [_KIND]}]}
FORBIDDEN = (
    'configmaps is forbidden: User "system:serviceaccount:argocd:viewer" cannot list resource '
    '"configmaps" in API group "" in the namespace "argocd"'
)


def status(code: int, message: str = "a planted fault", reason: str = "") -> dict[str, Any]:
    return {
        "kind": "Status", "status": "Failure", "code": code, "message": message, "reason": reason,
    }  # fmt: skip


class CollectionServer:
    """What a test sees of the server.

    Attributes:
        faults: answers to give in place of lists ("list") or watches ("watch"), each once.
        refuses: verbs that are answered with 403 for ever.
        asked: the query of each request, in order.
    """

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.version = 10
        self.faults: dict[str, list[web.Response]] = {"list": [], "watch": []}
        self.refuses: set[str] = set()
        self.asked: list[dict[str, str]] = []
        self._watches: set[asyncio.Queue[bytes | None]] = set()

    @property
    def watches(self) -> int:
        """How many watches are open."""
        return len(self._watches)

    def asked_to(self, verb: str) -> list[dict[str, str]]:
        return [query for query in self.asked if ("watch" in query) == (verb == "watch")]

    def write(self, name: str, value: str, *, is_told: bool = True) -> None:
        self.version += 1
        event = "MODIFIED" if name in self.objects else "ADDED"
        self.objects[name] = {
            "metadata": {
                "name": name,
                "namespace": "argocd",
                "uid": f"uid-{name}",
                "resourceVersion": str(self.version),
            },
            "data": {"value": value},
        }
        if is_told:
            self.tell(event, self.objects[name])

    def delete(self, name: str, *, is_told: bool = True) -> None:
        self.version += 1
        gone = self.objects.pop(name)
        gone["metadata"]["resourceVersion"] = str(self.version)
        if is_told:
            self.tell("DELETED", gone)

    def tell(self, event: str, found: dict[str, Any]) -> None:
        whole = {"apiVersion": "v1", "kind": "ConfigMap", **found}
        line = json.dumps({"type": event, "object": whole}).encode() + b"\n"
        for watch in self._watches:
            watch.put_nowait(line)

    def end_watches(self) -> None:
        for watch in self._watches:
            watch.put_nowait(None)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        query = dict(request.query)
        self.asked.append(query)
        verb = "watch" if "watch" in query else "list"
        if verb in self.refuses:
            return web.json_response(status(403, FORBIDDEN, "Forbidden"), status=403)
        if self.faults[verb]:
            return self.faults[verb].pop(0)
        if verb == "watch":
            return await self._stream(request)
        start = int(query.get("continue", "0"))
        end = start + min(int(query["limit"]), 2)  # pages of two
        items = list(self.objects.values())
        more = {"continue": str(end)} if end < len(items) else {}
        metadata = {"resourceVersion": str(self.version), **more}
        return web.json_response({"metadata": metadata, "items": items[start:end]})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response, queue = web.StreamResponse(), asyncio.Queue[bytes | None]()
        await response.prepare(request)
        self._watches.add(queue)
        try:
            while (line := await queue.get()) is not None:
                await response.write(line)
        finally:
            self._watches.discard(queue)
        return response


@contextlib.asynccontextmanager
async def collection_server() -> AsyncIterator[tuple[CollectionServer, KubeClient]]:
    """Give a server and a client of it that knows its kind."""
    server, app = CollectionServer(), web.Application()

    async def roots(request: web.Request) -> web.Response:
        return web.json_response({"items": [_CORE] if request.path == "/api" else []})

    async def version(_: web.Request) -> web.Response:
        return web.json_response({"gitVersion": "v1.34.0"})

    app.router.add_get("/api", roots)
    app.router.add_get("/apis", roots)
    app.router.add_get("/version", version)
    app.router.add_get("/api/v1/namespaces/argocd/configmaps", server.answer)
    app.router.add_get("/api/v1/configmaps", server.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    transport = Transport(ClusterConfig(server=f"http://127.0.0.1:{runner.addresses[0][1]}"))
    discovery = Discovery(transport)
    try:
        await discovery.refresh()
        yield server, KubeClient(transport, discovery)
    finally:
        server.end_watches()
        await transport.close()
        await runner.cleanup()
