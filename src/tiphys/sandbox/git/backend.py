"""One request through `git http-backend`, a CGI program, with both bodies streamed."""

import asyncio
import os
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from pathlib import Path

from starlette.types import Receive, Send

_CHUNK_BYTES = 256 * 1024
_MAX_HEADER_BYTES = 64 * 1024

_CONFIG = {
    "http.receivepack": "true",  # anonymous push: the port is open to this machine only
    "safe.directory": "*",  # the state directory may belong to another user in a container
    "receive.autogc": "false",  # a push must not leave a process behind
    "uploadpack.allowAnySHA1InWant": "true",  # as the big hosts do; lets one commit be fetched
    "uploadpack.allowFilter": "true",
}


def git_environment(home: Path) -> dict[str, str]:
    """Return the environment for our git commands: nothing of the user's configuration."""
    config: dict[str, str] = {"GIT_CONFIG_COUNT": str(len(_CONFIG))}
    for number, (key, value) in enumerate(_CONFIG.items()):
        config[f"GIT_CONFIG_KEY_{number}"] = key
        config[f"GIT_CONFIG_VALUE_{number}"] = value
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        **config,
    }


def cgi_variables(method: str, query: str, headers: Mapping[str, str]) -> dict[str, str]:
    """Return the CGI variables that tell the backend about a request.

    Args:
        method: "GET" or "POST".
        query: the query string, not decoded.
        headers: the request's headers, looked up in lower case.
    """
    given = {
        "CONTENT_TYPE": headers.get("content-type"),
        # Absent for a chunked body: the backend then reads up to the end.
        "CONTENT_LENGTH": headers.get("content-length"),
        "HTTP_CONTENT_ENCODING": headers.get("content-encoding"),
        "GIT_PROTOCOL": headers.get("git-protocol"),
    }
    return {
        "REQUEST_METHOD": method,
        "QUERY_STRING": query,
        "REMOTE_ADDR": "127.0.0.1",
        **{name: value for name, value in given.items() if value},
    }


async def run_backend(environment: Mapping[str, str], receive: Receive, send: Send) -> None:
    """Answer one ASGI request with what `git http-backend` says.

    The process is killed when the client goes away or this call is cancelled.
    """
    process = await asyncio.create_subprocess_exec(
        "git", "http-backend", env=dict(environment), stdin=PIPE, stdout=PIPE
    )
    feeding = asyncio.create_task(_feed(process, receive))
    try:
        await _answer(process, send)
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        if process.returncode is None:
            await _end(process)


async def _feed(process: Process, receive: Receive) -> None:
    """Hand the request body to the process; kill it when the client leaves early."""
    assert process.stdin is not None
    try:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                process.kill()
                return
            process.stdin.write(message.get("body", b""))
            await process.stdin.drain()
            if not message.get("more_body", False):
                break
    except (BrokenPipeError, ConnectionResetError):
        return  # it has read all that it wants; its answer says what is wrong
    finally:
        process.stdin.close()


async def _answer(process: Process, send: Send) -> None:
    assert process.stdout is not None
    head, rest = await _read_head(process.stdout)
    status, headers = parse_head(head)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    chunk = rest
    while chunk or not process.stdout.at_eof():
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
        chunk = await process.stdout.read(_CHUNK_BYTES)
    # The refs of a push are final only when the process has ended.
    await process.wait()
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _read_head(stdout: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Return (header block, first bytes of the body)."""
    data = b""
    while b"\r\n\r\n" not in data and len(data) < _MAX_HEADER_BYTES:
        chunk = await stdout.read(_CHUNK_BYTES)
        if not chunk:
            break
        data += chunk
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def parse_head(head: bytes) -> tuple[int, list[tuple[bytes, bytes]]]:
    """Return (status, headers) of a CGI answer; 502 when the program said nothing."""
    if not head:
        return 502, []
    status = 200
    headers: list[tuple[bytes, bytes]] = []
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"status":
            status = int(value.split()[0])
        else:
            headers.append((name.strip().lower(), value.strip()))
    return status, headers


async def _end(process: Process) -> None:
    try:
        process.kill()
    except ProcessLookupError:
        return  # it ended between the look and the signal
    await process.wait()
