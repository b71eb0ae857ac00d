"""What size costs: large Applications, many of them, and many syncs, on the sandbox.

Usage: python -m tests.bench.bench_size SCENARIO [NAME=COUNT...]

    touched  objects=2000 touches=20     one object of a large Application changes, now and then
    burst    objects=2000 seconds=5      twenty touches a second; an innocent push meanwhile
    added    objects=5000                one object more in Git
    commit   applications=200            one commit that touches none of N Applications
    syncs    applications=20 rounds=75   memory over many syncs
    orphans  objects=2000 creations=25   objects that nobody owns, five a second
    secrets  applications=200 secrets=10 Secrets that are no business of ours
    flaps    seconds=5                   the health of one object, five times a second

Prints figures; nothing is asserted. Sandbox, Git server and tiphys share the machine's cores.
"""

import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.processes import cpu_s, pss_mib
from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, deployment, text
from tests.e2e.world import App, Repository, World, new_world

HEALING: dict[str, Any] = {"automated": {"prune": True, "selfHeal": True}}
PATIENCE_S = 300.0


class Spent:
    """CPU seconds of tiphys since the last question."""

    def __init__(self, world: World) -> None:
        assert world.tiphys is not None
        self._pid = world.tiphys.pid
        self._before = cpu_s(self._pid)

    def __call__(self) -> float:
        now = cpu_s(self._pid)
        spent, self._before = now - self._before, now
        return spent

    def settle(self) -> None:
        """Wait until nothing runs any more."""
        self()
        deadline = time.monotonic() + 60
        quiet = 0
        while quiet < 2 and time.monotonic() < deadline:
            time.sleep(1)
            quiet = quiet + 1 if self() < 0.1 else 0

    @property
    def memory_mib(self) -> float:
        return pss_mib(self._pid)


def names(count: int) -> list[str]:
    return [f"config-{n:05}" for n in range(count)]


def large(world: World, objects: int) -> tuple[App, Repository, str]:
    namespace = world.new_namespace()
    files = {"all.yaml": text(*(config_map(name) for name in names(objects)))}
    repository = world.new_repository(files)
    app = world.new_app(repository, namespace, syncPolicy=HEALING)
    app.wait("Synced", timeout_s=PATIENCE_S)
    return app, repository, namespace


def touch(world: World, namespace: str, name: str, value: str) -> None:
    metadata = {"annotations": {"example.com/touched": value}}
    world.api.merge("ConfigMap", namespace, name, {"metadata": metadata})


def touched(world: World, *, objects: int = 2000, touches: int = 20) -> None:
    started = time.monotonic()
    _, _, namespace = large(world, objects)
    print(f"{objects} objects: Synced after {time.monotonic() - started:.1f} s")
    spent = Spent(world)
    spent.settle()
    began = time.monotonic()
    for n in range(touches):
        touch(world, namespace, f"config-{n:05}", str(n))
        time.sleep(0.6)
    share = spent() / touches * 1000
    print(f"one touched object of {objects}: {share:.1f} ms of CPU "
          f"({touches} touches in {time.monotonic() - began:.0f} s)")  # fmt: skip


def burst(world: World, *, objects: int = 2000, seconds: int = 5) -> None:
    _, _, namespace = large(world, objects)
    elsewhere = world.new_namespace()
    innocent = world.new_repository({"all.yaml": text(config_map("innocent"))})
    world.new_app(innocent, elsewhere, syncPolicy=HEALING).wait("Synced")
    spent = Spent(world)
    spent.settle()
    began, pushed, delays, n = time.monotonic(), 0.0, [], 0
    while time.monotonic() < began + seconds:
        touch(world, namespace, f"config-{n % objects:05}", str(n))
        n += 1
        if n % 20 == 10:
            data = {"key": str(n)}
            innocent.push({"all.yaml": text(config_map("innocent", data))})
            pushed = time.monotonic()
            eventually(
                "the push is live",
                lambda data=data: (  # type: ignore[misc]
                    world.api.get("ConfigMap", elsewhere, "innocent")["data"] == data
                ),
                60,
            )
            delays.append(time.monotonic() - pushed)
        time.sleep(0.05)
    took = time.monotonic() - began
    print(f"{n / took:.0f} touches a second in {objects} objects: {spent() / took * 100:.0f} % "
          f"a core, innocent pushes live after {[round(d, 2) for d in delays]} s")  # fmt: skip


