"""Bad neighbours: what others may put beside an innocent Application, each as a context."""

import contextlib
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.api import Api
from tests.e2e.faults import Fault, FaultyProxy
from tests.e2e.manifests import config_map, pod, text
from tests.e2e.world import World, sandbox_process

COUNT = 25
LARGE = int(os.environ.get("TIPHYS_TEST_LARGE_CLUSTER", "5000"))
_AUTOMATED: dict[str, Any] = {"automated": {"prune": True, "selfHeal": True}}
_ENDLESS_LUA = "local n = 0\nwhile true do n = n + 1 end"
# No hook runs inside the pattern functions: only ending the process ends this.
_ENDLESS_PATTERN = """
local text = string.rep("a", 200000)
return {status = "Healthy", message = tostring(string.find(text, ".-.-.-.-.-b"))}
"""


def _service(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"ports": [{"port": 80}]},
    }


def _apps(world: World, count: int, files: dict[str, str], **spec: Any) -> None:
    namespace, repository = world.new_namespace(), world.new_repository(files)
    for index in range(count):
        own = spec.get("ignoreDifferences")
        numbered = json.loads(json.dumps(own).replace("INDEX", str(index))) if own else None
        more = {**spec, **({"ignoreDifferences": numbered} if numbered else {})}
        world.new_app(repository, namespace, path=".", syncPolicy=_AUTOMATED, **more)


@contextlib.contextmanager
def endless_jq(world: World) -> Iterator[None]:
    """Applications whose ignored differences never end, each in words of its own."""
    rule = {
        "group": "",
        "kind": "ConfigMap",
        "jqPathExpressions": ["repeat(.) | select(.name == INDEX)"],
    }
    files = {"all.yaml": text(*(config_map(f"jq-{index}") for index in range(3)))}
    _apps(world, COUNT, files, ignoreDifferences=[rule])
    yield


