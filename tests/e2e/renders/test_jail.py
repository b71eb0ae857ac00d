"""Sources that try to break out, or to take the machine down; each costs one clear error."""

import asyncio
import logging
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.renders.jobs import LIMITS, new_job, new_pool, rendered
from tiphys.model.errors import RenderError
from tiphys.sources.api import RenderLimits
from tiphys.sources.render.cgroup import TaskLimit
from tiphys.sources.render.jail import landlock_abi
from tiphys.sources.render.processes import _children, _is_alive, descendants
from tiphys.sources.render.tools import find_tools

MIB = 1024 * 1024
CHART = {"app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 0.1.0\n"}
GOOD = {"app/web.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n"}
NAMES = {"metadata": {"name": "c"}, "apiVersion": "v1", "kind": "ConfigMap"}

needs_landlock = pytest.mark.skipif(landlock_abi() == 0, reason="this kernel has no Landlock")


@pytest.fixture
def render_processes() -> Callable[[], set[int]]:
    """What runs below this process and is not of a server that other tests left running."""
    before = {*descendants(os.getpid())}

    def started() -> set[int]:
        # What other servers start comes and goes, so nothing below them is looked at.
        ours = {*_children(os.getpid())} - before
        return {pid for child in ours for pid in (child, *descendants(child)) if _is_alive(pid)}

    return started


def chart(template: str) -> dict[str, str]:
    return {**CHART, "app/templates/a.yaml": template}


def kustomization(text: str) -> dict[str, str]:
    return {"app/kustomization.yaml": text}


def fake_kubectl(folder: Path, script: str) -> str:
    """Write a program that stands where kubectl would: a stranger's code in the jail."""
    path = folder / "kubectl"
    quiet = "import sys; sys.excepthook = lambda kind, err, trace: print(err, file=sys.stderr)"
    path.write_text(f"#!{sys.executable}\n{quiet}\n{textwrap.dedent(script)}")
    path.chmod(0o755)
    return str(path)


ESCAPES: dict[str, tuple[str, dict[str, str], dict[str, Any], str]] = {
    "a chart's .Files through a link": (
        "Helm",
        chart('x: {{ .Files.Get "passwd" | quote }}') | {"app/passwd": "-> /etc/passwd"},
        {},
        "permission denied",
    ),
    "a chart's .Files through dots": (
        "Helm",
        chart('kind: A\nx: "{{ .Files.Get "../../../../../../etc/passwd" }}"'),
        {},
        "",
    ),
    "a values file through dots": (
        "Helm",
        chart("kind: A"),
        {"helm": {"valueFiles": ["../../../../etc/passwd"]}},
        "file '../../../../etc/passwd' resolved to outside repository root",
    ),
    "a values file through a link": (
        "Helm",
        chart("kind: A") | {"app/v.yaml": "-> /etc/passwd"},
        {"helm": {"valueFiles": ["v.yaml"]}},
        "file 'v.yaml' resolved to outside repository root",
    ),
    "a file parameter with an absolute path": (
        "Helm",
        chart("kind: A"),
        {"helm": {"fileParameters": [{"name": "a", "path": "/etc/passwd"}]}},
        "open /etc/passwd: no such file or directory",
    ),
    "a kustomize resource through dots": (
        "Kustomize",
        kustomization("resources: [../../../../../../../../../etc/passwd]"),
        {},
        "passwd",
    ),
    "a kustomize generator with all paths allowed": (
        "Kustomize",
        kustomization("configMapGenerator: [{name: a, files: [/etc/passwd]}]"),
        {"kustomize_build_options": "--load-restrictor LoadRestrictionsNone"},
        "permission denied",
    ),
    "a jsonnet import with an absolute path": (
        "Directory",
        {"app/a.jsonnet": 'importstr "/etc/passwd"'},
        {},
        "no match in the repository",
    ),
    "a jsonnet import through dots": (
        "Directory",
        {"app/a.jsonnet": 'importstr "../../../../../../../etc/passwd"'},
        {},
        "no match in the repository",
    ),
    "a jsonnet import through a link": (
        "Directory",
        {"app/a.jsonnet": 'importstr "b"', "app/b": "-> /etc/passwd"},
        {},
        "no match in the repository",
    ),
    "a manifest that is a link": (
        "Directory",
        {"app/a.yaml": "-> /etc/passwd"},
        {},
        "ermission denied",
    ),
}


@needs_landlock
@pytest.mark.parametrize("name", list(ESCAPES))
async def test_what_lies_outside_is_never_read(tmp_path: Path, name: str) -> None:
    kind, files, given, message = ESCAPES[name]
    options = {key: value for key, value in given.items() if key == "kustomize_build_options"}
    source = {key: value for key, value in given.items() if key not in options}
    async with new_pool(tmp_path) as pool:
        if message:
            with pytest.raises(RenderError) as caught:
                await rendered(pool, new_job(kind, source, **options), files)
            assert message in str(caught.value)
            assert "root:x:" not in str(caught.value)
        else:
            assert "root:x:" not in str(await rendered(pool, new_job(kind, source), files))
        assert await rendered(pool, new_job("Directory"), GOOD)
        assert pool.starts == 1


