"""`tiphys app list|get|history|diff|manifests|resources`: what reads and changes nothing."""

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import click
import yaml

from tiphys.cli.access import Access, with_access
from tiphys.cli.application_text import (
    application_text,
    history_table,
    list_table,
    operation_text,
    resource_table,
    tree_table,
)
from tiphys.cli.applications import Applications
from tiphys.cli.documents import documents
from tiphys.cli.drift_text import drift_lines
from tiphys.cli.flags import ArgocdCommand, output_option
from tiphys.cli.output import show
from tiphys.kube.client import KubeClient
from tiphys.model.errors import TiphysError
from tiphys.model.keys import Manifest

if TYPE_CHECKING:
    from tiphys.cli.inspection import Inspection

_DIFF_FAILED = 2


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
@output_option("tree")
@with_access
def get(
    access: Access,
    name: str,
    refresh: bool,
    hard_refresh: bool,
    show_operation: bool,
    output: str,
) -> None:
    """Show how an Application stands, and why."""

    async def read(client: KubeClient) -> Manifest:
        applications = Applications(client, access.namespace)
        if refresh or hard_refresh:
            return await applications.refresh(name, hard=hard_refresh)
        return await applications.get(name)

    if output == "tree":
        found, table = access.run(lambda client: _tree(access, client, name))
        click.echo(f"{application_text(found, with_resources=False)}\n\n{table}")
        return
    found = access.run(read)
    operation = f"\n\n{operation_text(found)}" if show_operation else ""
    show(found, output, application_text(found) + operation)


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


@click.command(cls=ArgocdCommand)
@click.argument("name")
@click.option("--revision", default="", help="compare with this instead of the target revision")
@click.option("--refresh", is_flag=True, hidden=True, help="always so here")
@click.option("--hard-refresh", is_flag=True, hidden=True, help="always so here")
@click.option("--exit-code/--no-exit-code", default=True, help="tell by the exit code")
@click.option("--diff-exit-code", default=1, show_default=True, help="code when there are any")
@with_access
def diff(
    access: Access,
    name: str,
    revision: str,
    refresh: bool,
    hard_refresh: bool,
    exit_code: bool,
    diff_exit_code: int,
) -> None:
    """Show field by field where live differs from Git, and who wrote the live value.

    Ends with 1 when something differs, and with 2 when that cannot be told.
    """
    del refresh, hard_refresh

    async def run(client: KubeClient) -> list[str]:
        manifest = await Applications(client, access.namespace).get(name)
        async with _inspect(access, client, manifest) as inspection:
            compared = await inspection.compare(revision)
            return drift_lines(compared.comparisons, inspection.sensitive_annotations)

    try:
        lines = access.run(run)
    except TiphysError as err:
        click.echo(f"error: {err}", err=True)
        raise click.exceptions.Exit(_DIFF_FAILED) from None
    for line in lines:
        click.echo(line)
    if lines and exit_code:
        raise click.exceptions.Exit(diff_exit_code)


@click.command(cls=ArgocdCommand)
@click.argument("name")
@click.option("--source", type=click.Choice(["git", "live"]), default="git", show_default=True)
@click.option("--revision", default="", help="instead of the target revision")
@with_access
def manifests(access: Access, name: str, source: str, revision: str) -> None:
    """Print the objects of an Application as YAML: as Git wants them, or as they are.

    The values of Secrets are masked.
    """

    async def run(client: KubeClient) -> list[Manifest]:
        manifest = await Applications(client, access.namespace).get(name)
        async with _inspect(access, client, manifest) as inspection:
            if source == "live":
                found = await inspection.live()
            else:
                targets = await inspection.targets(revision)
                found = [target.manifest() for target in targets.targets]
            return documents(found, inspection.sensitive_annotations)

    for document in access.run(run):
        click.echo("---")
        click.echo(yaml.safe_dump(document, sort_keys=False).rstrip())


@click.command(cls=ArgocdCommand)
@click.argument("name")
@click.option("-o", "--output", type=click.Choice(["wide", "tree"]), default="wide")
@with_access
def resources(access: Access, name: str, output: str) -> None:
    """List the objects of an Application, as a tree with what they own."""
    if output == "tree":
        _, table = access.run(lambda client: _tree(access, client, name))
        click.echo(table)
        return
    found = access.run(lambda client: Applications(client, access.namespace).get(name))
    click.echo(resource_table(found) or "no resources")


async def _tree(access: Access, client: KubeClient, name: str) -> tuple[Manifest, str]:
    found = await Applications(client, access.namespace).get(name)
    async with _inspect(access, client, found) as inspection:
        return found, tree_table(await inspection.tree(found.get("status") or {}))


def _inspect(
    access: Access, client: KubeClient, manifest: Manifest
) -> AbstractAsyncContextManager["Inspection"]:
    # Only what renders and compares pays for loading that.
    from tiphys.cli.inspection import inspect  # noqa: PLC0415

    return inspect(access.config, client, access.namespace, manifest)
