"""A Helm repository over HTTP, with or without a password, that counts what it is asked."""

import base64
import hashlib
from collections import Counter

import yaml
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from tests.peers.archives import chart_archive


class HelmServer:
    """An ASGI app.

    Attributes:
        asked: how often each path was asked for.
        seen: the Authorization headers that came, by path.
        redirects: paths that lead elsewhere.
        aliases: beginnings of paths, and what stands for them.
    """

    def __init__(self, user: str = "", password: str = "") -> None:
        self._user, self._password = user, password
        self.entries: dict[str, list[dict[str, object]]] = {}
        self.files: dict[str, bytes] = {}
        self.redirects: dict[str, str] = {}
        self.aliases: dict[str, str] = {}
        self.asked: Counter[str] = Counter()
        self.seen: dict[str, str] = {}
        self.statuses: dict[str, int] = {}

    def add(
        self,
        name: str,
        version: str,
        *,
        url: str = "",
        archive: bytes | None = None,
        has_digest: bool = True,
        **more: str,
    ) -> bytes:
        """Publish a chart; `url` puts its archive elsewhere."""
        body = archive if archive is not None else chart_archive(name, version, **more)
        path = f"{name}-{version}.tgz"
        entry: dict[str, object] = {
            "apiVersion": "v2", "name": name, "version": version, "urls": [url or path],
        }  # fmt: skip
        if has_digest:
            entry["digest"] = hashlib.sha256(body).hexdigest()
        self.entries.setdefault(name, []).append(entry)
        self.files[f"/{path}"] = body
        return body

    def index(self) -> bytes:
        document = {"apiVersion": "v1", "entries": self.entries}
        return self.files.get("/index.yaml") or yaml.safe_dump(document, sort_keys=True).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await self._answer(request.url.path, request.headers)(scope, receive, send)

    def _answer(self, path: str, headers: Headers) -> Response:
        self.asked[path] += 1
        self.seen[path] = headers.get("authorization", "")
        if path in self.statuses:
            return Response(status_code=self.statuses[path])
        if path in self.redirects:
            return RedirectResponse(self.redirects[path], 302)
        if self._user and self.seen[path] != self._expected():
            return Response(status_code=401)
        for start, end in self.aliases.items():
            if path.startswith(start):
                path = f"{end}{path.removeprefix(start)}"
        if path == "/index.yaml":
            return self._index(headers)
        body = self.files.get(path)
        return Response(status_code=404) if body is None else Response(body)

    def _index(self, headers: Headers) -> Response:
        body = self.index()
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"ETag": tag})
        return Response(body, headers={"ETag": tag})

    def _expected(self) -> str:
        pair = f"{self._user}:{self._password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"