ATTACKS = {
    "reading a file": "print(open('/etc/passwd').read())",
    "listing the root": "import os; print(os.listdir('/'))",
    "opening a TCP socket": "import socket; socket.create_connection(('127.0.0.1', 22))",
    "opening a UDP socket": "import socket; socket.socket(type=socket.SOCK_DGRAM)",
    "opening a socket file": "import socket; socket.socket(socket.AF_UNIX)",
    "writing elsewhere": "open('/var/tmp/tiphys-escaped', 'w')",
    "reading another process": "print(open('/proc/1/environ').read())",
    "reading our own process": "import os; print(open(f'/proc/{os.getppid()}/environ').read())",
    "stopping tiphys": "import os; os.kill(int(open('pid').read()), 0)",
}


@needs_landlock
@pytest.mark.parametrize("name", list(ATTACKS))
async def test_a_strangers_program_is_refused(tmp_path: Path, name: str) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    program = fake_kubectl(tools, ATTACKS[name])
    job = new_job("Kustomize", tools=find_tools().__class__(kubectl=program))
    files = {"app/kustomization.yaml": "", "app/pid": str(os.getpid())}
    async with new_pool(tmp_path) as pool:
        with pytest.raises(RenderError) as caught:
            await rendered(pool, job, files, reads=(str(tools),))
        assert "ermission denied" in str(caught.value) or "not permitted" in str(caught.value)
        assert await rendered(pool, new_job("Directory"), GOOD)


LOOP = "{{ range $i := until 10000000 }}{{ range $j := until 10000000 }}{{ end }}{{ end }}"
GREEDY: dict[str, tuple[str, str, RenderLimits, str]] = {
    "an endless loop": (
        "Helm",
        LOOP,
        RenderLimits(timeout_s=1.5, memory_bytes=2**40),
        "the render took longer than 1.5 s and was stopped",
    ),
    "a template that doubles without end": (
        "Helm",
        '{{ define "a" }}{{ $x := printf "%s%s" . . }}{{ include "a" $x }}{{ end }}'
        '{{ include "a" "0123456789abcdef" }}',
        LIMITS,
        "the render needed more than 512 MiB of memory and was stopped",
    ),
    "jsonnet that doubles without end": (
        "Directory",
        "local f(x) = f(x + x) tailstrict; f(std.repeat('x', 1000))",
        LIMITS,
        "the render needed more than 512 MiB of memory and was stopped",
    ),
    "manifests larger than allowed": (
        "Directory",
        "{apiVersion: 'v1', kind: 'A', x: '" + "x" * 2_000_000 + "'}",
        RenderLimits(output_bytes=MIB),
        "the manifests are larger than 1 MiB together",
    ),
    "a program that prints without end": (
        "Kustomize",
        "import sys\nwhile True: sys.stdout.write('x' * 100000)",
        RenderLimits(output_bytes=10 * MIB),
        "the command printed more than 10 MiB and was stopped",
    ),
    "a program that complains without end": (
        "Kustomize",
        "import sys\nwhile True: sys.stderr.write('x' * 100000)",
        RenderLimits(timeout_s=1.5),
        "the render took longer than 1.5 s and was stopped",
    ),
    "a program that fills the disk": (
        "Kustomize",
        """
        import itertools
        for i in itertools.count():
            open(f'{i}', 'wb').write(bytes(10_000_000))
        """,
        RenderLimits(disk_bytes=200 * MIB),
        "the render wrote more than 200 MiB of files and was stopped",
    ),
    "a program that takes all memory": (
        "Kustomize",
        "x = []\nwhile True: x.append(bytearray(b'x' * 10_000_000))",
        LIMITS,
        "the render needed more than 512 MiB of memory and was stopped",
    ),
    "a fork bomb": (
        "Kustomize",
        "import os\nwhile True: os.fork()",
        LIMITS,
        "the render started more than 64 processes and was stopped",
    ),
    "a fork bomb in sessions of their own": (
        "Kustomize",
        "import os\nwhile True: os.fork() or os.setsid()",
        LIMITS,
        "the render started more than 64 processes and was stopped",
    ),
}


