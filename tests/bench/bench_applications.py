"""A thousand applications of four objects on one repository, on the sandbox.

Usage: python -m tests.bench.bench_applications [COUNT]
Prints times in seconds; nothing is asserted. The machine's two cores are shared by sandbox,
controller and renderers, so the sandbox's own CPU stands beside.
"""

import json
import signal
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from tests.bench.processes import cpu_s, pss_mib, started_with
from tests.e2e.api import eventually
from tests.e2e.manifests import deployment, text
from tests.e2e.world import IN_CLUSTER, Repository, World, new_world


def objects(name: str, replicas: int = 0) -> str:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80}]},
    }
    backend = {"service": {"name": name, "port": {"number": 80}}}
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name},
        "spec": {
            "rules": [
                {"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
            ]
        },
    }
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}
    return text(deployment(name, replicas), account, service, ingress)


def applications(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.api.list("Application", "argocd")
    return found


def synced(world: World, revision: str = "") -> int:
    count = 0
    for app in applications(world):
        status = app.get("status") or {}
        sync = status.get("sync") or {}
        is_at = not revision or sync.get("revision") == revision
        is_idle = "operation" not in app
        count += sync.get("status") == "Synced" and is_at and is_idle
    return count


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder, new_world(Path(folder)) as world:
        files = {f"app-{n:04}/all.yaml": objects(f"app-{n:04}") for n in range(count)}
        repository = world.new_repository(files)
        namespace = world.new_namespace()
        assert world.tiphys is not None
        pid = world.tiphys.pid
        before_s = cpu_s(pid)
        sandbox = started_with("sandbox")
        sandbox_before_s = sum(map(cpu_s, sandbox))
        started = time.monotonic()
        for n in range(count):
            source = {"repoURL": repository.url, "path": f"app-{n:04}", "targetRevision": "HEAD"}
            world.api.create(
                {
                    "apiVersion": "argoproj.io/v1alpha1",
                    "kind": "Application",
                    "metadata": {"name": f"app-{n:04}", "namespace": "argocd"},
                    "spec": {
                        "project": "default",
                        "source": source,
                        "destination": {"server": IN_CLUSTER, "namespace": namespace},
                        "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
                    },
                }
            )
        created_s = time.monotonic() - started
        while synced(world) < count:
            time.sleep(1)
        print(f"{count} applications of 4 objects: created in {created_s:.1f}, all Synced after "
              f"{time.monotonic() - started:.1f}; tiphys CPU {cpu_s(pid) - before_s:.1f}, "
              f"memory {pss_mib(pid):.0f} MiB PSS")  # fmt: skip
        settle(pid)
        sandbox_s = sum(map(cpu_s, sandbox)) - sandbox_before_s
        print(f"until nothing moves: tiphys CPU {cpu_s(pid) - before_s:.1f}, "
              f"sandbox CPU {sandbox_s:.1f}")  # fmt: skip
        look_at_all(world, repository, pid)
        one_commit(world, repository, namespace)
        settle(pid)
        refresh_all(world, count, pid)
        settle(pid)
        commit_to_all(world, repository, count, pid)
        world.stop_tiphys(signal.SIGTERM)
        last = json.loads(world.tiphys.log.read_text().strip().splitlines()[-1])
        requests = last.get("requests", {})
        print(f"requests in all: {requests}, renders {last.get('renders')}, "
              f"loop lag p99 {last.get('loop_lag_p99_ms')} ms")  # fmt: skip


def settle(pid: int) -> None:
    """Wait until nothing runs any more."""
    while True:
        before = cpu_s(pid)
        time.sleep(1)
        if cpu_s(pid) - before < 0.1:
            return


def look_at_all(world: World, repository: Repository, pid: int) -> None:
    """Every Application resolves its revision and compares, and nothing has changed."""
    body = json.dumps({"ref": "refs/heads/main", "repository": {"html_url": repository.url}})
    request = urllib.request.Request(
        f"http://127.0.0.1:{world.port}/api/webhook",
        data=body.encode(),
        headers={"X-GitHub-Event": "push", "Content-Type": "application/json"},
    )
    before_s, started = cpu_s(pid), time.monotonic()
    with urllib.request.urlopen(request, timeout=30):
        answered_s = time.monotonic() - started
    settle(pid)
    print(f"a look at all without change (push without a commit, answered after "
          f"{answered_s * 1000:.0f} ms): tiphys CPU {cpu_s(pid) - before_s:.2f}")  # fmt: skip


def one_commit(world: World, repository: Repository, namespace: str) -> None:
    times = []
    for round_number in range(5):
        name = f"app-{round_number:04}"
        started = time.monotonic()
        repository.push({f"{name}/all.yaml": objects(name).replace('"port": 80\n', '"port": 81\n')})
        pushed = time.monotonic()
        eventually(
            "the change is live",
            lambda name=name: (
                world.api.get("Service", namespace, name)["spec"]["ports"][0]["port"] == 81
            ),  # type: ignore[misc]
            60,
        )
        times.append((pushed - started, time.monotonic() - pushed))
        time.sleep(2)
    lives = sorted(after for _, after in times)
    shown = [round(t, 2) for t in lives]
    print(f"one commit to one application, live after the push returned: {shown}")


def refresh_all(world: World, count: int, pid: int) -> None:
    before_s, started = cpu_s(pid), time.monotonic()
    patch = {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}}
    for n in range(count):
        world.api.merge("Application", "argocd", f"app-{n:04}", patch)
    eventually(
        "all answered",
        lambda: (
            not any(
                "argocd.argoproj.io/refresh" in (a["metadata"].get("annotations") or {})
                for a in applications(world)
            )
        ),
        120,
    )
    print(f"a refresh of all without change (by annotation, {count} patches to answer): "
          f"{time.monotonic() - started:.1f}, tiphys CPU {cpu_s(pid) - before_s:.1f}")  # fmt: skip


def commit_to_all(world: World, repository: Repository, count: int, pid: int) -> None:
    files = {
        f"app-{n:04}/all.yaml": objects(f"app-{n:04}").replace("web:1", "web:2")
        for n in range(count)
    }
    before_s = cpu_s(pid)
    revision = repository.push(files)
    started = time.monotonic()
    while synced(world, revision) < count:
        time.sleep(1)
    took_s, spent_s = time.monotonic() - started, cpu_s(pid) - before_s
    memory = pss_mib(pid)
    print(f"one commit to all: {took_s:.1f}, tiphys CPU {spent_s:.1f}, memory {memory:.0f} MiB PSS")


if __name__ == "__main__":
    main()
