"""A real control plane for tests: etcd, kube-apiserver and kube-controller-manager on localhost.

Usage: python -m tests.real.harness [--] COMMAND...
Runs a command with KUBECONFIG and TIPHYS_TEST_KUBECONFIG set, and stops everything afterwards.
There is no scheduler and no kubelet: Pods stay Pending unless a test patches their status.
"""

import contextlib
import hashlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

SOURCES = Path(__file__).parent / "controlplane"
BINARIES = ("etcd", "kube-apiserver", "kube-controller-manager")
_TOKEN = "control-plane-of-a-test"
_READY_S = 90
_STOPPED_S = 20


def binaries_folder() -> Path:
    """Where the build script puts what these sources become."""
    digest = hashlib.sha256()
    for path in sorted([*(SOURCES / "cmd").rglob("*.go"), *SOURCES.glob("go.*")]):
        digest.update(path.read_bytes())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "tiphys" / "control-plane" / digest.hexdigest()[:16]


def is_built() -> bool:
    return all((binaries_folder() / name).exists() for name in BINARIES)


@contextlib.contextmanager
def control_plane(home: Path, address: str = "127.0.0.1") -> Iterator[Path]:
    """Start the control plane below `home` and give the path of an administrator's kubeconfig.

    Args:
        home: for its state and its logs.
        address: of the API server; a node's Pods cannot reach a loopback address.
    """
    home.mkdir(parents=True, exist_ok=True)
    client_port, peer_port, api_port = (_free_port() for _ in range(3))
    key, kubeconfig = home / "service-account.key", home / "kubeconfig"
    _write_key(key)
    (home / "tokens").write_text(f"{_TOKEN},admin,admin,system:masters\n")
    etcd = f"http://127.0.0.1:{client_port}"
    with contextlib.ExitStack() as stack:
        stack.enter_context(
            _process(
                home, "etcd",
                "--data-dir", str(home / "etcd"), "--unsafe-no-fsync", "--log-level", "error",
                "--listen-client-urls", etcd, "--advertise-client-urls", etcd,
                "--listen-peer-urls", f"http://127.0.0.1:{peer_port}",
            )
        )  # fmt: skip
        stack.enter_context(
            _process(
                home, "kube-apiserver",
                "--etcd-servers", etcd, "--cert-dir", str(home / "certificates"),
                "--bind-address", address, "--secure-port", str(api_port),
                "--kubelet-preferred-address-types", "InternalIP",
                "--authorization-mode", "RBAC", "--token-auth-file", str(home / "tokens"),
                "--service-account-issuer", "https://kubernetes.default.svc",
                "--service-account-key-file", str(key),
                "--service-account-signing-key-file", str(key),
                "--service-cluster-ip-range", "10.96.0.0/16",
                "--enable-priority-and-fairness=false", "--allow-privileged",
                # What is too old is to be seen while a test waits for it.
                "--etcd-compaction-interval", "20s",
            )
        )  # fmt: skip
        _wait_ready(home, f"https://{address}:{api_port}")
        _write_kubeconfig(home, kubeconfig, f"https://{address}:{api_port}")
        stack.enter_context(
            _process(
                home, "kube-controller-manager",
                "--kubeconfig", str(kubeconfig), "--leader-elect=false", "--secure-port", "0",
                "--service-account-private-key-file", str(key),
                "--root-ca-file", str(home / "certificates" / "apiserver.crt"),
                "--use-service-account-credentials",
                # Each test leaves a namespace to be cleared; at the usual 20 requests a second
                # those pile up for minutes.
                "--kube-api-qps", "1000", "--kube-api-burst", "2000",
            )
        )  # fmt: skip
        yield kubeconfig


@contextlib.contextmanager
def _process(home: Path, name: str, *arguments: str) -> Iterator[None]:
    with (home / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [str(binaries_folder() / name), *arguments],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=home,
        )  # fmt: skip
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_ready(home: Path, server: str) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    request = urllib.request.Request(
        f"{server}/readyz", headers={"Authorization": f"Bearer {_TOKEN}"}
    )
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline:
        if _is_ready(request, context):
            return
        time.sleep(0.1)
    log = (home / "kube-apiserver.log").read_text()[-2000:]
    raise RuntimeError(f"kube-apiserver was not ready within {_READY_S} s:\n{log}")


def _is_ready(request: urllib.request.Request, context: ssl.SSLContext) -> bool:
    try:
        with urllib.request.urlopen(request, timeout=5, context=context) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _write_kubeconfig(home: Path, path: Path, server: str) -> None:
    authority = str(home / "certificates" / "apiserver.crt")
    cluster = {"server": server, "certificate-authority": authority}
    path.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "real",
                "contexts": [{"name": "real", "context": {"cluster": "real", "user": "admin"}}],
                "clusters": [{"name": "real", "cluster": cluster}],
                "users": [{"name": "admin", "user": {"token": _TOKEN}}],
            }
        )
    )


def _write_key(path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    command = [word for word in sys.argv[1:] if word != "--"]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as folder, control_plane(Path(folder)) as kubeconfig:
        named = {"KUBECONFIG": str(kubeconfig), "TIPHYS_TEST_KUBECONFIG": str(kubeconfig)}
        with subprocess.Popen(command, env={**os.environ, **named}) as child:
            try:
                return child.wait()
            except KeyboardInterrupt:
                # Whoever stops us would leave what the command and we have started.
                child.send_signal(signal.SIGINT)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return child.wait(_STOPPED_S)
                child.kill()
                return child.wait()


if __name__ == "__main__":
    sys.exit(main())
