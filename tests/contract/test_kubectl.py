"""A session with unmodified kubectl says the same on every server.

The expected output in `kubectl/VERSION.txt` was recorded off a real control plane:
TIPHYS_TEST_KUBECONFIG=... TIPHYS_RECORD=1 pytest tests/contract/test_kubectl.py. Ages, uids,
addresses and generated names are masked. Where no kubelet is, the test reports pods as running.
"""

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.cluster import Cluster, at
from tests.real.old_kubectl import old_kubectl

FOLDER = Path(__file__).parent / "kubectl"
SESSION = yaml.safe_load((FOLDER / "session.yaml").read_text())
_QUOTED = ("--schedule=0 3 * * *",)
_MASKS = (
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uid>"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<time>"),
    (r'"?resourceVersion"?: "\d+"', "resourceVersion: <version>"),
    (r"\b10\.\d+\.\d+\.\d+\b", "<address>"),
    (r"127\.0\.0\.1:\d+", "<server>"),
    (r"\b(web|api|once|nightly)-[0-9a-z]{8,10}-[0-9a-z]{5,6}\b", r"\1-<pod>"),
    (r"\b(web|api)-(?=[a-z]*\d)[0-9a-z]{8,10}\b", r"\1-<hash>"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \S+", "<time>"),
    (r"\n[-\w.]+\.(example\.com|io|test)/v1\w*(?=\n)(?<!k8s\.io/v1)(?<!k8s\.io/v2)", ""),
    (r"\napiregistration\.k8s\.io/v1\n", "\n"),  # the sandbox aggregates no other servers
    (r"pod-template-hash=\w+", "pod-template-hash=<hash>"),
    (r"/tmp/\S+", "<file>"),
    (r"[ \t]+\d+(m\d+)?s\b", " <age>"),
    (r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----(\\n)?", "<certificate>"),
    (r"(Endpoints:)[^\n]*", r"\1 <addresses>"),  # no kubelet gives addresses
    (r"(DESCRIPTION:\n).*", r"\1"),  # the sandbox has no prose
    (r"Waiting for (deployment|daemon)[^\n]*\n", ""),
)


@pytest.fixture
def running_pods(cluster: Cluster, namespace: str) -> Iterator[None]:
    """Reports the pods of the namespace as running, as a kubelet would, where nobody else does."""
    stopped = threading.Event()
    mine = cluster.with_headers(cluster._headers)

    def run() -> None:
        while not stopped.wait(0.2):
            with contextlib.suppress(OSError, AssertionError):
                for pod in mine.get(at("v1", "pods", namespace)).ok()["items"]:
                    _start(mine, namespace, pod)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    stopped.set()
    thread.join()


def _start(cluster: Cluster, namespace: str, pod: dict[str, Any]) -> None:
    path = at("v1", "pods", namespace, pod["metadata"]["name"])
    if pod["metadata"].get("deletionTimestamp"):
        cluster.delete(path, {"gracePeriodSeconds": 0})
    elif pod["status"].get("phase") == "Pending":
        names = [container["name"] for container in pod["spec"]["containers"]]
        conditions = [{"type": kind, "status": "True"} for kind in ("PodScheduled", "Ready")]
        started = {"running": {"startedAt": pod["metadata"]["creationTimestamp"]}}
        statuses = [
            {
                "name": name, "ready": True, "started": True, "restartCount": 0,
                "image": "nginx", "imageID": "", "state": started,
            }
            for name in names
        ]  # fmt: skip
        status = {"phase": "Running", "conditions": conditions, "containerStatuses": statuses}
        cluster.patch(f"{path}/status", {"status": status})


def _words(step: str, namespace: str) -> list[str]:
    step = step.replace("{namespace}", namespace)
    for quoted in _QUOTED:
        step = step.replace(quoted, shlex.quote(quoted))
    return shlex.split(step) if any(q in step for q in _QUOTED) else step.split(" ")


def _run(binary: str, cluster: Cluster, step: str, namespace: str, folder: Path) -> str:
    done = subprocess.run(
        [binary, "--namespace", namespace, *_words(step, namespace)],
        env={**os.environ, "KUBECONFIG": str(cluster.kubeconfig), "HOME": str(folder)},
        cwd=folder, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    text = f"$ kubectl {step}\n[{done.returncode}]\n{done.stdout}{done.stderr}"
    return masked(text.replace(namespace, "{namespace}"))


def masked(text: str) -> str:
    """Return a text without what differs by nature."""
    for pattern, shown in _MASKS:
        text = re.sub(
            pattern, shown, text, flags=re.DOTALL if "CERT" in pattern or "DESC" in pattern else 0
        )
    return "\n".join(re.sub(r" {2,}", "  ", line).rstrip() for line in text.split("\n"))


def _binary(version: str) -> str:
    found = shutil.which("kubectl", path=".venv/bin") if version == "1.37" else old_kubectl()
    if found is None:
        pytest.skip(f"kubectl {version} is not there; scripts/build-kubectl.sh builds it")
    return str(Path(found).resolve())


@pytest.mark.timeout(500)
@pytest.mark.usefixtures("running_pods")
@pytest.mark.parametrize("version", ["1.37", "1.35"])
def test_a_session_says_the_same(
    cluster: Cluster, namespace: str, version: str, tmp_path: Path
) -> None:
    for name, text in SESSION["files"].items():
        (tmp_path / name).write_text(text)
    binary = _binary(version)
    said = [_run(binary, cluster, step, namespace, tmp_path) for step in SESSION["steps"]]
    golden = FOLDER / f"{version}.txt"
    if "TIPHYS_RECORD" in os.environ:
        golden.write_text("\n".join(said))
    expected = _parts(golden.read_text())
    actual = _parts("\n".join(said))
    different = [
        f"expected:\n{expected.get(step)}\nsaid:\n{text}"
        for step, text in actual.items()
        if expected.get(step) != text
    ]
    assert not different, "\n\n".join(different)
    assert expected.keys() == actual.keys()


def _parts(text: str) -> dict[str, str]:
    """Return what was said by number and command."""
    found = re.split(r"^(?=\$ kubectl )", text, flags=re.MULTILINE)[1:]
    return {
        f"{number} {part.partition(chr(10))[0]}": part.rstrip() for number, part in enumerate(found)
    }
