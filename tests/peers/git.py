"""Git repositories served by the real `git http-backend`, behind what guards them."""

import base64
import os
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tiphys.sandbox.git.app import git_app

_GIT = (
    "git", "-c", "user.name=Tester", "-c", "user.email=tester@example.com",
    "-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false",
    "-c", "protocol.file.allow=always",
)  # fmt: skip


class Work:
    """A working copy and the bare repository that it pushes to."""

    def __init__(self, root: Path, name: str) -> None:
        self.bare, self.folder = root / f"{name}.git", root / f"{name}.work"
        subprocess.run([*_GIT, "init", "-q", "--bare", str(self.bare)], check=True)
        self.folder.mkdir()
        self.git("init", "-q")
        self.git("remote", "add", "origin", str(self.bare))

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            [*_GIT, *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def push(self, files: Mapping[str, str], *refs: str) -> str:
        """Commit files, push them and refs, and return the commit."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "change")
        self.git("push", "-q", "origin", "HEAD", *refs)
        return self.git("rev-parse", "HEAD")


class GitServer:
    """An ASGI app over the repositories of a folder.

    Attributes:
        asked: how often each service was asked for: "refs" and "objects".
        seen: the Authorization headers that came.
        redirect: where every request is sent instead; "" for nowhere.
    """

    def __init__(self, root: Path, *, user: str = "", password: str = "", token: str = "") -> None:
        self._app: ASGIApp = git_app(root)
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._wanted = f"Bearer {token}" if token else f"Basic {pair}" if user else ""
        self.asked: Counter[str] = Counter()
        self.seen: set[str] = set()
        self.redirect = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        authorization = request.headers.get("authorization", "")
        self.seen.add(authorization)
        if self.redirect:
            target = f"{self.redirect}{request.url.path}?{request.url.query}"
            await RedirectResponse(target, 302)(scope, receive, send)
            return
        if self._wanted and authorization != self._wanted:
            challenge = {"WWW-Authenticate": 'Basic realm="test"'}
            await Response(status_code=401, headers=challenge)(scope, receive, send)
            return
        # In protocol 2 both the names and the objects are asked for by POST.
        if request.url.path.endswith("/info/refs"):
            self.asked["refs"] += 1
        else:
            body = await request.body()
            self.asked["objects" if b"command=fetch" in body else "names"] += 1
            receive = _again(body)
        await self._app(scope, receive, send)


def _again(body: bytes) -> Receive:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
