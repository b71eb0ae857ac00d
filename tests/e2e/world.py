"""A whole world for one test session: a cluster, a Git server and tiphys, each its own process."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.e2e.api import Api, eventually
from tests.real.kubelet import Kubelet

IN_CLUSTER = "https://kubernetes.default.svc"
_GIT = (
    "git", "-c", "user.name=Tester", "-c", "user.email=tester@example.com",
    "-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false",
)  # fmt: skip
_SERVE_GIT = """
import asyncio, sys
from pathlib import Path
from tiphys.sandbox.git.serve import serve_git
asyncio.run(serve_git(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """A child process with its log; stopped with all that it started."""

    def __init__(self, arguments: list[str], log: Path, **environment: str) -> None:
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env={**os.environ, **environment},
            )

    def kill(self, sent: signal.Signals = signal.SIGKILL) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, sent)
        self._process.wait(15)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def cpu_s(self) -> float:
        """Seconds of CPU time that the process itself has taken."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None


class Repository:
    """A working copy whose `push` reaches the Git server of the world."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            [*_GIT, *arguments], cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def push(self, files: Mapping[str, str | None], message: str = "change") -> str:
        """Write files (None deletes one), commit, push, and return the commit's SHA."""
        for name, text in files.items():
            path = self.folder / name
            if text is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        self.git("push", "-q", "origin", "HEAD")
        return self.git("rev-parse", "HEAD")


class World:
    """What a test sees."""

    def __init__(self, home: Path, kubeconfig: Path, *, is_real: bool) -> None:
        self.home, self.kubeconfig, self.is_real = home, kubeconfig, is_real
        self.api = Api(kubeconfig)
        self.tiphys_kubeconfig = kubeconfig
        self.git_root = home / "git"
        self.git_root.mkdir(exist_ok=True)
        self.git_port, self.port = free_port(), free_port()
        self.tiphys: Process | None = None

    @contextlib.contextmanager
    def serve_git(self) -> Iterator[None]:
        webhook = f"http://127.0.0.1:{self.port}/api/webhook"
        arguments = [str(self.git_root), str(self.git_port), webhook]
        server = Process([sys.executable, "-c", _SERVE_GIT, *arguments], self.home / "git.log")
        try:
            eventually("the Git server listens", lambda: _listens(self.git_port))
            yield
        finally:
            server.kill()

    def start_tiphys(self, *arguments: str, **environment: str) -> None:
        self.tiphys = Process(
            [
                sys.executable, "-m", "tiphys", "run", "--kubeconfig", str(self.tiphys_kubeconfig),
                "--home", str(self.home / "cache"), "--port", str(self.port), *arguments,
            ],
            self.home / "tiphys.log",
            **{"ARGOCD_SYNC_WAVE_DELAY": "0", **environment},
        )  # fmt: skip
        eventually("tiphys is ready", self._is_ready, 60)

    def stop_tiphys(self, sent: signal.Signals = signal.SIGKILL) -> None:
        if self.tiphys is not None:
            self.tiphys.kill(sent)

    def answers(self) -> bool:
        """Return whether tiphys serves now."""
        return _answers(self.port)

    def _is_ready(self) -> bool:
        assert self.tiphys is not None
        assert not self.tiphys.has_ended, self.tiphys.log.read_text()[-3000:]
        return _answers(self.port)

    @contextlib.contextmanager
    def settings(self, name: str, data: Mapping[str, str]) -> Iterator[None]:
        """Set keys of a settings ConfigMap for the length of the block."""
        if self.api.find("ConfigMap", "argocd", name) is None:
            metadata = {"name": name, "namespace": "argocd"}
            self.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
        self.api.merge("ConfigMap", "argocd", name, {"data": dict(data)})
        try:
            yield
        finally:
            gone = dict.fromkeys(data)
            self.api.merge("ConfigMap", "argocd", name, {"data": gone})

    def new_repository(self, files: dict[str, str], name: str = "") -> Repository:
        name = name or f"repo-{uuid.uuid4().hex[:8]}"
        bare, folder = self.git_root / f"{name}.git", self.home / "work" / name
        folder.mkdir(parents=True)
        repository = Repository(f"http://127.0.0.1:{self.git_port}/{name}.git", folder)
        subprocess.run([*_GIT, "init", "-q", "--bare", str(bare)], check=True)
        repository.git("init", "-q")
        repository.git("remote", "add", "origin", repository.url)
        repository.push(files)
        return repository

    def new_namespace(self) -> str:
        name = f"e2e-{uuid.uuid4().hex[:8]}"
        self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        return name

    def new_project(self, **spec: Any) -> str:
        """Create a project that permits everything but what `spec` says; return its name."""
        name = f"project-{uuid.uuid4().hex[:8]}"
        everywhere = [{"server": "*", "namespace": "*"}]
        self.api.create(
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "AppProject",
                "metadata": {"name": name, "namespace": "argocd"},
                "spec": {"sourceRepos": ["*"], "destinations": everywhere, **spec},
            }
        )
        return name

    def new_app(
        self,
        repository: Repository,
        namespace: str,
        *,
        path: str = ".",
        metadata: dict[str, Any] | None = None,
        **spec: Any,
    ) -> "App":
        name = str((metadata or {}).get("name") or f"app-{uuid.uuid4().hex[:8]}")
        self.api.create(
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Application",
                "metadata": {"name": name, "namespace": "argocd", **(metadata or {})},
                "spec": {
                    "project": "default",
                    "source": {"repoURL": repository.url, "path": path, "targetRevision": "HEAD"},
                    "destination": {"server": IN_CLUSTER, "namespace": namespace},
                    **spec,
                },
            }
        )
        return App(self, name)


