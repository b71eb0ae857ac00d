"""Five thousand Applications with five triggers each, while a hundred change every second.

Usage: python -m tests.bench.bench_notifications [COUNT] [SECONDS]
The role runs alone on its loop. Its informers are fed directly and writes are answered from memory,
so the figures are the role's own; messages go over HTTP to a receiver in a process of its own.
Prints figures; nothing is asserted but that each message arrived once.
"""

import asyncio
import copy
import json
import os
import subprocess
import sys
import time
from collections import Counter
from typing import Any

import uvloop

from tests.bench.processes import cpu_s, loop_s, pss_mib
from tiphys.delivery.installation import Collections, Installation
from tiphys.kube.informer import Informer
from tiphys.languages.interpreters import Interpreters
from tiphys.languages.templates import Templates
from tiphys.model.keys import Manifest
from tiphys.notifications.catalogue import default_config_map
from tiphys.notifications.channels import Channels
from tiphys.notifications.metrics import Uncounted
from tiphys.notifications.notifier import Notifier, Surroundings
from tiphys.telemetry.loop_lag import LoopLag

TRIGGERS = (
    "on-deployed", "on-health-degraded", "on-sync-failed", "on-sync-running", "on-sync-succeeded",
)  # fmt: skip
RECEIVER = """
import asyncio, json, sys, time
from aiohttp import web
arrived = []
async def take(request):
    arrived.append((await request.text(), time.time()))
    return web.Response(text="1")
async def tell(request):
    return web.json_response(arrived)
app = web.Application()
app.router.add_post("/", take)
app.router.add_get("/", tell)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
"""


class Memory:
    """Answers writes of annotations as an API server would."""

    def __init__(self, applications: Informer) -> None:
        self._applications = applications
        self.version = 10_000_000
        self.writes = 0

    def bumped(self, app: Manifest) -> Manifest:
        self.version += 1
        return {**app, "metadata": {**app["metadata"], "resourceVersion": str(self.version)}}

    async def patch(self, gvk: Any, key: Any, patch: Any, **params: str) -> Manifest:
        del gvk, params
        self.writes += 1
        app = self._applications.get(f"{key.namespace}/{key.name}")
        assert app is not None
        known = app["metadata"].get("annotations") or {}
        merged = {**known, **patch["metadata"]["annotations"]}
        kept = {name: value for name, value in merged.items() if value is not None}
        return self.bumped({**app, "metadata": {**app["metadata"], "annotations": kept}})


class NoEvents:
    """Records no events."""

    def record(self, *arguments: Any, **named: Any) -> None:
        """Do nothing."""

    async def run(self) -> None:
        await asyncio.Event().wait()


class NoClusters:
    """Knows no clusters."""

    records: tuple[Any, ...] = ()

    def opened(self) -> list[Any]:
        return []


class NoFacts:
    """Knows nothing."""


def application(number: int) -> Manifest:
    annotations = {f"notifications.argoproj.io/subscribe.{name}.hook": "" for name in TRIGGERS}
    resources = [{"kind": "Deployment", "name": f"part-{n}", "status": "Synced"} for n in range(20)]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": f"app-{number:05}",
            "namespace": "argocd",
            "uid": f"uid-{number}",
            "resourceVersion": str(number + 1),
            "annotations": annotations,
        },
        "spec": {"project": "default", "source": {"repoURL": "https://git/x", "path": "a"}},
        "status": {
            "sync": {"status": "Synced", "revision": "r0"},
            "health": {"status": "Healthy"},
            "resources": resources,
        },
    }


def deployed(app: Manifest, revision: str) -> Manifest:
    changed = copy.deepcopy(app)
    changed["status"] |= {
        "sync": {"status": "Synced", "revision": revision},
        "reconciledAt": "2026-01-01T00:00:09Z",
        "operationState": {
            "phase": "Succeeded",
            "startedAt": "2026-01-01T00:00:00Z",
            "finishedAt": "2026-01-01T00:00:05Z",
            "syncResult": {"revision": revision},
        },
    }
    return changed


