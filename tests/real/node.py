"""A real node for tests: kubelet, scheduler, proxy and containerd beside the real control plane.

Usage: scripts/test-node.sh, which puts all of it, tests included, into namespaces of its own:

    unshare ... python -m tests.real.node IMAGE.tar... -- COMMAND...

IMAGE.tar are OCI archives for containerd; COMMAND runs with KUBECONFIG and TIPHYS_TEST_NODE set.
Nothing leaves the network namespace, and the kernel's tunables, control groups and /run of the
machine stay as they are. Source: Kubernetes documentation, "Kubelet Configuration (v1beta1)" and
"kube-proxy Configuration (v1alpha1)".
"""

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.real.harness import SOURCES, control_plane
from tests.real.harness import binaries_folder as control_plane_folder

ADDRESS = "10.250.0.1"
PODS = "10.244.0.0/24"
SERVICES = "10.96.0.0/16"
PAUSE = "registry.test/pause:1"
_SOCKET = "/run/containerd/containerd.sock"
# The kubelet wants to set these, and they are the whole machine's: it finds its wishes fulfilled.
_TUNABLES = {"vm/overcommit_memory": "1", "kernel/panic": "10", "kernel/panic_on_oops": "1"}


def binaries_folder() -> Path:
    """Where the build script puts what the node's sources become."""
    digest = hashlib.sha256()
    for path in sorted([*(SOURCES / "node").rglob("*.go"), *SOURCES.glob("go.*")]):
        digest.update(path.read_bytes())
    return control_plane_folder().parent.parent / "node" / digest.hexdigest()[:16]


def run(*arguments: str) -> str:
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


def until(what: str, ask: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not ask():
        if time.monotonic() > deadline:
            raise RuntimeError(f"within {seconds:.0f} s it did not come true that {what}")
        time.sleep(0.1)


def prepare(home: Path) -> None:
    """Make mounts and a network that are seen in our namespaces only."""
    run("mount", "--make-rprivate", "/")
    run("mount", "--make-rshared", "/")
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    for folder in (
        "/run/lock",
        "/run/netns",
        "/run/tunables",
        "/var/lib/cni",
        "/var/log/containers",
    ):
        Path(folder).mkdir(parents=True, exist_ok=True)
    for name in ("cni", "containers"):
        (home / name).mkdir()
    run("mount", "--bind", str(home / "cni"), "/var/lib/cni")
    run("mount", "--bind", str(home / "containers"), "/var/log/containers")
    for name, value in _TUNABLES.items():
        file = Path("/run/tunables") / name.replace("/", ".")
        file.write_text(value + "\n")
        run("mount", "--bind", str(file), f"/proc/sys/{name}")
    run("hostname", "node-1")
    # The node's address must not be a loopback one.
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth1")
    run("ip", "addr", "add", f"{ADDRESS}/24", "dev", "eth0")
    for link in ("eth0", "eth1"):
        run("ip", "link", "set", link, "up")
    # Only so that there is a route before the proxy's rules turn packets elsewhere.
    run("ip", "route", "add", "default", "via", "10.250.0.254", "dev", "eth0")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n")


def write_configuration(home: Path, kubeconfig: Path) -> None:
    """Write what containerd, its network plugins, the kubelet and the proxy read."""
    (home / "resolv.conf").write_text(f"nameserver {ADDRESS}\n")
    network = home / "net.d"
    network.mkdir()
    (network / "10-bridge.conflist").write_text(_NETWORK)
    (home / "containerd.toml").write_text(_CONTAINERD.format(home=home))
    kubelet = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "failCgroupV1": False,
        "failSwapOn": False,
        "cgroupDriver": "cgroupfs",
        "containerRuntimeEndpoint": f"unix://{_SOCKET}",
        "address": ADDRESS,
        "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},
        "clusterDNS": [ADDRESS],
        "clusterDomain": "cluster.local",
        "resolvConf": str(home / "resolv.conf"),
        "podLogsDir": str(home / "pod-logs"),
        "evictionHard": {"nodefs.available": "0%", "imagefs.available": "0%"},
        "imageGCHighThresholdPercent": 100,
        "serializeImagePulls": False,
    }
    proxy = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clientConnection": {"kubeconfig": str(kubeconfig)},
        "clusterCIDR": PODS,
        "hostnameOverride": "node-1",
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s",
                      "tcpCloseWaitTimeout": "0s"},
        "iptables": {"minSyncPeriod": "0.1s"},
    }  # fmt: skip
    (home / "kubelet.yaml").write_text(yaml.safe_dump(kubelet))
    (home / "proxy.yaml").write_text(yaml.safe_dump(proxy))


