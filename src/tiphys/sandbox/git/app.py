"""The ASGI app that serves every repository below a directory."""

import asyncio
import logging
from collections import defaultdict
from pathlib import Path
from urllib.parse import parse_qs

import aiohttp
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tiphys.sandbox.git.accounts import is_admitted
from tiphys.sandbox.git.backend import cgi_variables, git_environment, run_backend
from tiphys.sandbox.git.paths import Service, Target, find_repository, parse_path, repository_names
from tiphys.sandbox.git.push import changed_refs, push_event, read_refs

log = logging.getLogger(__name__)

_WEBHOOK_TIMEOUT_S = 3.0
_METHODS = {Service.REFS: "GET", Service.FETCH: "POST", Service.PUSH: "POST", Service.ABOUT: "GET"}
_SERVICES = ({"service": ["git-upload-pack"]}, {"service": ["git-receive-pack"]})


def git_app(root: Path, webhook_url: str | None = None) -> ASGIApp:
    """Return an app that serves `root/<name>.git` as `<mount point>/<name>.git`.

    Args:
        root: the directory that holds the bare repositories; new ones are served at once.
        webhook_url: told of each push, as GitHub would; failures are logged, never shown.
    """
    return _GitApp(root, webhook_url)


class _GitApp:
    def __init__(self, root: Path, webhook_url: str | None) -> None:
        self._root = root
        self._webhook_url = webhook_url
        # Pushes to one repository follow each other, so that each one's changes are its own.
        self._pushes: defaultdict[Path, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        target = parse_path(path)
        if path in {"", "/"}:
            names = await asyncio.to_thread(repository_names, self._root)
            lines = [f"{_base_url(scope)}/{name}.git\n" for name in names]
            await PlainTextResponse("".join(lines))(scope, receive, send)
        elif target is None:
            await _refusal(404, "no such repository")(scope, receive, send)
        else:
            await self._serve(target, scope, receive, send)

    async def _serve(self, target: Target, scope: Scope, receive: Receive, send: Send) -> None:
        repository = await asyncio.to_thread(find_repository, self._root, target.name)
        if repository is None:
            await _refusal(404, f"repository not found: {target.name}")(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = await _refuse(target.service, repository, scope, headers)
        if refusal:
            await refusal(scope, receive, send)
            return
        clone_url = f"{_base_url(scope)}/{target.name}.git"
        if target.service is Service.ABOUT:
            await PlainTextResponse(f"git clone {clone_url}\n")(scope, receive, send)
            return
        query = scope["query_string"].decode("latin-1")
        environment = {
            **git_environment(repository),
            **cgi_variables(scope["method"], query, headers),
            "GIT_PROJECT_ROOT": str(repository),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": target.service.value,
        }
        if target.service is Service.PUSH:
            await self._push(repository, clone_url, environment, receive, send)
        else:
            await run_backend(environment, receive, send)

    async def _push(
        self,
        repository: Path,
        clone_url: str,
        environment: dict[str, str],
        receive: Receive,
        send: Send,
    ) -> None:
        async with self._pushes[repository]:
            before = await read_refs(repository) if self._webhook_url else {}
            await run_backend(environment, receive, send)
            after = await read_refs(repository) if self._webhook_url else {}
        # The pusher has the whole answer already: what follows can neither delay nor fail it.
        known = frozenset(before.values())
        for change in changed_refs(before, after):
            event = await push_event(repository, change, known, clone_url)
            await _deliver(self._webhook_url or "", event)


async def _refuse(
    service: Service, repository: Path, scope: Scope, headers: Headers
) -> Response | None:
    """Return the answer to a request that may not go on, None when it may."""
    if scope["method"] != _METHODS[service]:
        return _refusal(405, f"use {_METHODS[service]}")
    query = parse_qs(scope["query_string"].decode("latin-1"))
    if service is Service.REFS and query not in _SERVICES:
        return _refusal(403, "this server speaks only Git's smart protocol")
    authorization = headers.get("authorization", "")
    if await asyncio.to_thread(is_admitted, repository, authorization):
        return None
    refusal = _refusal(401, "this repository needs a user name and password")
    refusal.headers["WWW-Authenticate"] = 'Basic realm="tiphys sandbox"'
    return refusal


def _refusal(status: int, text: str) -> PlainTextResponse:
    return PlainTextResponse(f"{text}\n", status_code=status)


def _base_url(scope: Scope) -> str:
    host = Headers(scope=scope).get("host", "127.0.0.1")
    return f"{scope['scheme']}://{host}{scope.get('root_path', '').rstrip('/')}"


async def _deliver(url: str, event: dict[str, object]) -> None:
    timeout = aiohttp.ClientTimeout(total=_WEBHOOK_TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
            session.post(url, json=event, headers={"X-GitHub-Event": "push"}) as answer,
        ):
            status = answer.status
    except (aiohttp.ClientError, TimeoutError) as err:
        log.warning("webhook not delivered", extra={"url": url, "error": str(err)})
        return
    if status >= 400:
        log.warning("webhook refused", extra={"url": url, "status": status})