def config_map(port: int) -> Manifest:
    manifest = default_config_map("argocd")
    data = {key: value for key, value in manifest["data"].items() if key.startswith("trigger.")}
    data["service.webhook.hook"] = f"url: http://127.0.0.1:{port}"
    body = "{{.app.metadata.name}} {{.app.status.sync.revision}}"
    for name in ("app-deployed", "app-sync-succeeded"):
        block = {"hook": {"method": "POST", "body": f"{name} {body}"}}
        data[f"template.{name}"] = json.dumps({"webhook": block})
    metadata = {**manifest["metadata"], "resourceVersion": "1"}
    return {**manifest, "metadata": metadata, "data": data}


def informer() -> Informer:
    return Informer(None, None)  # type: ignore[arg-type]  # fed by hand, never started


async def measure(count: int, seconds: int, port: int) -> None:
    collections = Collections(
        applications=informer(), projects=informer(), secrets=informer(), config_maps=informer()
    )
    collections.config_maps.changed("ADDED", config_map(port))
    apps = [application(number) for number in range(count)]
    for app in apps:
        collections.applications.changed("ADDED", app)
    installation = Installation("argocd", collections, {}, Interpreters())
    memory = Memory(collections.applications)
    notifier = Notifier(
        Surroundings(
            installation=installation,
            home=memory,  # type: ignore[arg-type]
            clusters=NoClusters(),  # type: ignore[arg-type]
            channels=Channels(Templates(), lambda host: ""),
            facts=NoFacts(),  # type: ignore[arg-type]
            events=NoEvents(),  # type: ignore[arg-type]
            metrics=Uncounted(),
            is_paused=lambda: False,
        )
    )
    lag = LoopLag()
    began = time.perf_counter()
    running = [asyncio.create_task(notifier.run()), asyncio.create_task(lag.run())]
    await asyncio.sleep(0.1)
    await idle(notifier)
    print(f"first look at {count} Applications: {time.perf_counter() - began:.2f} s")
    before_s, changed_at = cpu_s(os.getpid()), {}
    number = 0
    for tick in range(seconds * 20):
        due = began = time.perf_counter()
        for _ in range(5):
            place, revision = number % count, f"r{number // count + 1}"
            current = collections.applications.get(f"argocd/app-{place:05}")
            assert current is not None
            changed_at[f"app-{place:05} {revision}"] = time.time()
            collections.applications.changed("MODIFIED", memory.bumped(deployed(current, revision)))
            number += 1
        del tick
        await asyncio.sleep(max(0.0, due + 0.05 - time.perf_counter()))
    await idle(notifier)
    spent_s = cpu_s(os.getpid()) - before_s
    await report(port, changed_at)
    print(
        f"{number} changes in {seconds} s: {spent_s / seconds * 100:.0f} % of a core (role and"
        f" template workers), {memory.writes} writes; loop lag p99"
        f" {lag.percentile(0.99) * 1000:.1f} ms, most {lag.percentile(1.0) * 1000:.1f} ms;"
        f" {pss_mib(os.getpid()):.0f} MiB; ten million additions take {loop_s():.2f} s here"
    )
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def idle(notifier: Notifier) -> None:
    """Return once the role has nothing left to do."""
    while notifier.is_busy:  # noqa: ASYNC110  # nobody else would set an event
        await asyncio.sleep(0.01)


async def report(port: int, changed_at: dict[str, float]) -> None:
    text = await asyncio.to_thread(
        lambda: (
            subprocess.run(
                ["curl", "-s", f"http://127.0.0.1:{port}/"],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
    )
    arrived: list[tuple[str, float]] = json.loads(text)
    times = Counter(body for body, _ in arrived)
    waits = sorted(at - changed_at[body.partition(" ")[2]] for body, at in arrived)
    assert set(times.values()) == {1}, "a message arrived twice"
    assert len(times) == 2 * len(changed_at), f"{len(times)} of {2 * len(changed_at)} arrived"
    print(
        f"{len(arrived)} messages, each once; from change to arrival:"
        f" median {waits[len(waits) // 2] * 1000:.0f} ms,"
        f" p99 {waits[len(waits) * 99 // 100] * 1000:.0f} ms"
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    from tests.e2e.world import free_port  # noqa: PLC0415 -- it loads much

    port = free_port()
    receiver = subprocess.Popen([sys.executable, "-c", RECEIVER, str(port)])
    try:
        time.sleep(1)
        uvloop.run(measure(count, seconds, port))
    finally:
        receiver.kill()
        receiver.wait()


if __name__ == "__main__":
    main()
