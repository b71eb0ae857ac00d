"""Starts the sandbox: a process of its own that runs until it is stopped."""

import asyncio
import base64
import contextlib
import logging
import secrets
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import uvicorn
import uvloop
import yaml

from tiphys.model.errors import InvalidInputError
from tiphys.sandbox.access.aggregation import Aggregation
from tiphys.sandbox.access.authentication import Access
from tiphys.sandbox.access.default_roles import install_roles
from tiphys.sandbox.access.rbac import Rbac
from tiphys.sandbox.access.token_requests import AccountSecrets
from tiphys.sandbox.access.tokens import Tokens
from tiphys.sandbox.clock import utc_now
from tiphys.sandbox.http.certificates import ensure_certificate
from tiphys.sandbox.http.server import ApiServer
from tiphys.sandbox.lifecycle.dependents import Dependents
from tiphys.sandbox.lifecycle.lifecycle import Lifecycle
from tiphys.sandbox.lifecycle.protection import Protection
from tiphys.sandbox.registry.registry import Registry
from tiphys.sandbox.registry.writing import Write
from tiphys.sandbox.storage.store import Store
from tiphys.sandbox.typed.kinds import Kinds
from tiphys.sandbox.workloads.engine import Workloads

_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")


def run_sandbox(home: Path, port: int, git_port: int | None, webhook_url: str | None) -> None:
    """Run a sandbox cluster until SIGTERM or SIGINT.

    Args:
        home: where its state lies; `kubeconfig` appears there when it is ready.
        port: of the API on localhost; 0 chooses a free one.
        git_port: where the repositories below HOME/git are served, None for nowhere.
        webhook_url: told of each push.

    Raises:
        InvalidInputError: the port is taken.
    """
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    home.mkdir(parents=True, exist_ok=True)
    uvloop.run(_run(home, port, git_port, webhook_url))


async def _run(home: Path, port: int, git_port: int | None, webhook_url: str | None) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stopped.set)
    token = _token(home)
    registry = _registry(store := Store(home / "sandbox.db"))
    listening = _listen(port)
    address = f"https://127.0.0.1:{listening.getsockname()[1]}"
    certificate = ensure_certificate(home)
    tokens = Tokens(store, home)
    api = ApiServer(registry, Access(token, tokens, Rbac(store)))
    server = _QuietServer(
        uvicorn.Config(
            api,
            ssl_certfile=str(certificate.certificate),
            ssl_keyfile=str(certificate.key),
            http="httptools",
            ws="none",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            log_config=None,
            lifespan="off",
            timeout_graceful_shutdown=1,
            timeout_keep_alive=120,
        )
    )
    dependents = Dependents(store)
    tasks = [
        asyncio.create_task(server.serve(sockets=[listening]), name="api"),
        asyncio.create_task(
            _lifecycle(registry, dependents, tokens, certificate.certificate).run(),
            name="lifecycle",
        ),
        asyncio.create_task(
            Workloads(registry, dependents, lambda: api.served).run(), name="workloads"
        ),
    ]
    if git_port is not None:
        # Its libraries take long to load, and not every sandbox serves Git.
        from tiphys.sandbox.git.serve import serve_git  # noqa: PLC0415

        tasks.append(asyncio.create_task(serve_git(home / "git", git_port, webhook_url)))
    await server.is_serving.wait()
    await store.committed()
    store.oldest = store.version  # as of a real server that has just read its objects
    _write_kubeconfig(home / "kubeconfig", address, token, certificate.certificate)
    print(f"sandbox ready at {address}", flush=True)  # noqa: T201 -- what started it waits for this
    waiting = asyncio.create_task(stopped.wait())
    try:
        done, _ = await asyncio.wait([*tasks, waiting], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in [*tasks, waiting]:
            task.cancel()
        await asyncio.gather(*tasks, waiting, return_exceptions=True)
        store.close()


def _lifecycle(
    registry: Registry, dependents: Dependents, tokens: Tokens, certificate: Path
) -> Lifecycle:
    authority = certificate.read_text()
    followers = (
        Aggregation(registry),
        AccountSecrets(registry, tokens, authority),
        Protection(registry),
    )
    return Lifecycle(registry, dependents, followers, authority)


def _registry(store: Store) -> Registry:
    kinds = Kinds()
    registry = Registry(store, kinds)
    namespaces = kinds.find("", "v1", "namespaces")
    assert namespaces is not None
    for name in _NAMESPACES:
        if store.get(namespaces.collection, ("", name)) is None:
            manifest = {"metadata": {"name": name}}
            registry.create(namespaces, "", manifest, Write(manager="sandbox", now=utc_now()))
    install_roles(registry)
    nodes = kinds.find("", "v1", "nodes")
    if nodes is not None and store.get(nodes.collection, ("", "sandbox")) is None:
        labels = {"kubernetes.io/hostname": "sandbox", "kubernetes.io/os": "linux"}
        node = {"metadata": {"name": "sandbox", "labels": labels}}
        registry.create(nodes, "", node, Write(manager="sandbox", now=utc_now()))
    return registry


def _listen(port: int) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OSError as err:
        raise InvalidInputError(
            f"port {port} cannot be listened on: {err.strerror}",
            where="the sandbox's API",
            hint="Stop the program that has it, or choose another with --port.",
        ) from err
    listening.listen(512)
    return listening


def _token(home: Path) -> str:
    """Return the token of the one user; it stays the same over restarts."""
    path = home / "token"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32))
    return path.read_text()


def _write_kubeconfig(path: Path, address: str, token: str, certificate: Path) -> None:
    # Clients send tokens over TLS only, so the sandbox brings a certificate of its own.
    authority = base64.b64encode(certificate.read_bytes()).decode()
    name = "tiphys-sandbox"
    cluster = {"server": address, "certificate-authority-data": authority}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": "admin"}}],
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": token}}],
    }
    scratch = path.with_suffix(".new")
    scratch.touch(mode=0o600)
    scratch.write_text(yaml.safe_dump(document))
    scratch.replace(path)


class _QuietServer(uvicorn.Server):
    """Leaves signals to the process that it is part of, and says when it serves."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_serving = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets)
        self.is_serving.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing."""
        yield
