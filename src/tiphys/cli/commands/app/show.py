"""`tiphys app list|get|history|diff|manifests|resources`: what reads and changes nothing."""

from typing import Any

import click

from tiphys.cli.access import Access, with_access
from tiphys.cli.application_text import (
    application_text,
    history_table,
    list_table,
    operation_text,
    parameter_table,
    resource_table,
    tree_table,
)
from tiphys.cli.commands.app.looking import (
    differences,
    inspecting,
    wanted_revisions,
    with_revision_flags,
)
from tiphys.cli.documents import documents
from tiphys.cli.flags import ArgocdCommand, ArgocdDiff, output_option
from tiphys.cli.output import show
from tiphys.cli.yaml_text import yaml_text
from tiphys.delivery.stored_applications import Applications
from tiphys.kube.client import KubeClient
from tiphys.model.keys import Manifest, ResourceKey

_TREES = ("tree", "tree=detailed")


@click.command(cls=ArgocdCommand, name="list")
@click.option("-l", "--selector", default="", help="labels, as kubectl has them")
@click.option("-p", "--project", multiple=True, help="only of these projects")
@click.option("-r", "--repo", default="", help="only from this repository")
@click.option("-c", "--cluster", default="", help="only to this cluster, by address or name")
@click.option("-P", "--path", default="", help="only from this path")
@output_option()
@with_access
def list_applications(
    access: Access,
    output: str,
    selector: str,
    project: tuple[str, ...],
    repo: str,
    cluster: str,
    path: str,
) -> None:
    """List the Applications."""

    async def read(client: KubeClient) -> list[Manifest]:
        return await Applications(client, access.namespace).selected(selector)

    def is_wanted(found: Manifest) -> bool:
        spec = found["spec"]
        sources = spec.get("sources") or [spec.get("source") or {}]
        return (
            (not project or spec.get("project", "default") in project)
            and (not repo or any(source.get("repoURL") == repo for source in sources))
            and (not path or any(source.get("path") == path for source in sources))
            and (not cluster or cluster in (spec.get("destination") or {}).values())
        )

    found = [app for app in access.run(read) if is_wanted(app)]
    show(found, output, list_table(found) if found else "no applications")


@click.command(cls=ArgocdCommand)
@click.argument("name")
@click.option("--refresh", is_flag=True, help="have it compared anew before")
@click.option("--hard-refresh", is_flag=True, help="have it rendered anew before")
@click.option("--show-operation", is_flag=True, help="the last operation too")
@click.option("--show-params", is_flag=True, help="the parameters that override the chart's too")
@click.option("--timeout", default=0, help="seconds to wait for the refresh; 0 is a minute")
@output_option(*_TREES)
@with_access
def get(
    access: Access,
    name: str,
    refresh: bool,
    hard_refresh: bool,
    timeout: int,
    output: str,
    **also: bool,
) -> None:
    """Show how an Application stands, and why."""

    async def read(client: KubeClient) -> Manifest:
        applications = Applications(client, access.namespace)
        if refresh or hard_refresh:
            return await applications.refresh(name, hard=hard_refresh, timeout_s=timeout)
        return await applications.get(name)

    if output in _TREES:
        found, table = access.run(lambda client: _tree(access, client, name))
        click.echo(f"{application_text(found, with_resources=False)}\n\n{table}")
        return
    found = access.run(read)
    parts = [application_text(found)]
    parts += [operation_text(found)] if also["show_operation"] else []
    parts += [parameter_table(found)] if also["show_params"] else []
    show(found, output, "\n\n".join(parts))


@click.command(cls=ArgocdCommand)
@click.argument("name")
@click.option("-o", "--output", type=click.Choice(["wide", "id"]), default="wide")
@with_access
def history(access: Access, name: str, output: str) -> None:
    """Show what was deployed, when, and by whom."""
    found = access.run(lambda client: Applications(client, access.namespace).get(name))
    if output == "id":
        entries = (found.get("status") or {}).get("history") or []
        click.echo("\n".join(str(entry["id"]) for entry in entries))
        return
    click.echo(history_table(found))


@click.command(cls=ArgocdDiff)
@click.argument("name")
@with_revision_flags
@click.option("--refresh", is_flag=True, hidden=True, help="always so here")
@click.option("--hard-refresh", is_flag=True, hidden=True, help="always so here")
@click.option("--exit-code/--no-exit-code", default=True, help="tell by the exit code")
@click.option("--diff-exit-code", default=1, show_default=True, help="code when there are any")
@with_access
def diff(
    access: Access,
    name: str,
    refresh: bool,
    hard_refresh: bool,
    exit_code: bool,
    diff_exit_code: int,
    **flags: Any,
) -> None:
    """Show field by field where live differs from Git, and who wrote the live value.

    Ends with 1 when something differs, and with 2 when that cannot be told.
    """
    del refresh, hard_refresh

    async def run(client: KubeClient) -> list[str]:
        manifest = await Applications(client, access.namespace).get(name)
        return await differences(access, client, manifest, wanted_revisions(manifest, flags))

    lines = access.run(run)
    for line in lines:
        click.echo(line)
    if lines and exit_code:
        raise click.exceptions.Exit(diff_exit_code)


@click.command(cls=ArgocdCommand)
@click.argument("name")
@click.option("--source", type=click.Choice(["git", "live"]), default="git", show_default=True)
@with_revision_flags
@with_access
def manifests(access: Access, name: str, source: str, **flags: Any) -> None:
    """Print the objects of an Application as YAML: as Git wants them, or as they are.

    The values of Secrets are masked.
    """

    async def run(client: KubeClient) -> list[Manifest]:
        manifest = await Applications(client, access.namespace).get(name)
        async with inspecting(access, client, manifest) as inspection:
            if source == "live":
                found = await inspection.live()
            else:
                targets = await inspection.targets(wanted_revisions(manifest, flags))
                found = [target.manifest() for target in targets.targets]
            return documents(found, inspection.sensitive_annotations)

    for document in access.run(run):
        click.echo("---")
        click.echo(yaml_text(document).rstrip())


@click.command(cls=ArgocdCommand)
@click.argument("name")
@click.option("--orphaned", is_flag=True, help="what nobody owns in its namespace, instead")
@click.option("-o", "--output", type=click.Choice(["wide", *_TREES]), default="wide")
@with_access
def resources(access: Access, name: str, orphaned: bool, output: str) -> None:
    """List the objects of an Application, as a tree with what they own.

    Orphans are looked for where the project monitors them.
    """
    if orphaned:
        keys = access.run(lambda client: _orphans(access, client, name))
        rows = [{**key._asdict()} for key in keys]
        click.echo(resource_table({"status": {"resources": rows}}) or "no orphaned resources")
        return
    if output in _TREES:
        _, table = access.run(lambda client: _tree(access, client, name))
        click.echo(table)
        return
    found = access.run(lambda client: Applications(client, access.namespace).get(name))
    click.echo(resource_table(found) or "no resources")


async def _orphans(access: Access, client: KubeClient, name: str) -> tuple[ResourceKey, ...]:
    found = await Applications(client, access.namespace).get(name)
    async with inspecting(access, client, found) as inspection:
        await inspection.live()
        return inspection.orphans()


async def _tree(access: Access, client: KubeClient, name: str) -> tuple[Manifest, str]:
    found = await Applications(client, access.namespace).get(name)
    async with inspecting(access, client, found) as inspection:
        return found, tree_table(await inspection.tree(found.get("status") or {}))
