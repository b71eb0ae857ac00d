"""Loads a cluster with requests, in a process of its own, so that its CPU stands apart.

Usage: python -m tests.bench.load KUBECONFIG SCENARIO [NAME=VALUE...]
Prints one JSON document: requests, seconds, its own CPU seconds, latencies in milliseconds.
"""

import asyncio
import json
import ssl
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import aiohttp
import uvloop

from tests.bench.objects import configmap, deployment
from tests.e2e.api import Api

Json = dict[str, Any]
DEPLOYMENTS = "/apis/apps/v1/namespaces/{}/deployments"
CONFIGMAPS = "/api/v1/namespaces/{}/configmaps"


class Client:
    """Requests over kept connections."""

    def __init__(self, kubeconfig: Path, connections: int) -> None:
        api = Api(kubeconfig)
        self._server = api.server
        tls: ssl.SSLContext | bool = api.tls or False
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, ssl=tls),
            headers=api._headers,
            timeout=aiohttp.ClientTimeout(total=None),
            read_bufsize=1 << 20,
        )
        self.latencies: list[float] = []

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def request(self, method: str, path: str, body: Any = None, media: str = "") -> bytes:
        started = time.perf_counter()
        async with self._session.request(
            method,
            self._server + path,
            data=None if body is None else json.dumps(body),
            headers={"Content-Type": media or "application/json"},
        ) as answer:
            text = await answer.read()
            if answer.status >= 300:
                raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]!r}")
        self.latencies.append(time.perf_counter() - started)
        return text

    async def watch(self, path: str, version: str, wanted: int) -> None:
        """Watch from a version until so many events came; a server may end a watch that is slow."""
        seen = 0
        while seen < wanted:
            query = f"?watch=true&allowWatchBookmarks=true&resourceVersion={version}"
            last = b""
            async with self._session.get(self._server + path + query) as answer:
                while seen < wanted and (line := await answer.content.readline()):
                    last = line
                    seen += b'"BOOKMARK"' not in line[:40]
            if last:
                event = json.loads(last)
                if event["type"] == "ERROR":
                    raise RuntimeError(f"the watch of {path} from {version}: {event['object']}")
                version = event["object"]["metadata"]["resourceVersion"]


async def _spread(clients: int, calls: Iterable[Callable[[], Awaitable[Any]]]) -> None:
    left = iter(calls)

    async def work() -> None:
        for call in left:
            await call()

    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(work())


Options = dict[str, Any]


async def _creates(client: Client, options: Options) -> None:
    path = DEPLOYMENTS.format(options["namespace"])
    await _spread(
        options["clients"],
        (
            lambda n=n: client.request("POST", path, deployment(n))  # type: ignore[misc]
            for n in range(options["count"])
        ),
    )


async def _applies(client: Client, options: Options) -> None:
    path = DEPLOYMENTS.format(options["namespace"])
    query = "?fieldManager=bench&force=true"

    def one(n: int) -> Awaitable[bytes]:
        manifest = deployment(n, options.get("image", "1"))
        name = manifest["metadata"]["name"]
        return client.request(
            "PATCH", f"{path}/{name}{query}", manifest, "application/apply-patch+yaml"
        )

    calls = (lambda n=n: one(n) for n in range(options["count"]))
    await _spread(options["clients"], calls)


async def _gets(client: Client, options: Options) -> None:
    path = DEPLOYMENTS.format(options["namespace"])
    names = [deployment(n)["metadata"]["name"] for n in range(options["objects"])]
    await _spread(
        options["clients"],
        (
            lambda n=n: client.request("GET", f"{path}/{names[n % len(names)]}")  # type: ignore[misc]
            for n in range(options["count"])
        ),
    )


async def _lists(client: Client, options: Options) -> None:
    path = options["path"].format(options["namespace"])
    call = lambda: client.request("GET", path)  # noqa: E731
    await _spread(options["clients"], (call for _ in range(options["count"])))


async def _configmaps(client: Client, options: Options) -> None:
    path = CONFIGMAPS.format(options["namespace"])
    await _spread(
        options["clients"],
        (
            lambda n=n: client.request("POST", path, configmap(n))  # type: ignore[misc]
            for n in range(options["count"])
        ),
    )


async def _fanout(client: Client, options: Options) -> None:
    """Create ConfigMaps while many watch; over when every watch has seen every one."""
    path = CONFIGMAPS.format(options["namespace"])
    version = json.loads(await client.request("GET", path))["metadata"]["resourceVersion"]
    watches = [
        asyncio.create_task(client.watch(path, version, options["count"]))
        for _ in range(options["watches"])
    ]
    client.latencies.clear()
    await _configmaps(client, options)
    await asyncio.gather(*watches)


_SCENARIOS: dict[str, Callable[[Client, Options], Awaitable[None]]] = {
    "creates": _creates,
    "applies": _applies,
    "gets": _gets,
    "lists": _lists,
    "configmaps": _configmaps,
    "fanout": _fanout,
}


async def _run(kubeconfig: Path, scenario: str, options: Options) -> Json:
    connections = options["clients"] + options.get("watches", 0)
    async with Client(kubeconfig, connections) as client:
        await client.request("GET", "/version")
        client.latencies.clear()
        cpu_s, started = time.process_time(), time.perf_counter()
        await _SCENARIOS[scenario](client, options)
        seconds = time.perf_counter() - started
        latencies = sorted(client.latencies)
    return {
        "requests": len(latencies),
        "seconds": seconds,
        "cpu_s": time.process_time() - cpu_s,
        "p50_ms": latencies[len(latencies) // 2] * 1000,
        "p99_ms": latencies[len(latencies) * 99 // 100] * 1000,
    }


def main() -> None:
    given = (word.partition("=") for word in sys.argv[3:])
    options = {name: int(value) if value.isdigit() else value for name, _, value in given}
    found = uvloop.run(_run(Path(sys.argv[1]), sys.argv[2], options))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
