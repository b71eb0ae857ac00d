"""`tiphys app sync|wait|rollback|terminate-op|delete`: what makes something happen."""

import functools
import getpass
from typing import Any

import click

from tiphys.cli.access import Access, with_access
from tiphys.cli.application_text import operation_text
from tiphys.cli.commands.app.looking import differences
from tiphys.cli.flags import ArgocdCommand, output_option
from tiphys.cli.following import Awaited, follow, started_at
from tiphys.cli.output import show
from tiphys.cli.sync_flags import chosen_rows, parse_resource, sync_request, with_sync_flags
from tiphys.delivery.clock import system_clock
from tiphys.delivery.requests import finalizer_patch, rollback_patch, sync_patch, terminate_patch
from tiphys.delivery.stored_applications import APPLICATION, Applications
from tiphys.delivery.sync_windows import require_open_window_of
from tiphys.kube.client import KubeClient
from tiphys.model.keys import Manifest

_NOT_SUCCEEDED = 1
_OPERATION = Awaited(operation=True)


@click.command(cls=ArgocdCommand)
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option("-l", "--selector", default="", help="sync those with these labels")
@click.option("--project", multiple=True, help="sync those of these projects")
@with_sync_flags
@click.option("--preview-changes", is_flag=True, help="show what differs, and ask before the sync")
@click.option("--assumeYes", "assume_yes", is_flag=True, help="do not ask")
@click.option("--async", "is_async", is_flag=True, help="do not wait for the end")
@click.option("--timeout", default=0, help="seconds to wait for the end; 0 waits without end")
@output_option()
@with_access
def sync(
    access: Access,
    names: tuple[str, ...],
    selector: str,
    project: tuple[str, ...],
    is_async: bool,
    timeout: int,
    output: str,
    **flags: Any,
) -> None:
    """Sync Applications, and wait for the end."""
    request = sync_request(flags)

    async def choose(client: KubeClient) -> list[Manifest]:
        found = await Applications(client, access.namespace).chosen(names, selector, project)
        for app in found if not request.dry_run else ():
            await require_open_window_of(client, app, access.namespace, system_clock())
        return found

    async def run(client: KubeClient) -> list[Manifest]:
        applications = Applications(client, access.namespace)
        user = getpass.getuser()
        asked = [
            await applications.ask(_name(app), lambda app: sync_patch(app, request, user))
            for app in chosen
        ]
        if is_async:
            return []
        ends = [await _ended(applications, app, timeout, output) for app in asked]
        return [found for found in ends if found]

    chosen = access.run(choose)
    if flags["preview_changes"]:
        _preview(access, chosen, is_asked=not flags["assume_yes"])
    ended = access.run(run)
    if not is_async:
        _show_ended(ended, output)
    _require_success(ended, whole=not request.resources and not request.dry_run)


def _preview(access: Access, chosen: list[Manifest], *, is_asked: bool) -> None:
    """Show what a sync would change, on standard error; ask, and stop when that is not wanted."""
    for app in chosen:
        lines = access.run(functools.partial(_differences, access, app))
        click.echo("\n".join([f"{_name(app)}:", *(lines or ["nothing differs"])]), err=True)
    if is_asked:
        click.confirm("Sync?", abort=True, err=True)


async def _differences(access: Access, app: Manifest, client: KubeClient) -> list[str]:
    return await differences(access, client, app, [])


def _show_ended(ended: list[Manifest], output: str) -> None:
    text = "\n".join(f"\n{_name(app)}\n{operation_text(app)}" for app in ended)
    show(ended[0] if len(ended) == 1 else ended, output, text)


@click.command(cls=ArgocdCommand)
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option("-l", "--selector", default="", help="wait for those with these labels")
@click.option("--sync", "is_sync", is_flag=True, help="until Synced")
@click.option("--health", is_flag=True, help="until Healthy")
@click.option("--suspended", is_flag=True, help="until Suspended")
@click.option("--degraded", is_flag=True, help="until Degraded")
@click.option("--operation", is_flag=True, help="until no operation runs")
@click.option("--delete", "deletion", is_flag=True, help="until it is gone")
@click.option("--resource", multiple=True, help="only [!]GROUP:KIND:[NAMESPACE/]NAME, globs")
@click.option("--timeout", default=0, help="seconds; 0 waits without end")
@output_option()
@with_access
def wait(
    access: Access,
    names: tuple[str, ...],
    selector: str,
    is_sync: bool,
    resource: tuple[str, ...],
    timeout: int,
    output: str,
    **flags: bool,
) -> None:
    """Wait until Applications are Synced, Healthy and idle, or as the flags say."""
    awaited = Awaited(sync=is_sync, **flags)
    if awaited == Awaited():
        awaited = Awaited(sync=True, health=True, operation=True)
    selectors = [parse_resource(text) for text in resource]

    async def run(client: KubeClient) -> list[Manifest | None]:
        applications = Applications(client, access.namespace)
        chosen = names
        if not names:
            chosen = tuple(_name(app) for app in await applications.chosen(names, selector))
        return [
            await follow(
                applications,
                name,
                awaited,
                timeout,
                chosen=lambda app: chosen_rows(app, selectors),
                is_quiet=output != "wide",
            )
            for name in chosen
        ]

    found = [app for app in access.run(run) if app]
    if output != "wide":
        show(found[0] if len(found) == 1 else found, output, "")


