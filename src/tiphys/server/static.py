"""Serves the files of the web UI: hashed ones for ever, its page anew each time.

Whatever is no file and is asked for as HTML is the page: the UI knows its own addresses. The page
carries a fresh nonce for the only inline script there is, and the base that addresses are relative
to; nothing from another host is allowed.
"""

import asyncio
import html
import secrets
from collections.abc import Callable, Iterable
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_NEVER = {"Cache-Control": "no-cache, no-store, must-revalidate", "Pragma": "no-cache"}
_NOT_OURS = ("api/", "auth/", "terminal", "extensions", "download/", "swagger")
_NO_UI = """<!doctype html><html lang="en"><meta charset="utf-8"><title>tiphys</title>
<style nonce="__NONCE__">body{font:16px/1.5 system-ui,sans-serif;max-width:60ch;margin:15vh auto;
padding:0 16px;color-scheme:light dark}</style>
<h1>tiphys runs, without its web UI</h1><p>__REASON__</p>
<p>The API and the command line are all there: <code>tiphys app list</code>.</p></html>
"""


class WebUi(msgspec.Struct, frozen=True, kw_only=True):
    """How the web UI is served.

    Attributes:
        folder: where the built files lie; None serves a plain page that says why there is no UI.
        root_path: prefix of all addresses, "" or "/argocd".
        css_url: the current `ui.cssurl`; empty for none.
        content_security_policy: what is added to ours, such as `frame-ancestors 'self'`.
    """

    folder: Path | None
    root_path: str = ""
    css_url: Callable[[], str] = lambda: ""
    content_security_policy: str = "frame-ancestors 'self'"


def built_ui() -> Path | None:
    """Return the folder of the built UI; None where the package carries none."""
    folder = Path(str(files("tiphys"))) / "ui_files"
    return folder if (folder / "index.html").is_file() else None


def ui_routes(ui: WebUi) -> list[BaseRoute]:
    """Return the routes of the UI; they take every path, so they come after all others."""

    async def answer(request: Request) -> Response:
        name = request.path_params["path"]
        if name.startswith(_NOT_OURS):
            return PlainTextResponse("Not Found", status_code=404)
        if ui.folder is not None and name:
            found = await asyncio.to_thread(_file, ui.folder, name)
            if found is not None:
                return _file_answer(found, name, request.headers.get("accept-encoding", ""))
        if "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse("Not Found", status_code=404)
        return await asyncio.to_thread(_page, ui)

    return [Route("/{path:path}", answer, methods=["GET"])]


def _file(folder: Path, name: str) -> Path | None:
    """Return a file of the UI; its page, hidden files and whatever lies elsewhere are none."""
    path = (folder / name).resolve()
    is_ours = path.is_relative_to(folder.resolve()) and path.suffix in _TYPES
    hidden = any(part.startswith(".") for part in Path(name).parts)
    return path if is_ours and not hidden and name != "index.html" and path.is_file() else None


def _file_answer(path: Path, name: str, accepts: str) -> Response:
    headers = dict(_FOREVER if name.startswith("assets/") else {"Cache-Control": "no-cache"})
    headers["Vary"] = "Accept-Encoding"
    packed = path.with_name(path.name + ".gz")
    if "gzip" in accepts and packed.is_file():
        headers["Content-Encoding"] = "gzip"
        return FileResponse(packed, media_type=_TYPES[path.suffix], headers=headers)
    return FileResponse(path, media_type=_TYPES[path.suffix], headers=headers)


def _page(ui: WebUi) -> Response:
    nonce = secrets.token_urlsafe(16)
    if ui.folder is None:
        reason = "It was left out of this installation, or switched off with <code>--no-ui</code>."
        text = _NO_UI.replace("__REASON__", reason)
        status = 404
    else:
        text = (ui.folder / "index.html").read_text()
        base = html.escape(ui.root_path.rstrip("/") + "/")
        text = text.replace('<base href="/" />', f'<base href="{base}" />', 1)
        text = text.replace("</head>", f"{_style_link(ui.css_url())}</head>", 1)
        status = 200
    policy = _policy(nonce, ui)
    headers = {**_NEVER, "Content-Security-Policy": policy}
    return HTMLResponse(text.replace("__NONCE__", nonce), status_code=status, headers=headers)


def _style_link(url: str) -> str:
    if not url or urlsplit(url).scheme not in {"", "http", "https"}:
        return ""
    return f'<link rel="stylesheet" href="{html.escape(url)}">'


def _policy(nonce: str, ui: WebUi) -> str:
    """Return the content security policy of one page.

    Source: W3C, "Content Security Policy Level 3".
    """
    styles = ["'self'", f"'nonce-{nonce}'", *_origin(ui.css_url())]
    directives: Iterable[str] = (
        "default-src 'self'",
        f"script-src 'self' 'nonce-{nonce}'",
        f"style-src {' '.join(styles)}",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        ui.content_security_policy.strip().rstrip(";"),
    )
    return "; ".join(directive for directive in directives if directive)


def _origin(url: str) -> list[str]:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return []
    port = f":{parts.port}" if parts.port else ""
    return [f"{parts.scheme}://{parts.hostname}{port}"]