def added(world: World, *, objects: int = 5000) -> None:
    app, repository, namespace = large(world, objects)
    spent = Spent(world)
    spent.settle()
    more = text(*(config_map(name) for name in [*names(objects), "one-more"]))
    spent()
    repository.push({"all.yaml": more})
    pushed = time.monotonic()
    eventually("it is live", lambda: world.api.find("ConfigMap", namespace, "one-more"), PATIENCE_S)
    live_s = time.monotonic() - pushed
    app.wait("Synced", timeout_s=PATIENCE_S)
    time.sleep(1)
    spent.settle()
    print(f"one object added to {objects}: live after {live_s:.2f} s, Synced after "
          f"{time.monotonic() - pushed:.1f} s (with settling)")  # fmt: skip


def commit(world: World, *, applications: int = 200) -> None:
    namespace = world.new_namespace()
    files = {f"app-{n:04}/all.yaml": text(config_map(f"c-{n:04}")) for n in range(applications)}
    repository = world.new_repository(files)
    apps = [
        world.new_app(repository, namespace, path=f"app-{n:04}", syncPolicy=HEALING)
        for n in range(applications)
    ]
    for app in apps:
        app.wait("Synced", timeout_s=PATIENCE_S)
    spent = Spent(world)
    spent.settle()
    before = _versions(world)
    repository.push({"README": "nothing that anybody renders"})
    time.sleep(5)
    cost = spent()
    written = sum(before[name] != version for name, version in _versions(world).items())
    print(f"one commit over {applications} applications: {written} statuses written within 5 s, "
          f"{cost:.2f} s of CPU")  # fmt: skip
    push = time.monotonic()
    repository.push({"app-0000/all.yaml": text(config_map("c-0000", {"key": "new"}))})
    eventually(
        "it is live",
        lambda: world.api.get("ConfigMap", namespace, "c-0000")["data"] == {"key": "new"},
        60,
    )
    print(f"one commit to one of them: live after {time.monotonic() - push:.2f} s")


def _versions(world: World) -> dict[str, str]:
    apps = world.api.list("Application", "argocd")
    return {app["metadata"]["name"]: app["metadata"]["resourceVersion"] for app in apps}