@pytest.mark.parametrize("name", list(GREEDY))
async def test_what_takes_too_much_is_stopped(
    tmp_path: Path, name: str, render_processes: Callable[[], set[int]]
) -> None:
    kind, text, limits, message = GREEDY[name]
    group = TaskLimit.create(1)
    if group is None and "fork" in name:
        pytest.skip("no control group can be made here, and a fork bomb would hurt the machine")
    elif group is not None:
        group.remove()
    (tmp_path / "bin").mkdir()
    files = {"app/a.jsonnet": text}
    more: dict[str, Any] = {}
    if kind == "Helm":
        files = chart(text)
    if kind == "Kustomize":
        program = fake_kubectl(tmp_path / "bin", text)
        files = kustomization("")
        more = {"tools": find_tools().__class__(kubectl=program)}
    async with new_pool(tmp_path) as pool:
        job = new_job(kind, max_output_bytes=limits.output_bytes, **more)
        with pytest.raises(RenderError) as caught:
            await rendered(pool, job, files, limits, reads=(str(tmp_path / "bin"),))
        assert caught.value.what == message
        assert await rendered(pool, new_job("Directory"), GOOD)
    assert not render_processes()


async def test_others_render_while_one_hangs(
    tmp_path: Path, render_processes: Callable[[], set[int]]
) -> None:
    async with new_pool(tmp_path, size=2) as pool:
        hanging = asyncio.create_task(
            rendered(pool, new_job("Helm"), chart(LOOP), RenderLimits(timeout_s=20))
        )
        for _ in range(5):
            assert await rendered(pool, new_job("Directory"), GOOD)
        assert not hanging.done()
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging
    assert not render_processes()


async def test_a_job_finds_nothing_of_the_one_before(tmp_path: Path) -> None:
    async with new_pool(tmp_path, size=1) as pool:
        secret = {"app/a.yaml": GOOD["app/web.yaml"], "app/secret.libsonnet": "{a: 1}"}
        await rendered(pool, new_job("Directory"), secret)
        files = {"app/b.jsonnet": 'import "secret.libsonnet"'}
        with pytest.raises(RenderError, match="couldn't open import"):
            await rendered(pool, new_job("Directory"), files)
        assert pool.starts == 1
        workers = list((tmp_path / "jobs").glob("worker-*/*"))
        assert [path.name for path in workers] == ["scratch"]


async def test_a_stranger_s_worker_serves_once(tmp_path: Path) -> None:
    async with new_pool(tmp_path, size=1) as pool:
        await rendered(pool, new_job("Directory"), GOOD, once=True)
        await rendered(pool, new_job("Directory"), GOOD)
        assert pool.starts == 2


async def test_a_worker_ends_when_it_is_not_needed(
    tmp_path: Path, render_processes: Callable[[], set[int]]
) -> None:
    async with new_pool(tmp_path, idle_s=0.2) as pool:
        await rendered(pool, new_job("Directory"), GOOD)
        async with asyncio.timeout(10):
            while render_processes():  # noqa: ASYNC110 -- nothing tells of it
                await asyncio.sleep(0.02)
        assert await rendered(pool, new_job("Directory"), GOOD)
        assert pool.starts == 2


async def test_a_worker_does_not_outlive_its_parent(tmp_path: Path) -> None:
    code = f"""
        import asyncio, os, pathlib
        from tests.e2e.renders.jobs import *
        from tests.e2e.renders.test_jail import chart, LOOP
        async def main():
            async with new_pool(pathlib.Path({str(tmp_path)!r})) as pool:
                task = asyncio.create_task(rendered(pool, new_job("Helm"), chart(LOOP)))
                while not pool.renders or not os.listdir({str(tmp_path / "jobs")!r}):
                    await asyncio.sleep(0.05)
                await asyncio.sleep(1)
                from tiphys.sources.render.processes import descendants
                print(*descendants(os.getpid()), flush=True)
                os.kill(os.getpid(), 9)
        asyncio.run(main())
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=False)
    pids = [int(text) for text in done.stdout.split()]
    assert pids
    async with asyncio.timeout(10):
        while any(_is_alive(pid) for pid in pids):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_machine_without_landlock_works_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The kernel refuses the call to all that this thread starts, as one without Landlock does.
    code = f"""
        import asyncio, logging, pathlib, sys
        from tests.e2e.renders.jobs import *
        from tests.e2e.renders.test_jail import GOOD
        from tiphys.sources.render import jail
        jail._LIBC.prctl(38, 1, 0, 0, 0)
        jail._CALLS = {{m: (a, 444, 444) for m, (a, *_) in jail._CALLS.items()}}
        assert jail._refuse_sockets()
        assert jail.landlock_abi() == 0
        logging.basicConfig(stream=sys.stdout, format="%(message)s %(lacking)s")
        async def main():
            async with new_pool(pathlib.Path({str(tmp_path)!r}), size=2) as pool:
                jobs = (rendered(pool, new_job("Directory"), GOOD, once=True) for _ in range(4))
                print(len(await asyncio.gather(*jobs)), pool.starts)
        asyncio.run(main())
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=True)
    lines = done.stdout.decode().splitlines()
    assert len(lines) == 2, done.stdout
    assert "this machine lacks parts of the jail" in lines[0]
    assert "'Landlock'" in lines[0]
    assert lines[1] == "4 4"
    assert logging.getLogger("sources").name == "sources"
