"""The tutorial for one's own cluster, typed on a real node: scripts/test-node.sh.

The tests of this file build upon each other, as the tutorial's steps do.
"""

import base64
import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ADDRESS = os.environ.get("TIPHYS_TEST_NODE", "")
ROOT = Path(__file__).parents[2]
KUBECTL = str(Path(sys.executable).parent / "kubectl")
CONTROLLER = "argocd-application-controller"
_SERVE = """
import sys
from pathlib import Path
import uvicorn
from tiphys.sandbox.git.app import git_app
uvicorn.run(git_app(Path(sys.argv[1]), None), host=sys.argv[2], port=int(sys.argv[3]))
"""

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not ADDRESS, reason="needs a real node: scripts/test-node.sh"),
    pytest.mark.timeout(180),
]


def kubectl(*arguments: str, stdin: str = "") -> str:
    done = subprocess.run(
        [KUBECTL, *arguments], input=stdin, capture_output=True, text=True, check=False, timeout=150
    )
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout + "".join(
        f"{line}\n" for line in done.stderr.splitlines() if "Warning" in line
    )


def eventually(what: str, ask: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        found = ask()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.2)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return int(probe.getsockname()[1])


class Repository:
    """A repository that Pods can reach."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url

    def push(self, **files: str) -> None:
        for name, text in files.items():
            (self.folder / f"{name}.yaml").write_text(text)
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-C", str(self.folder)]
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run([*git, "commit", "-qm", "change"], check=True)
        subprocess.run([*git, "push", "-q", "origin", "HEAD:main"], check=True)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    root = tmp_path_factory.mktemp("git")
    bare, folder = root / "shop.git", root / "work"
    init = ["git", "-c", "init.defaultBranch=main", "init", "-q"]
    subprocess.run([*init, "--bare", str(bare)], check=True)
    subprocess.run([*init, str(folder)], check=True)
    subprocess.run(["git", "-C", folder, "remote", "add", "origin", bare], check=True)
    port = free_port()
    command = [sys.executable, "-c", _SERVE, str(root), ADDRESS, str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # A repository that does not answer at the first look is looked at again minutes later.
    eventually("the Git server listens", lambda: _listens(port))
    yield Repository(folder, f"http://{ADDRESS}:{port}/shop.git")
    server.kill()
    server.wait()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((ADDRESS, port), 1):
        return True
    return False


@contextlib.contextmanager
def forwarded(service: str, port: int, namespace: str) -> Iterator[int]:
    """Give the local port of a `kubectl port-forward`."""
    command = [KUBECTL, "port-forward", "-n", namespace, f"svc/{service}", f":{port}"]
    output: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, **output) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert "Forwarding from" in line, line
            yield int(line.split("->")[0].rsplit(":", 1)[1])
        finally:
            process.kill()


def fetch(url: str, body: Any = None, token: str = "") -> tuple[int, str]:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    request = urllib.request.Request(url, data=None if body is None else json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=20, context=context) as answer:
        return int(answer.status), answer.read().decode()


def objects(replicas: int, page: str = "hello") -> str:
    labels = {"app": "web"}
    container = {
        "name": "web",
        "image": "registry.test/web:1",
        "imagePullPolicy": "IfNotPresent",
        "command": ["/bin/busybox", "sh", "-c"],
        "args": [
            f"echo {page} >/www/index.html; echo serving {page}; "
            "exec busybox httpd -f -p 8080 -h /www"
        ],
        "ports": [{"containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1},
        "volumeMounts": [{"name": "www", "mountPath": "/www"}],
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "terminationGracePeriodSeconds": 1,
                    "containers": [container],
                    "volumes": [{"name": "www", "emptyDir": {}}],
                },
            },
        },
    }
    ports = [{"port": 80, "targetPort": 8080}]
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"selector": labels, "ports": ports},
    }
    return yaml.safe_dump_all([deployment, service])


def test_two_commands_install_it_with_no_warning_under_the_restricted_profile() -> None:
    kubectl("create", "namespace", "argocd")
    profile = [f"pod-security.kubernetes.io/{mode}=restricted" for mode in ("enforce", "warn")]
    kubectl("label", "namespace", "argocd", *profile)
    said = kubectl("apply", "-n", "argocd", "-f", str(ROOT / "deploy" / "install.yaml"))
    started = time.monotonic()

    kubectl("rollout", "status", "-n", "argocd", f"statefulset/{CONTROLLER}", "--timeout=120s")

    print(f"ready {time.monotonic() - started:.1f} s after the apply")
    assert "Warning" not in said


def test_the_port_of_its_service_can_be_forwarded_and_somebody_logs_in() -> None:
    secret = kubectl(
        "get",
        "secret",
        "-n",
        "argocd",
        "argocd-initial-admin-secret",
        "-o",
        "jsonpath={.data.password}",
    )
    password = base64.b64decode(secret).decode()
    with forwarded("argocd-server", 443, "argocd") as port:
        root = next(
            f"{scheme}://127.0.0.1:{port}" for scheme in ("https", "http") if _answers(scheme, port)
        )
        status, text = fetch(f"{root}/api/v1/session", {"username": "admin", "password": password})
        token = json.loads(text)["token"]
        listed = fetch(f"{root}/api/v1/applications", token=token)

    assert status == 200
    assert listed[0] == 200


def test_prometheus_finds_the_metrics_where_it_looks_for_them() -> None:
    with forwarded("argocd-metrics", 8082, "argocd") as port:
        status, text = fetch(f"http://127.0.0.1:{port}/metrics")

    assert status == 200
    assert "argocd_app_info" in text


def _answers(scheme: str, port: int) -> bool:
    with contextlib.suppress(OSError):
        return fetch(f"{scheme}://127.0.0.1:{port}/healthz")[0] == 200
    return False


def test_real_containers_come_up_and_answer(repository: Repository) -> None:
    repository.push(web=objects(2))
    application = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "guestbook", "namespace": "argocd"},
        "spec": {
            "project": "default",
            "source": {"repoURL": repository.url, "path": ".", "targetRevision": "main"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "guestbook"},
            "syncPolicy": {
                "automated": {"prune": True, "selfHeal": True},
                "syncOptions": ["CreateNamespace=true"],
            },
        },
    }
    kubectl("apply", "-f", "-", stdin=json.dumps(application))
    eventually("it is Synced and Healthy", lambda: _state() == "Synced Healthy", 90)

    with forwarded("web", 80, "guestbook") as port:
        assert fetch(f"http://127.0.0.1:{port}/") == (200, "hello\n")
    assert "serving hello" in kubectl("logs", "-n", "guestbook", "deployment/web")
    assert "index.html" in kubectl(
        "exec", "-n", "guestbook", "deployment/web", "--", "/bin/busybox", "ls", "/www"
    )


def _state() -> str:
    path = "jsonpath={.status.sync.status} {.status.health.status}"
    return kubectl("get", "application", "-n", "argocd", "guestbook", "-o", path)


def test_an_upgrade_of_the_image_loses_no_change(repository: Repository) -> None:
    old, new = "docker.io/library/tiphys:0.1.0", "docker.io/library/tiphys:0.1.1"
    subprocess.run(["ctr", "-n", "k8s.io", "images", "tag", old, new], check=True)
    repository.push(web=objects(3, "again"))
    annotation = "argocd.argoproj.io/refresh=normal"
    kubectl("annotate", "application", "-n", "argocd", "guestbook", "--overwrite", annotation)

    container = f"{CONTROLLER}=tiphys:0.1.1"
    kubectl("set", "image", "-n", "argocd", f"statefulset/{CONTROLLER}", container)
    kubectl("rollout", "status", "-n", "argocd", f"statefulset/{CONTROLLER}", "--timeout=120s")

    ready = "jsonpath={.status.readyReplicas} {.status.updatedReplicas}"
    eventually(
        "the new commit is live",
        lambda: kubectl("get", "deployment", "-n", "guestbook", "web", "-o", ready) == "3 3",
        90,
    )
    eventually("it is Synced and Healthy", lambda: _state() == "Synced Healthy", 90)
    with forwarded("web", 80, "guestbook") as port:
        assert fetch(f"http://127.0.0.1:{port}/") == (200, "again\n")


def test_the_pod_stops_within_seconds_when_it_is_told_to() -> None:
    started = time.monotonic()

    kubectl("delete", "pod", "-n", "argocd", f"{CONTROLLER}-0")

    assert time.monotonic() - started < 15
    kubectl("rollout", "status", "-n", "argocd", f"statefulset/{CONTROLLER}", "--timeout=120s")
