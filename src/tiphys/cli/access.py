"""Which cluster a command talks to: the options that all commands have."""

import asyncio
import functools
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from tiphys.cli.workplace import Workplace
from tiphys.kube.client import KubeClient
from tiphys.kube.config import ClusterConfig
from tiphys.kube.connection import connect
from tiphys.kube.kubeconfig import load_kubeconfig

_T = TypeVar("_T")
_OPTIONS = (
    click.option(
        "--kubeconfig",
        type=click.Path(path_type=Path),
        help="else $KUBECONFIG, else what `make up` wrote, else ~/.kube/config",
    ),
    click.option("--kube-context", default="", help="of the kubeconfig; else its current one"),
    click.option(
        "-N", "--app-namespace", default="argocd", show_default=True, help="of the Applications"
    ),
    click.option("--core", is_flag=True, hidden=True, help="as in argocd; always so here"),
)


class Access(NamedTuple):
    """The cluster that holds the Applications, and their namespace there."""

    config: ClusterConfig
    namespace: str
    kubeconfig: tuple[Path, ...]

    def run(self, act: Callable[[KubeClient], Awaitable[_T]]) -> _T:
        """Do something with a client of the cluster."""

        async def connected() -> _T:
            async with connect(self.config) as client:
                return await act(client)

        return asyncio.run(connected())


def with_access(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say where the Applications are, as its first argument."""

    @functools.wraps(command)
    def wrapped(
        *, kubeconfig: Path | None, kube_context: str, app_namespace: str, core: bool, **given: Any
    ) -> Any:
        del core
        files = (kubeconfig,) if kubeconfig else default_kubeconfig()
        kube_context = kube_context or click.get_current_context().obj or ""
        access = Access(load_kubeconfig(files, kube_context), app_namespace, files)
        return command(access, **given)

    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def default_kubeconfig() -> tuple[Path, ...]:
    """Return those of $KUBECONFIG, else that of `tiphys up` in this folder, else the user's own."""
    named = [name for name in os.environ.get("KUBECONFIG", "").split(os.pathsep) if name]
    if named:
        return tuple(Path(name) for name in named)
    own = Workplace.current().kubeconfig
    return (own if own.exists() else Path.home() / ".kube" / "config",)
