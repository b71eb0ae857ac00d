"""Real HTTP servers in the test process, on ports of their own."""

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp


class _Quiet(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.contextmanager
def serving(
    app: ASGIApp, *, tls: tuple[Path, Path] | None = None, ca: Path | None = None
) -> Iterator[int]:
    """Serve an app on 127.0.0.1 and give the port.

    Args:
        app: the ASGI app.
        tls: files of the certificate and of its key.
        ca: the authority of the client certificates that are then asked for.
    """
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
        ssl_certfile=str(tls[0]) if tls else None,
        ssl_keyfile=str(tls[1]) if tls else None,
        ssl_ca_certs=str(ca) if ca else None,
        ssl_cert_reqs=2 if ca else 0,
    )
    server = _Quiet(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < deadline, "the server does not start"
        time.sleep(0.005)
    try:
        yield int(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(10)
