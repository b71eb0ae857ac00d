"""The sandbox's speed, beside that of the real control plane when it is built.

Usage: python -m tests.bench.bench_sandbox [NAME=VALUE...]
  count=2000      Deployments that are created, applied, applied again
  objects=100000  ConfigMaps that are held at once
  watches=200     watches of one collection
  real=1          0 leaves the real control plane out
Prints a table; nothing is asserted. The load comes from a process of its own with 4 connections;
its CPU, and the server's, stand beside the wall time, because cores are shared. So does how long a
loop of ten million additions takes just then: figures taken at different speeds do not compare.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench.processes import cpu_s, loop_s, pss_mib
from tests.e2e.api import Api
from tests.e2e.world import Process
from tests.real.harness import control_plane, is_built

_CLIENTS = 4


class Server(NamedTuple):
    """A running cluster."""

    kubeconfig: Path
    pid: int
    started_s: float


class Figure(NamedTuple):
    """One line of the table."""

    what: str
    value: float
    unit: str
    note: str = ""


@contextlib.contextmanager
def sandbox(home: Path) -> Iterator[Server]:
    """Run the sandbox; it is started when it has answered for the first time."""
    kubeconfig = home / "kubeconfig"
    kubeconfig.unlink(missing_ok=True)
    home.mkdir(exist_ok=True)
    began = time.perf_counter()
    arguments = [sys.executable, "-m", "tiphys", "sandbox", "--home", str(home)]
    process = Process(arguments, home / "sandbox.log")
    try:
        while not kubeconfig.exists():
            assert not process.has_ended, process.log.read_text()[-2000:]
            time.sleep(0.005)
        Api(kubeconfig).list("Namespace", "")
        yield Server(kubeconfig, process.pid, time.perf_counter() - began)
    finally:
        process.kill()


@contextlib.contextmanager
def real(home: Path) -> Iterator[Server]:
    """Run the real control plane."""
    began = time.perf_counter()
    with control_plane(home) as kubeconfig:
        Api(kubeconfig).list("Namespace", "")
        yield Server(kubeconfig, os.getpid(), time.perf_counter() - began)


def load(server: Server, what: str, scenario: str, **options: Any) -> list[Figure]:
    """Run a scenario; return its rate and costs."""
    words = [f"{name}={value}" for name, value in {"clients": _CLIENTS, **options}.items()]
    before_s, slow_s = cpu_s(server.pid), loop_s()
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load", str(server.kubeconfig), scenario, *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    server_ms = (cpu_s(server.pid) - before_s) / found["requests"] * 1000
    note = (
        f"p50 {found['p50_ms']:.1f} ms, p99 {found['p99_ms']:.1f} ms; a request costs the server "
        f"{server_ms:.2f} ms of CPU, the load generator "
        f"{found['cpu_s'] / found['requests'] * 1000:.2f}; loop {slow_s:.2f} to {loop_s():.2f} s"
    )
    return [Figure(what, found["requests"] / found["seconds"], "/s", note)]


def measure(server: Server, options: dict[str, int]) -> Iterator[Figure]:
    """Yield every figure of a cluster."""
    api, count = Api(server.kubeconfig), options["count"]
    yield Figure("start to first answer", server.started_s, "s")
    for name in ("creates", "applies", "quiet", "watched", "many"):
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    time.sleep(1)
    yield from load(server, "creates of a Deployment", "creates", namespace="creates", count=count)
    settle(server)
    for what, image in (("new", "1"), ("changed", "2"), ("unchanged", "2")):
        named = f"server-side applies, {what}"
        yield from load(server, named, "applies", namespace="applies", count=count, image=image)
        settle(server)
    yield from load(
        server, "gets of a Deployment", "gets", namespace="creates", count=count, objects=count
    )
    path = "/apis/apps/v1/namespaces/{}/deployments"
    yield from load(
        server, f"lists of {count} Deployments", "lists", namespace="creates", path=path, count=20
    )
    few = count // 4
    yield from load(server, "creates of a ConfigMap", "configmaps", namespace="quiet", count=few)
    watches = options["watches"]
    yield from load(
        server, f"the same, seen by {watches} watches", "fanout",
        namespace="watched", count=few, watches=watches,
    )  # fmt: skip
    if options["objects"]:
        yield from many(server, options["objects"])


def many(server: Server, count: int) -> Iterator[Figure]:
    """Yield what it is to hold many objects."""
    before = pss_mib(server.pid)
    named = f"creates up to {count} ConfigMaps"
    yield from load(server, named, "configmaps", namespace="many", count=count, clients=8)
    memory = pss_mib(server.pid)
    note = f"{memory - before:.0f} MiB of it for them"
    yield Figure(f"memory with {count} objects", memory, "MiB", note)
    path = "/api/v1/namespaces/{}/configmaps"
    yield from load(
        server, "lists of a page of 500 of them", "lists",
        namespace="many", path=f"{path}?limit=500", count=50,
    )  # fmt: skip
    yield from load(
        server, "lists of all of them", "lists", namespace="many", path=path, count=1, clients=1
    )


def settle(server: Server) -> None:
    """Wait until what follows from the writes is done."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        before = cpu_s(server.pid)
        time.sleep(1)
        if cpu_s(server.pid) - before < 0.15:
            return


def main() -> None:
    options = {"count": 2000, "objects": 100_000, "watches": 200, "real": 1}
    options |= {name: int(value) for name, _, value in (w.partition("=") for w in sys.argv[1:])}
    compared: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        if options["real"] and is_built():
            print("the real control plane (etcd without fsync)")
            with real(Path(folder) / "real") as server:
                for figure in measure(server, options):
                    compared[figure.what] = figure.value
                    show(figure, {})
        print("the sandbox")
        home = Path(folder) / "sandbox"
        with sandbox(home) as server:
            for figure in measure(server, options):
                show(figure, compared)
        with sandbox(home) as server:
            again = Figure(f"start with {options['objects']} objects", server.started_s, "s")
            show(again, compared)
            show(Figure("memory after that", pss_mib(server.pid), "MiB"), compared)


def show(figure: Figure, compared: dict[str, float]) -> None:
    """Print one figure, with its ratio to the real control plane's."""
    other = compared.get(figure.what)
    ratio = f"{figure.value / other:6.2f} x real" if other else ""
    line = f"  {figure.what:44}{figure.value:10.2f} {figure.unit:4}{ratio:14}{figure.note}"
    print(line.rstrip(), flush=True)


if __name__ == "__main__":
    main()