_NETWORK = """\
{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "/var/lib/cni/networks",
            "ranges": [[{"subnet": "10.244.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
"""
_CONTAINERD = """\
version = 2
root = "{home}/containerd"
state = "/run/containerd"
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.test/pause:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{home}/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    discard_unpacked_layers = true
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
"""


@contextlib.contextmanager
def daemon(home: Path, program: str, *arguments: str) -> Iterator[None]:
    """Run a program for the length of the block; its log is beside its state."""
    name = Path(program).name
    with (home / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [program, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=home
        )
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def node(home: Path, images: list[str]) -> Iterator[Path]:
    """Give the kubeconfig of a cluster with one node that is ready; in namespaces of our own."""
    home.mkdir(parents=True)
    prepare(home)
    folder = binaries_folder()
    with contextlib.ExitStack() as stack:
        kubeconfig = stack.enter_context(control_plane(home / "control-plane", ADDRESS))
        write_configuration(home, kubeconfig)
        stack.enter_context(daemon(home, "containerd", "-c", str(home / "containerd.toml")))
        until("containerd answers", lambda: _answers("ctr", "version"))
        for image in images:
            run("ctr", "-n", "k8s.io", "images", "import", image)
        stack.enter_context(
            daemon(home, str(folder / "kube-scheduler"), "--kubeconfig", str(kubeconfig),
                   "--leader-elect=false", "--secure-port", "0")
        )  # fmt: skip
        stack.enter_context(
            daemon(home, str(folder / "kubelet"), "--kubeconfig", str(kubeconfig),
                   "--config", str(home / "kubelet.yaml"), "--root-dir", str(home / "kubelet"),
                   "--node-ip", ADDRESS, "--hostname-override", "node-1")
        )  # fmt: skip
        stack.enter_context(
            daemon(home, str(folder / "kube-proxy"), "--config", str(home / "proxy.yaml"))
        )
        until("the node is Ready", lambda: "Ready" in _kubectl(kubeconfig, *_NODE_STATUS).split())
        yield kubeconfig


_NODE_STATUS = (
    "get", "nodes", "-o",
    'jsonpath={.items[*].status.conditions[?(@.status=="True")].type}',
)  # fmt: skip


_CONDITIONS = (
    "get", "applications", "-A", "-o", "jsonpath={.items[*].status.conditions}",
)  # fmt: skip
_LOGS = ("logs", "-n", "argocd", "statefulset/argocd-application-controller", "--tail=40")


def _answers(*arguments: str) -> bool:
    return subprocess.run(arguments, capture_output=True, check=False).returncode == 0


def _kubectl(kubeconfig: Path, *arguments: str) -> str:
    command = [str(Path(sys.executable).parent / "kubectl"), "--kubeconfig", str(kubeconfig)]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    return done.stdout


def clear_control_groups() -> None:
    """Remove the control groups of Pods, when those have ended with their namespaces."""
    for root in Path("/sys/fs/cgroup").glob("**/kubepods"):
        for path in sorted(root.rglob("*"), reverse=True):
            if path.is_dir():
                with contextlib.suppress(OSError):
                    path.rmdir()
        with contextlib.suppress(OSError):
            root.rmdir()


def main() -> int:
    divided = sys.argv.index("--")
    images, command = sys.argv[1:divided], sys.argv[divided + 1 :]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tiphys-node-", ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "node"
        environment: dict[str, Any] = {**os.environ}
        with node(home, images) as kubeconfig:
            print(f"a node is ready after {time.monotonic() - started:.0f} s", flush=True)
            environment |= {"KUBECONFIG": str(kubeconfig), "TIPHYS_TEST_NODE": ADDRESS}
            code = subprocess.run(command, env=environment, check=False).returncode
            if code:
                print(_kubectl(kubeconfig, *_CONDITIONS), flush=True)
                print(_kubectl(kubeconfig, *_LOGS), flush=True)
            for kind in ("pods", "deployments,statefulsets"):
                print(_kubectl(kubeconfig, "get", kind, "-A"), flush=True)
            _kubectl(kubeconfig, "delete", "pods", "-A", "--all", "--grace-period=1")
    return code


if __name__ == "__main__":
    sys.exit(main())