class App:
    """One Application and how it does."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name

    @property
    def manifest(self) -> dict[str, Any]:
        manifest: dict[str, Any] = self.world.api.get("Application", "argocd", self.name)
        return manifest

    @property
    def status(self) -> dict[str, Any]:
        return self.manifest.get("status") or {}

    def patch(self, patch: Any) -> None:
        self.world.api.merge("Application", "argocd", self.name, patch)

    def refresh(self, kind: str = "normal") -> None:
        self.patch({"metadata": {"annotations": {"argocd.argoproj.io/refresh": kind}}})
        eventually("the refresh is answered", lambda: not self._refresh_asked())

    def _refresh_asked(self) -> bool:
        annotations = self.manifest["metadata"].get("annotations") or {}
        return "argocd.argoproj.io/refresh" in annotations

    def start_sync(self, *, retry: dict[str, Any] | None = None, **sync: Any) -> None:
        operation = {"sync": {"syncStrategy": {"hook": {}}, **sync}}
        if retry is not None:
            operation["retry"] = retry
        self.patch({"operation": operation})

    def sync(self, *, timeout_s: float = 30, **sync: Any) -> dict[str, Any]:
        """Sync and return the finished operationState."""
        before = (self.status.get("operationState") or {}).get("startedAt")
        if before is not None:
            time.sleep(1.0)  # operations are told apart by their start in whole seconds
        self.start_sync(**sync)
        return self.wait_for_operation(timeout_s=timeout_s, after=before)

    def wait_for_operation(
        self, *, timeout_s: float = 30, after: str | None = None
    ) -> dict[str, Any]:
        def finished() -> Any:
            manifest = self.manifest
            state = (manifest.get("status") or {}).get("operationState") or {}
            is_new = state.get("startedAt") != after or after is None
            done = state.get("phase") in {"Succeeded", "Failed", "Error"}
            return state if done and is_new and "operation" not in manifest else None

        state: dict[str, Any] = eventually(
            f"{self.name} finishes", finished, self._limit(timeout_s)
        )
        return state

    def _limit(self, timeout_s: float) -> float:
        # All worlds share a real cluster, and with it the Applications of every test before.
        return timeout_s * 3 if self.world.is_real else timeout_s

    def wait(self, sync: str, health: str | None = None, timeout_s: float = 20) -> dict[str, Any]:
        """Wait for a sync status, and a health; return the status."""

        def reached() -> Any:
            status = self.status
            is_health = health is None or status.get("health", {}).get("status") == health
            return status if status.get("sync", {}).get("status") == sync and is_health else None

        try:
            limit_s = self._limit(timeout_s)
            status: dict[str, Any] = eventually(f"{self.name} {sync} {health}", reached, limit_s)
        except AssertionError as err:
            status = self.status
            seen = {name: status.get(name) for name in ("sync", "health", "conditions")}
            raise AssertionError(f"{err}; seen: {seen} {status.get('operationState')}") from None
        return status

    def conditions(self, kind: str) -> list[str]:
        found = self.status.get("conditions") or []
        return [condition["message"] for condition in found if condition["type"] == kind]

    def resource(self, kind: str, name: str) -> dict[str, Any]:
        rows = self.status.get("resources") or []
        return next((r for r in rows if (r["kind"], r["name"]) == (kind, name)), {})

    def delete(self) -> None:
        self.world.api.delete("Application", "argocd", self.name)


@contextlib.contextmanager
def new_world(home: Path) -> Iterator[World]:
    """Start everything; the cluster is the sandbox unless TIPHYS_TEST_KUBECONFIG names one."""
    named = os.environ.get("TIPHYS_TEST_KUBECONFIG")
    with contextlib.ExitStack() as stack:
        kubeconfig = Path(named) if named else stack.enter_context(sandbox(home / "sandbox"))
        world = World(home, kubeconfig, is_real=bool(named))
        if world.is_real:
            stack.enter_context(Kubelet(world.api).playing())
        stack.enter_context(world.serve_git())
        if world.is_real:
            stack.enter_context(_alone(world))
        stack.callback(world.stop_tiphys, signal.SIGTERM)
        world.start_tiphys()
        yield world


_on_one_cluster: list[World] = []


@contextlib.contextmanager
def _alone(world: World) -> Iterator[None]:
    """Stop the tiphys of other worlds meanwhile: on a real cluster they would be one too many."""
    for other in _on_one_cluster:
        other.stop_tiphys(signal.SIGTERM)
    _on_one_cluster.append(world)
    _forget_password(world.api)
    try:
        yield
    finally:
        _on_one_cluster.remove(world)
        if _on_one_cluster:
            _forget_password(world.api)
            _on_one_cluster[-1].start_tiphys()


def _forget_password(api: Api) -> None:
    """Have the next tiphys make a password for `admin`, whatever tests did to the last one."""
    if api.find("Secret", "argocd", "argocd-secret") is not None:
        gone = {"data": {"admin.password": None, "admin.passwordMtime": None}}
        api.merge("Secret", "argocd", "argocd-secret", gone)
    if api.find("Secret", "argocd", "argocd-initial-admin-secret") is not None:
        api.delete("Secret", "argocd", "argocd-initial-admin-secret")


@contextlib.contextmanager
def sandbox(home: Path) -> Iterator[Path]:
    """Run a sandbox cluster and give its kubeconfig."""
    with sandbox_process(home) as (kubeconfig, _):
        yield kubeconfig


@contextlib.contextmanager
def sandbox_process(home: Path) -> Iterator[tuple[Path, Process]]:
    """Run a sandbox cluster and give its kubeconfig and its process."""
    home.mkdir(parents=True)
    arguments = ["-m", "tiphys", "sandbox", "--home", str(home), "--port", "0"]
    process = Process([sys.executable, *arguments], home / "sandbox.log")
    try:
        kubeconfig = home / "kubeconfig"
        eventually("the sandbox is ready", kubeconfig.exists, 30)
        yield kubeconfig, process
    finally:
        process.kill(signal.SIGTERM)
        shutil.rmtree(home, ignore_errors=True)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _answers(port: int) -> bool:
    """Return whether tiphys serves; what a killed one left of a connection is no answer."""
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.settimeout(5)
        probe.connect(("127.0.0.1", port))
        probe.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        return b" 200 " in probe.recv(64)
    return False
