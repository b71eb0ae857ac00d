"""Times lists and streams of the API with thousands of Applications, permissions included.

Usage: python -m tests.bench.bench_server [APPLICATIONS]

Lists: milliseconds from a request to the whole answer, over ASGI without a network. The budgets of
the project with 5,000 Applications: 300 ms complete, 80 ms with the mask of the web UI's list.
Streams: CPU of 200 readers while Applications change 100 times a second; the budget is one core.
"""

import asyncio
import contextlib
import statistics
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import httpx2 as httpx

from tests.bench.bench_permissions import policy, spread
from tests.unit.server.test_application_feed import Stored
from tests.unit.server.test_dispatch import Nothing
from tiphys.model.errors import PermissionDeniedError
from tiphys.model.identity import Identity
from tiphys.server.app import create_server
from tiphys.server.application_feed import ApplicationFeed, Reader
from tiphys.server.application_finder import ApplicationFinder
from tiphys.server.application_rows import EncodedApplications
from tiphys.server.dispatch import Dispatcher
from tiphys.server.masks import parse_mask
from tiphys.server.routes.applications import ApplicationRoutes

# LIST_MASK of ui/src/api/queries.ts.
LIST_MASK = (
    "metadata.name,metadata.namespace,metadata.uid,metadata.resourceVersion,metadata.labels,"
    "metadata.annotations,metadata.creationTimestamp,metadata.deletionTimestamp,spec.project,"
    "spec.source,spec.sources,spec.destination,spec.syncPolicy,status.sync.status,"
    "status.sync.revision,status.health,status.conditions,status.summary,"
    "status.operationState.phase,status.operationState.startedAt,status.operationState.finishedAt,"
    "status.operationState.message,operation.sync"
)
OBJECTS, READERS, CHANGES_S, SECONDS = 20, 200, 100, 10


class Caller:
    """Everybody is one user, with a thousand lines of policy about them."""

    def __init__(self) -> None:
        self._policy = policy(spread)

    async def authenticate(self, request: Any) -> Identity:
        return Identity(subject="user-0")

    def allows(self, identity: Identity, resource: str, action: str, object_name: str) -> bool:
        return self._policy.allows(identity, resource, action, object_name)

    def require(self, identity: Identity, resource: str, action: str, object_name: str) -> None:
        if not self.allows(identity, resource, action, object_name):
            raise PermissionDeniedError(f"permission denied: {resource}, {action}, {object_name}")


def written(stored: Stored, number: int, revision: str) -> None:
    """Store an Application with twenty objects, of a project that the caller may see."""
    resources = [
        {"group": "apps", "version": "v1", "kind": "Deployment", "namespace": "shop",
         "name": f"web-{n}", "status": "Synced", "health": {"status": "Healthy"}}
        for n in range(OBJECTS)
    ]  # fmt: skip
    source = {"repoURL": "https://git.example.com/shop.git", "path": "deploy"}
    stored.write(
        f"app-{number:05}",
        spec={"project": f"project-{number % 5 * 50}", "source": source,
              "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"}},
        status={"resources": resources, "health": {"status": "Healthy"},
                "sync": {"status": "Synced", "revision": revision},
                "operationState": {"phase": "Succeeded", "startedAt": "2026-01-01T00:00:00Z"}},
    )  # fmt: skip


async def lists(client: httpx.AsyncClient, name: str, fields: str, repeats: int = 7) -> None:
    took, size = [], 0
    for _ in range(repeats):
        began = time.perf_counter()
        answer = await client.get("/api/v1/applications", params={"fields": fields})
        took.append((time.perf_counter() - began) * 1e3)
        size = len(answer.content)
    print(f"list, {name}: first {took[0]:.0f} ms, then {statistics.median(took[1:]):.0f} ms"
          f" (worst {max(took[1:]):.0f}), {size / 1e6:.1f} MB")  # fmt: skip


async def streams(stored: Stored, encoded: EncodedApplications, sees: Callable[..., bool]) -> None:
    feed, mask = ApplicationFeed(cast("Any", stored), encoded), parse_mask(LIST_MASK)
    told = 0

    async def read() -> None:
        nonlocal told
        newest = str(max(int(app["metadata"]["resourceVersion"]) for app in stored.all()))
        async for batch in feed.read(Reader(chooses=sees, mask=mask, since=newest)):
            told += len(batch)

    readers = [asyncio.create_task(read()) for _ in range(READERS)]
    await asyncio.sleep(0.5)
    cpu, began = time.process_time(), time.perf_counter()
    for change in range(CHANGES_S * SECONDS):
        written(stored, change * 7 % len(stored.apps), f"{change:040}")
        await asyncio.sleep(max(0.0, began + (change + 1) / CHANGES_S - time.perf_counter()))
    elapsed = time.perf_counter() - began
    cores = (time.process_time() - cpu) / elapsed
    print(f"streams: {READERS} readers, {CHANGES_S * SECONDS / elapsed:.0f} changes a second, "
          f"{told / elapsed:.0f} events a second told, {cores:.2f} cores")  # fmt: skip
    for reader in readers:
        reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reader


async def measure(count: int) -> None:
    stored, encoded, caller = Stored(), EncodedApplications(), Caller()
    for number in range(count):
        written(stored, number, "a" * 40)
    installation = SimpleNamespace(
        namespace="argocd", settings=SimpleNamespace(application_namespaces=())
    )
    finder = ApplicationFinder(cast("Any", installation), cast("Any", stored))
    context = SimpleNamespace(model=stored, encoded=encoded, feed=None)
    dispatcher = Dispatcher(access=caller, finder=finder, settings=Nothing(), observer=Nothing())
    endpoints = ApplicationRoutes(cast("Any", context), finder).endpoints()
    server = create_server([*dispatcher.routes(endpoints)], is_ready=lambda: True)
    transport = httpx.ASGITransport(server)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        for encoding in ("identity", "gzip"):
            client.headers["accept-encoding"] = encoding
            await lists(client, f"complete, {encoding}", "")
            of_items = ",".join(f"items.{field}" for field in LIST_MASK.split(","))
            await lists(client, f"with the UI's mask, {encoding}", of_items)
    identity = Identity(subject="user-0")
    await streams(
        stored, encoded,
        lambda app: caller.allows(identity, "applications", "get", finder.named(app)),
    )  # fmt: skip


if __name__ == "__main__":
    asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 5000))
