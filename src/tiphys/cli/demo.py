"""Deploys the demo of `tiphys up` and tells how far it is."""

import asyncio
import time

import yaml
from rich.console import Console

from tiphys.cli.deployment import Progress, demo_of, progress_of, unfinished
from tiphys.cli.workplace import Workplace
from tiphys.kube.client import KubeClient
from tiphys.kube.connection import connect
from tiphys.kube.kubeconfig import load_kubeconfig
from tiphys.model.errors import ApiError, TiphysError
from tiphys.model.keys import GroupVersionKind, Manifest
from tiphys.model.labels import API_GROUP
from tiphys.notifications.catalogue import default_config_map
from tiphys.settings.secrets import decode_secret

_APPLICATION = GroupVersionKind(API_GROUP, "v1alpha1", "Application")
SECRET = GroupVersionKind("", "v1", "Secret")
_DEPLOY_S = 180.0


def deploy_demo(place: Workplace, git_url: str, console: Console) -> list[Progress]:
    """Create the demo's Applications once, and wait until all are where they should be.

    Raises:
        TiphysError: they are not after three minutes.
    """
    return asyncio.run(_deploy(place, git_url, console))


def initial_password(place: Workplace) -> str:
    """Return the password that the first start made for `admin`; "" once its Secret is deleted."""

    async def read() -> str:
        async with connect(load_kubeconfig(place.kubeconfig)) as client:
            secret = await client.get(SECRET, "argocd", "argocd-initial-admin-secret")
        return decode_secret(secret).get("password", "") if secret else ""

    return asyncio.run(read())


async def _deploy(place: Workplace, git_url: str, console: Console) -> list[Progress]:
    from tiphys.sandbox.demo import BROKEN_APPLICATION, applications  # noqa: PLC0415

    seen: dict[str, str] = {}
    deadline = time.monotonic() + _DEPLOY_S
    async with connect(load_kubeconfig(place.kubeconfig)) as client:
        demo = list(yaml.safe_load_all(applications(git_url)))
        names = frozenset(str(manifest["metadata"]["name"]) for manifest in demo)
        await _create_demo(place, [*demo, _notifications(place)], client)
        while True:
            found = demo_of(await client.list(_APPLICATION, "argocd"), names)
            progress = sorted((progress_of(m) for m in found), key=lambda p: p.name)
            _tell(progress, seen, console)
            left = unfinished(progress, BROKEN_APPLICATION)
            if not left:
                return progress
            if time.monotonic() > deadline:
                stuck = "; ".join(f"{p.name} is {p.sync} {p.health} {p.reason}" for p in left)
                raise TiphysError(
                    f"the demo was not deployed within {_DEPLOY_S:.0f} s: {stuck}",
                    where="tiphys up",
                    hint=f"Read the logs in {place.logs}.",
                )
            await asyncio.sleep(0.1)


async def _create_demo(place: Workplace, demo: list[Manifest], client: KubeClient) -> None:
    marker = place.home / "demo-applied"
    if marker.exists():
        return  # what a person deleted since then stays deleted
    for manifest in demo:
        try:
            await client.create(manifest, manager="tiphys-up")
        except ApiError as err:
            if err.status_reason != "AlreadyExists":
                raise
    marker.touch()


def _notifications(place: Workplace) -> Manifest:
    """Return the default triggers and templates of notifications, with links to the demo's UI."""
    manifest = default_config_map("argocd")
    context = f"argocdUrl: http://127.0.0.1:{place.ports().server}\n"
    return {**manifest, "data": {**manifest["data"], "context": context}}


def _tell(progress: list[Progress], seen: dict[str, str], console: Console) -> None:
    for found in progress:
        text = f"{found.sync or 'waiting':<10} {found.health}"
        if seen.get(found.name) != text:
            seen[found.name] = text
            console.print(f"  {found.name:<24} {text}", highlight=False)
