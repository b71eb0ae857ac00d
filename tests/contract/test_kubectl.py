"""Sessions with unmodified kubectl say the same on every server.

The expected output in `kubectl/SESSION-VERSION.txt` was recorded off a real control plane:
TIPHYS_TEST_KUBECONFIG=... TIPHYS_RECORD=1 pytest tests/contract/test_kubectl.py. Ages, uids,
addresses and generated names are masked. Where no kubelet is, the test reports pods as running.
"""

import contextlib
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.cluster import Cluster, at
from tests.real.old_kubectl import old_kubectl
from tiphys.sandbox.workloads.logs import LOG_ANNOTATION

FOLDER = Path(__file__).parent / "kubectl"
SESSIONS = ("objects", "operations")
_EDITOR = "sed -i s/red/green/"
_MASKS = (
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uid>"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<time>"),
    (r'"?resourceVersion"?: "\d+"', "resourceVersion: <version>"),
    (r"\b10\.\d+\.\d+\.\d+\b", "<address>"),
    (r"127\.0\.0\.1:\d+", "<server>"),
    (r"\b(web|api|once|nightly)-[0-9a-z]{8,10}-[0-9a-z]{5,6}\b", r"\1-<pod>"),
    (r"\b(web|api)-(?=[a-z]*\d)[0-9a-z]{8,10}\b", r"\1-<hash>"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \S+", "<time>"),
    # Kinds that other tests define on the same cluster; built-in groups have no dot or end so.
    (r"\n(?![-\w.]*\.k8s\.io/)[-\w]+(\.[-\w]+)+/v\w+(?=\n)", ""),
    (r"\napiregistration\.k8s\.io/v1\n", "\n"),  # the sandbox aggregates no other servers
    (r"pod-template-hash=\w+", "pod-template-hash=<hash>"),
    (r"/tmp/\S+", "<file>"),
    (r"[ \t]+\d+(m\d+)?s\b", " <age>"),
    (r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----(\\n)?", "<certificate>"),
    (r"(Endpoints:)[^\n]*", r"\1 <addresses>"),  # no kubelet gives addresses
    (r"Waiting for [^\n]*\n", ""),
    # Without nodes the real controller says so, sooner or later.
    (
        r"Events:\n +Type +Reason[^\n]*\n[ -]+(\n +Warning +FailedToUpdateEndpointSlices[^\n]*)+",
        "Events:  <none>",
    ),
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


def _run(binary: str, cluster: Cluster, words: list[str], namespace: str, folder: Path) -> str:
    own = {
        "KUBECONFIG": str(cluster.kubeconfig), "HOME": str(folder), "KUBE_EDITOR": _EDITOR,
    }  # fmt: skip
    done = subprocess.run(
        [binary, "--namespace", namespace, *(w.replace("{namespace}", namespace) for w in words)],
        env={**os.environ, **own},
        stdin=subprocess.DEVNULL,
        cwd=folder, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    said = _without_prose(done.stdout) if words[0] == "explain" else done.stdout
    text = f"$ kubectl {' '.join(words)}\n[{done.returncode}]\n{said}{done.stderr}"
    return masked(text.replace(namespace, "{namespace}"))


def _without_prose(explained: str) -> str:
    """Return an explanation without descriptions and choices, which the sandbox does not have."""
    lines = explained.split("\n")
    kept = [line for line in lines if re.match(r"\S|.*\t<", line)]
    return "".join(f"{line}\n" for line in kept)


def masked(text: str) -> str:
    """Return a text without what differs by nature."""
    for pattern, shown in _MASKS:
        text = re.sub(pattern, shown, text, flags=re.DOTALL if "CERT" in pattern else 0)
    return "\n".join(re.sub(r" {2,}", "  ", line).rstrip() for line in text.split("\n"))


def _binary(version: str) -> str:
    found = shutil.which("kubectl", path=".venv/bin") if version == "1.37" else old_kubectl()
    if found is None:
        pytest.skip(f"no kubectl {version}: scripts/build-kubectl.sh makes it, with Go, once")
    return str(Path(found).resolve())


@pytest.mark.timeout(500)
@pytest.mark.usefixtures("running_pods")
@pytest.mark.parametrize("version", ["1.37", "1.35"])
@pytest.mark.parametrize("name", SESSIONS)
def test_a_session_says_the_same(
    cluster: Cluster, namespace: str, name: str, version: str, tmp_path: Path
) -> None:
    session = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    for file, text in session["files"].items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(text.replace("{namespace}", namespace))
    binary = _binary(version)
    steps = [step if isinstance(step, list) else step.split(" ") for step in session["steps"]]
    said = [_run(binary, cluster, words, namespace, tmp_path) for words in steps]
    golden = FOLDER / f"{name}-{version}.txt"
    if "TIPHYS_RECORD" in os.environ:
        golden.write_text("\n".join([_origin(cluster), *said]))
    expected = _parts(golden.read_text())
    actual = _parts("\n".join(said))
    different = [
        f"expected:\n{expected.get(step)}\nsaid:\n{text}"
        for step, text in actual.items()
        if expected.get(step) != text
    ]
    assert not different, "\n\n".join(different)
    assert expected.keys() == actual.keys()


@pytest.mark.sandbox_only
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("logs web", "one\ntwo\n"),
        ("logs web --tail=1", "two\n"),
        ("logs -l app=web --prefix", "[pod/web/web] one\n[pod/web/web] two\n"),
        ("exec web -- true", "exec of a pod is not simulated"),
        ("attach web", "attach of a pod is not simulated"),
        ("port-forward web 80", "portforward of a pod is not simulated"),
    ],
)
def test_a_simulated_pod_shows_its_log_and_runs_nothing(
    cluster: Cluster, namespace: str, words: str, said: str, tmp_path: Path
) -> None:
    pod = (
        f"run web --image=nginx:1 --labels=app=web --annotations={LOG_ANNOTATION}=one\ntwo",
        "wait --for=condition=Ready pod/web --timeout=30s",
    )
    for step in pod:
        assert "[0]" in _run(_binary("1.37"), cluster, step.split(" "), namespace, tmp_path)
    assert said in _run(_binary("1.37"), cluster, words.split(" "), namespace, tmp_path)


def _origin(cluster: Cluster) -> str:
    server = cluster.get("/version").ok()["gitVersion"]
    return f"recorded from {server} on {datetime.now(UTC).date()}"


def _parts(text: str) -> dict[str, str]:
    """Return what was said by number and command."""
    found = re.split(r"^(?=\$ kubectl )", text, flags=re.MULTILINE)[1:]
    return {
        f"{number} {part.partition(chr(10))[0]}": part.rstrip() for number, part in enumerate(found)
    }
