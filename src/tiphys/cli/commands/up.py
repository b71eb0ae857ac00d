"""`tiphys up`: a sandbox with a demo, deployed by tiphys, on this machine."""

import importlib
import shutil
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from tiphys.cli import processes
from tiphys.cli.deployment import Progress
from tiphys.cli.workplace import Ports, Workplace
from tiphys.model.errors import TiphysError

_START_S = 30.0
_REPOSITORY = "demo"


@click.command()
def up() -> None:
    """Start an embedded cluster with a demo repository, and deploy it.

    All state lies in .tiphys/ of this folder, or in TIPHYS_HOME.
    """
    place = Workplace.current()
    ports = place.ports()
    console = Console(stderr=True)
    git_url = f"http://127.0.0.1:{ports.git}/{_REPOSITORY}.git"
    _start_sandbox(place, ports, console)
    place.git_url_file.write_text(git_url + "\n")
    _start_tiphys(place, ports, console)
    from tiphys.cli.demo import deploy_demo, initial_password  # noqa: PLC0415 -- loaded by now

    applications = deploy_demo(place, git_url, console)
    password = initial_password(place)
    click.echo(_summary(place, ports, (git_url, applications), password))


def _start_sandbox(place: Workplace, ports: Ports, console: Console) -> None:
    if processes.is_running(place.sandbox_pid):
        console.print("the sandbox cluster is running")
        return
    place.require_free("the sandbox's API", ports.api)
    place.require_free("the Git server", ports.git)
    kubeconfig = place.sandbox / "kubeconfig"
    kubeconfig.unlink(missing_ok=True)
    console.print("starting the sandbox cluster")
    webhook = f"http://127.0.0.1:{ports.server}/api/webhook"
    arguments = ["sandbox", "--home", str(place.sandbox), "--port", str(ports.api)]
    arguments += ["--git-port", str(ports.git), "--webhook-url", webhook]
    log = place.logs / "sandbox.log"
    processes.start(arguments, log=log, pid_file=place.sandbox_pid, environment={})
    _prepare_demo(place)  # while the other process starts
    _wait("the sandbox", kubeconfig.exists, place, place.sandbox_pid)
    shutil.copyfile(kubeconfig, place.kubeconfig)
    place.kubeconfig.chmod(0o600)


def _prepare_demo(place: Workplace) -> None:
    from tiphys.sandbox.demo import content_dir  # noqa: PLC0415 -- only `up` needs the demo
    from tiphys.sandbox.git.repository import ensure_repository  # noqa: PLC0415

    ensure_repository(place.sandbox / "git", _REPOSITORY, content_dir())
    importlib.import_module("tiphys.cli.demo")


def _start_tiphys(place: Workplace, ports: Ports, console: Console) -> None:
    if processes.is_running(place.tiphys_pid):
        console.print("tiphys is running")
        return
    place.require_free("tiphys", ports.server)
    console.print("starting tiphys")
    arguments = ["run", "--kubeconfig", str(place.kubeconfig), "--home", str(place.cache)]
    arguments += ["--port", str(ports.server)]
    log = place.logs / "tiphys.log"
    processes.start(arguments, log=log, pid_file=place.tiphys_pid, environment={})
    address = f"http://127.0.0.1:{ports.server}/healthz"
    _wait("tiphys", lambda: _answers(address), place, place.tiphys_pid)


def _wait(what: str, look: Callable[[], bool], place: Workplace, pid_file: Any) -> None:
    deadline = time.monotonic() + _START_S
    while not look():
        if not processes.is_running(pid_file) or time.monotonic() > deadline:
            raise TiphysError(
                f"{what} did not start",
                where="tiphys up",
                hint=f"Read the logs in {place.logs}.",
            )
        time.sleep(0.05)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310 -- our own server
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _summary(
    place: Workplace, ports: Ports, demo: tuple[str, list[Progress]], password: str
) -> str:
    git_url, progress = demo
    done = sum(found.is_done for found in progress)
    broken = [f"  {p.name} is broken on purpose: {p.reason}" for p in progress if not p.is_done]
    return "\n".join(
        [
            "",
            f"{done} of {len(progress)} applications are Synced and Healthy.",
            *broken,
            "",
            f"  tiphys    http://127.0.0.1:{ports.server}",
            f"  user      admin, password {password}" if password else "  user      admin",
            f"  cluster   https://127.0.0.1:{ports.api} (a sandbox: its workloads are simulated)",
            f"  git       {git_url}",
            f"  webhook   http://127.0.0.1:{ports.server}/api/webhook",
            f"  logs      {place.logs}",
            "",
            "Try next:",
            f"  export KUBECONFIG={place.kubeconfig} PATH={Path(sys.prefix) / 'bin'}:$PATH",
            "  kubectl get applications -n argocd",
            f"  git clone {git_url} demo   # change something, push, and see it live",
            "  tiphys app get guestbook",
            "  make down                  # stop; the next `make up` finds everything again",
        ]
    )
