"""The Git server on a port of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from tiphys.sandbox.git.app import git_app


class _QuietServer(uvicorn.Server):
    """Leaves signals to the process that it is part of."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve_git(root: Path, port: int, webhook_url: str | None = None) -> None:
    """Serve the repositories below `root` at http://127.0.0.1:<port>/ until cancelled."""
    config = uvicorn.Config(
        git_app(root, webhook_url),
        host="127.0.0.1",
        port=port,
        lifespan="off",
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=1,
    )
    server = _QuietServer(config)
    try:
        await server.serve()
    finally:
        if server.started and not server.should_exit:
            await server.shutdown()  # a cancelled uvicorn leaves its sockets open
