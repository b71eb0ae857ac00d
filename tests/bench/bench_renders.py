"""Renders a second by each tool with warm workers, beside its command; asserts nothing."""

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.e2e.renders.jobs import TOOLS, new_job, new_pool, rendered, write_files
from tests.e2e.renders.oracle import find_helm
from tiphys.sources.render.processes import descendants
from tiphys.sources.render.tools import find_tools

WEB = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web%d}\ndata: {a: '1'}\n"
FILES: dict[str, dict[str, str]] = {
    "Helm": {
        "app/Chart.yaml": "apiVersion: v2\nname: a\nversion: 0.1.0\n",
        **{f"app/templates/{i}.yaml": WEB % i for i in range(4)},
    },
    "Kustomize": {
        "app/kustomization.yaml": "resources: [a.yaml, b.yaml]\nnamePrefix: x-\n",
        "app/a.yaml": WEB % 1,
        "app/b.yaml": WEB % 2,
    },
    "Directory": {f"app/{i}.yaml": WEB % i for i in range(4)},
    "jsonnet": {
        "app/a.jsonnet": "[{apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'a%d' % i}}"
        " for i in std.range(1, 4)]"
    },
}
COUNTS = {"Helm": 200, "Kustomize": 20, "Directory": 200, "jsonnet": 200}
MIB = 1024


def pss_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / MIB


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / 100


def command_ms(kind: str, folder: Path) -> float | None:
    helm = find_helm()[0]
    commands = {
        "Helm": [helm, "template", "app"] if helm else [],
        "Kustomize": [find_tools().kubectl, "kustomize", "app"],
    }
    if not commands.get(kind):
        return None
    write_files(folder, FILES[kind])
    started = time.perf_counter()
    for _ in range(10):
        subprocess.run(commands[kind], cwd=folder, check=True, capture_output=True)
    return (time.perf_counter() - started) / 10 * 1000


async def measure(kind: str, home: Path) -> None:
    job = new_job("Directory" if kind == "jsonnet" else kind, tools=TOOLS)
    async with new_pool(home, size=1) as pool:
        started = time.perf_counter()
        await rendered(pool, job, FILES[kind])
        first_ms = (time.perf_counter() - started) * 1000
        (pid,) = descendants(os.getpid())
        before, started = cpu_s(pid), time.perf_counter()
        for _ in range(COUNTS[kind]):
            await rendered(pool, job, FILES[kind])
        each_ms = (time.perf_counter() - started) / COUNTS[kind] * 1000
        worker_ms = (cpu_s(pid) - before) / COUNTS[kind] * 1000
        memory = pss_mib(pid)
    alone = command_ms(kind, home / "alone")
    beside = f"{alone:6.1f} ms, {alone / each_ms:5.1f} times" if alone else "none"
    print(
        f"{kind:10} first {first_ms:6.0f} ms  then {each_ms:6.2f} ms ({1000 / each_ms:5.0f}/s)  "
        f"worker CPU {worker_ms:5.2f} ms  PSS {memory:4.0f} MiB  command {beside}"
    )


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        for kind in FILES:
            asyncio.run(measure(kind, Path(folder) / kind))
    own = resource.getrusage(resource.RUSAGE_SELF)
    print(f"parent: {own.ru_utime + own.ru_stime:.1f} CPU s, {own.ru_maxrss / MIB:.0f} MiB at most")
    return 0


if __name__ == "__main__":
    sys.exit(main())