@click.command(cls=ArgocdCommand)
@click.argument("name")
@click.argument("history_id", type=int, required=False)
@click.option("--prune", is_flag=True, help="delete what that revision did not have")
@click.option("--dry-run", is_flag=True, help="only tell what it would do")
@click.option("--timeout", default=0, help="seconds to wait for the end; 0 waits without end")
@output_option()
@with_access
def rollback(
    access: Access,
    name: str,
    history_id: int | None,
    timeout: int,
    output: str,
    **how: bool,
) -> None:
    """Bring back what was deployed before: an entry of the history, else the last but one."""

    async def run(client: KubeClient) -> list[Manifest]:
        applications = Applications(client, access.namespace)
        user = getpass.getuser()
        app = await applications.get(name)
        await require_open_window_of(client, app, access.namespace, system_clock())
        asked = await applications.ask(
            name,
            lambda app: rollback_patch(app, history_id, user, **how),
        )
        ended = await _ended(applications, asked, timeout, output)
        return [ended] if ended else []

    ended = access.run(run)
    _show_ended(ended, output)
    _require_success(ended, whole=False)


@click.command(cls=ArgocdCommand, name="terminate-op")
@click.argument("name")
@with_access
def terminate_operation(access: Access, name: str) -> None:
    """End the running operation of an Application."""
    access.run(lambda client: Applications(client, access.namespace).ask(name, terminate_patch))
    click.echo(f"Application '{name}' operation terminating")


@click.command(cls=ArgocdCommand)
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option("-l", "--selector", default="", help="delete those with these labels")
@click.option("--cascade/--no-cascade", default=True, help="delete their objects too")
@click.option(
    "-p",
    "--propagation-policy",
    type=click.Choice(["foreground", "background"]),
    default="foreground",
    show_default=True,
)
@click.option("-y", "--yes", is_flag=True, help="do not ask")
@click.option("--wait", "is_waiting", is_flag=True, help="until they are gone")
@with_access
def delete(
    access: Access,
    names: tuple[str, ...],
    selector: str,
    cascade: bool,
    propagation_policy: str,
    yes: bool,
    is_waiting: bool,
) -> None:
    """Delete Applications, with their objects unless told otherwise."""

    async def choose(client: KubeClient) -> list[str]:
        chosen = await Applications(client, access.namespace).chosen(names, selector)
        return [_name(app) for app in chosen]

    async def run(name: str, client: KubeClient) -> None:
        applications = Applications(client, access.namespace)
        await applications.ask(
            name,
            lambda app: finalizer_patch(app, cascade=cascade, propagation=propagation_policy),
        )
        await client.delete(APPLICATION, applications.key(name))
        if is_waiting:
            await follow(applications, name, Awaited(deletion=True), 0)

    for name in access.run(choose):
        what = "and its objects" if cascade else "and leave its objects"
        if not yes and not click.confirm(f"Delete application '{name}' {what}?", err=True):
            click.echo(f"application '{name}' kept")
            continue
        access.run(functools.partial(run, name))
        click.echo(f"application '{name}' deleted")


async def _ended(
    applications: Applications, asked: Manifest, timeout_s: int, output: str
) -> Manifest | None:
    past, is_quiet = started_at(asked), output != "wide"
    return await follow(
        applications, _name(asked), _OPERATION, timeout_s, past=past, is_quiet=is_quiet
    )


def _require_success(ended: list[Manifest], *, whole: bool) -> None:
    """End with 1 when an operation failed, or left something that needs pruning."""
    for app in ended:
        status = app.get("status") or {}
        state = status.get("operationState") or {}
        if state.get("phase") != "Succeeded":
            _fail(f"Operation has completed with phase: {state.get('phase')}")
        left = _left_to_prune(status)
        if whole and left and (status.get("sync") or {}).get("status") != "Synced":
            _fail(f"{left} resources require pruning\n\nhint: Sync with --prune.")


def _fail(text: str) -> None:
    click.echo(f"error: {text}", err=True)
    raise click.exceptions.Exit(_NOT_SUCCEEDED)


def _name(app: Manifest) -> str:
    return f"{app['metadata']['namespace']}/{app['metadata']['name']}"


def _left_to_prune(status: Manifest) -> int:
    """Return how many objects left Git and stay; what is deleted just now does not."""
    result = (status.get("operationState") or {}).get("syncResult") or {}
    pruned = {_row_key(r) for r in result.get("resources") or [] if r.get("status") == "Pruned"}
    rows = status.get("resources") or []
    return sum(bool(row.get("requiresPruning")) and _row_key(row) not in pruned for row in rows)


def _row_key(row: Manifest) -> tuple[str, ...]:
    return tuple(str(row.get(part) or "") for part in ("group", "kind", "namespace", "name"))