def syncs(
    world: World, *, applications: int = 20, rounds: int = 75, bytes_each: int = 1000
) -> None:
    namespace = world.new_namespace()

    def content(round_number: int) -> dict[str, str]:
        data = {"round": str(round_number), "filler": "x" * bytes_each}
        return {
            f"app-{n:02}/all.yaml": text(config_map(f"c-{n:02}", data), deployment(f"d-{n:02}"))
            for n in range(applications)
        }

    repository = world.new_repository(content(0))
    apps = [
        world.new_app(repository, namespace, path=f"app-{n:02}", syncPolicy=HEALING)
        for n in range(applications)
    ]
    for app in apps:
        app.wait("Synced", timeout_s=PATIENCE_S)
    spent = Spent(world)
    for number in range(1, rounds + 1):
        repository.push(content(number))
        eventually(
            "all are live",
            lambda number=number: all(  # type: ignore[misc]
                item["data"].get("round") == str(number)
                for item in world.api.list("ConfigMap", namespace)
                if item["metadata"]["name"] != "kube-root-ca.crt"
            ),
            60,
        )
        if number % max(rounds // 10, 1) == 0:
            print(f"after {number * applications} syncs: {spent.memory_mib:.1f} MiB, "
                  f"{spent():.1f} s of CPU since", flush=True)  # fmt: skip


def orphans(world: World, *, objects: int = 2000, creations: int = 25) -> None:
    project = world.new_project(
        orphanedResources={"warn": True},
        namespaceResourceWhitelist=[{"group": "*", "kind": "*"}],
        clusterResourceWhitelist=[{"group": "*", "kind": "*"}],
    )
    crowd = world.new_namespace()
    for name in names(objects):
        world.api.create({**config_map(name), "metadata": {"name": name, "namespace": crowd}})
    repository = world.new_repository({"all.yaml": text(config_map("ours"))})
    apps = []
    for _ in range(5):
        app = world.new_app(repository, crowd, project=project)
        apps.append(app)
    for app in apps:
        eventually("it warns", lambda app=app: app.conditions("OrphanedResourceWarning"), 60)  # type: ignore[misc]
    spent = Spent(world)
    spent.settle()
    began, writes = time.monotonic(), 0
    versions = _versions(world)
    for n in range(creations):
        world.api.create(
            {**config_map(f"orphan-{n}"), "metadata": {"name": f"orphan-{n}", "namespace": crowd}}
        )
        time.sleep(0.15)
        now = _versions(world)
        writes += sum(versions[name] != version for name, version in now.items())
        versions = now
    took = time.monotonic() - began
    print(f"{creations / took:.1f} orphans a second among {objects}: {spent() / took * 100:.0f} % "
          f"of a core, at least {writes} statuses written")  # fmt: skip


def secrets(world: World, *, applications: int = 200, secrets: int = 10) -> None:
    namespace = world.new_namespace()
    files = {f"app-{n:04}/all.yaml": text(config_map(f"c-{n:04}")) for n in range(applications)}
    repository = world.new_repository(files)
    apps = [world.new_app(repository, namespace, path=f"app-{n:04}", syncPolicy=HEALING)
            for n in range(applications)]  # fmt: skip
    for app in apps:
        app.wait("Synced", timeout_s=PATIENCE_S)
    spent = Spent(world)
    spent.settle()
    for n in range(secrets):
        metadata = {"name": f"unrelated-{n}", "namespace": "argocd"}
        world.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})
        time.sleep(0.5)
    time.sleep(1)
    print(f"one unrelated Secret beside {applications} applications: "
          f"{spent() / secrets * 1000:.1f} ms of CPU")  # fmt: skip


def flaps(world: World, *, seconds: int = 5) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"all.yaml": text(deployment("web", 1))})
    app = world.new_app(repository, namespace, syncPolicy=HEALING)
    app.wait("Synced", "Healthy")
    spent = Spent(world)
    spent.settle()
    writes, version, n = 0, "", 0
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        paused = {"spec": {"progressDeadlineSeconds": 600 + n, "paused": n % 2 == 0}}
        world.api.merge("Deployment", namespace, "web", paused)
        n += 1
        for _ in range(4):
            time.sleep(0.05)
            now = app.manifest["metadata"]["resourceVersion"]
            writes, version = writes + (now != version), now
    took = time.monotonic() - began
    print(f"health that flaps {n / took:.1f} times a second: {writes / took:.1f} writes a second, "
          f"{spent() / took * 100:.0f} % of a core")  # fmt: skip


SCENARIOS: dict[str, Callable[..., None]] = {
    scenario.__name__: scenario
    for scenario in (touched, burst, added, commit, syncs, orphans, secrets, flaps)
}


def main() -> None:
    scenario = SCENARIOS[sys.argv[1]]
    options = {name: int(value) for name, _, value in (a.partition("=") for a in sys.argv[2:])}
    with tempfile.TemporaryDirectory() as folder, new_world(Path(folder)) as world:
        scenario(world, **options)
        assert world.tiphys is not None
        print(f"memory {Spent(world).memory_mib:.0f} MiB")
        world.stop_tiphys(signal.SIGTERM)
        last = json.loads(world.tiphys.log.read_text().strip().splitlines()[-1])
        print(f"requests in all: {last.get('requests')}, "
              f"loop lag p99 {last.get('loop_lag_p99_ms')} ms, "
              f"longest {last.get('loop_lag_max_ms')} ms")  # fmt: skip


if __name__ == "__main__":
    main()