@contextlib.contextmanager
def endless_lua(world: World) -> Iterator[None]:
    """Objects whose health check never ends: in Lua itself, and in a function of its library."""
    settings = {
        "resource.customizations.health.Service": _ENDLESS_LUA,
        "resource.customizations.health.ServiceAccount": _ENDLESS_PATTERN,
        "resource.customizations.useOpenLibs.ServiceAccount": "true",
    }
    accounts = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": f"lua-{index}"}}
        for index in range(3)
    ]
    services = [_service(f"lua-{index}") for index in range(3)]
    with world.settings("argocd-cm", settings):
        for _ in range(COUNT // 5):
            _apps(world, 1, {"all.yaml": text(*services, *accounts)})
        yield


@contextlib.contextmanager
def template_bomb(world: World) -> Iterator[None]:
    """Charts whose templates would take hours."""
    chart = "apiVersion: v2\nname: bomb\nversion: 1.0.0\n"
    loops = "{{ range until 30000 }}{{ range until 30000 }}{{ end }}{{ end }}"
    for _ in range(4):
        _apps(world, 1, {"Chart.yaml": chart, "templates/bomb.yaml": loops})
    yield


@contextlib.contextmanager
def silent_server() -> Iterator[str]:
    """Accept connections and never answer; give the address."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as listening:
        listening.settimeout(0.1)
        stopped = threading.Event()

        def accept() -> None:
            while not stopped.is_set():
                with contextlib.suppress(TimeoutError):
                    held.append(listening.accept()[0])

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            stopped.set()
            thread.join()
            for connection in held:
                connection.close()


@contextlib.contextmanager
def cluster_secret(world: World, name: str, data: dict[str, str]) -> Iterator[None]:
    """Make a destination cluster known for the length of the block."""
    metadata = {
        "name": f"cluster-{name}",
        "namespace": "argocd",
        "labels": {"argocd.argoproj.io/secret-type": "cluster"},
    }
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}
    world.api.create({**secret, "stringData": {"name": name, **data}})
    try:
        yield
    finally:
        world.api.delete("Secret", "argocd", f"cluster-{name}")


def _insecure(server: str, token: str = "") -> dict[str, str]:
    access = {"bearerToken": token, "tlsClientConfig": {"insecure": True}}
    return {"server": server, "config": json.dumps(access)}


@contextlib.contextmanager
def silent_cluster(world: World) -> Iterator[None]:
    """A cluster that accepts connections and never answers, and its Applications."""
    name = f"silent-{uuid.uuid4().hex[:6]}"
    with silent_server() as url, cluster_secret(world, name, _insecure(url)):
        destination = {"name": name, "namespace": "shop"}
        _apps(world, COUNT, {"one.yaml": text(config_map("one"))}, destination=destination)
        yield


@contextlib.contextmanager
def flapping_cluster(world: World) -> Iterator[None]:
    """A cluster that is there for a second and away for the next, and its Applications."""
    proxy, name = FaultyProxy(world.api), f"flapping-{uuid.uuid4().hex[:6]}"
    stopped = threading.Event()

    def flap() -> None:
        while not stopped.wait(1.0):
            with proxy.fault(Fault(lambda _: True, code=503), drops_watches=True):
                stopped.wait(1.0)

    with proxy.running():
        thread = threading.Thread(target=flap)
        thread.start()
        try:
            with cluster_secret(world, name, _insecure(proxy.url)):
                destination = {"name": name, "namespace": world.new_namespace()}
                files = {"one.yaml": text(config_map("one"))}
                _apps(world, COUNT, files, destination=destination)
                yield
        finally:
            stopped.set()
            thread.join()


@contextlib.contextmanager
def silent_git(world: World) -> Iterator[None]:
    """Repositories on a server that accepts connections and never answers."""
    namespace = world.new_namespace()
    with silent_server() as url:
        for index in range(COUNT):
            source = {"repoURL": f"{url}/{index}.git", "path": ".", "targetRevision": "HEAD"}
            repository = _Address(f"{url}/{index}.git")
            world.new_app(repository, namespace, source=source)  # type: ignore[arg-type]
        yield


class _Address:
    """A repository that nobody can push to."""

    def __init__(self, url: str) -> None:
        self.url = url


@contextlib.contextmanager
def large_cluster(world: World) -> Iterator[None]:
    """A cluster full of objects that nobody manages, some of which keep changing."""
    name, stopped = f"large-{uuid.uuid4().hex[:6]}", threading.Event()
    with sandbox_process(world.home / name) as (kubeconfig, _):
        fill(kubeconfig, LARGE)
        there = Api(kubeconfig)

        def touch() -> None:
            count = 0
            while not stopped.wait(0.05):
                count += 1
                patch = {"data": {"count": str(count)}}
                there.merge("ConfigMap", "default", f"many-{count % LARGE}", patch)

        thread = threading.Thread(target=touch)
        thread.start()
        try:
            with cluster_secret(world, name, _data_of(kubeconfig)):
                destination = {"name": name, "namespace": "default"}
                _apps(world, 3, {"one.yaml": text(config_map("one"))}, destination=destination)
                yield
        finally:
            stopped.set()
            thread.join()


def _data_of(kubeconfig: Path) -> dict[str, str]:
    config = yaml.safe_load(kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    return _insecure(cluster["server"], user.get("token", ""))


def fill(kubeconfig: Path, count: int) -> None:
    """Create many ConfigMaps, from several threads."""

    def create(first: int) -> None:
        api = Api(kubeconfig)
        for index in range(first, count, 8):
            manifest = config_map(f"many-{index}", {"text": "x" * 500})
            manifest["metadata"]["namespace"] = "default"
            api.create(manifest)

    threads = [threading.Thread(target=create, args=(first,)) for first in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextlib.contextmanager
def hanging_hook(world: World) -> Iterator[None]:
    """Syncs that wait for a hook that never ends."""
    hook = pod("endless", "sleep", "100000", hook="PreSync")
    for _ in range(COUNT):
        _apps(world, 1, {"all.yaml": text(hook, config_map("one"))})
    yield


class Pulse:
    """The longest time that the server took to answer while a block ran.

    Attributes:
        worst_ms: of all answers.
    """

    def __init__(self, look: Callable[[], bool]) -> None:
        self._look, self._stopped = look, threading.Event()
        self.worst_ms = 0.0

    @contextlib.contextmanager
    def measured(self) -> Iterator[None]:
        """Ask all the time for the length of the block."""
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(0.05):
            began = time.monotonic()
            self._look()
            self.worst_ms = max(self.worst_ms, (time.monotonic() - began) * 1000)
