"""`tiphys cluster`: the clusters that an installation may deploy to, kept as Secrets."""

import asyncio
import functools
from typing import Any

import click

from tiphys.cli.access import Access, with_access
from tiphys.cli.cluster_account import Account, create_account
from tiphys.cli.flags import ArgocdCommand
from tiphys.cli.output import show_records
from tiphys.cli.spec_flags import pairs
from tiphys.cli.tables import table
from tiphys.kube.client import KubeClient
from tiphys.kube.cluster_secret import config_from_secret
from tiphys.kube.connection import connect
from tiphys.kube.kubeconfig import load_kubeconfig
from tiphys.model.cluster import ClusterRecord
from tiphys.model.errors import ApiError, InvalidInputError, NotFoundError, TiphysError
from tiphys.model.keys import GroupVersionKind, Manifest, ResourceKey
from tiphys.model.labels import IN_CLUSTER_SERVER, SECRET_TYPE
from tiphys.settings.secret_manifests import cluster_config, cluster_secret
from tiphys.settings.secrets import parse_clusters
from tiphys.sources.addresses import redacted

_SECRET = GroupVersionKind("", "v1", "Secret")
_COLUMNS = ("SERVER", "NAME", "VERSION", "STATUS", "MESSAGE", "PROJECT")


@click.group()
def cluster() -> None:
    """Add, list and remove destination clusters."""


@cluster.command(cls=ArgocdCommand)
@click.argument("context")
@click.option("--name", default="", help="instead of the context's")
@click.option("--project", default="", help="the only project that may deploy there")
@click.option("--namespace", multiple=True, help="manage only these namespaces")
@click.option("--cluster-resources", is_flag=True, help="with --namespace: cluster-wide kinds too")
@click.option("--in-cluster", is_flag=True, help="the cluster that tiphys itself runs in")
@click.option("--service-account", default="", help="NAMESPACE:NAME that is there already")
@click.option("--label", multiple=True, help="name=value, on its Secret")
@click.option("--annotation", multiple=True, help="name=value, on its Secret")
@click.option("--shard", type=click.IntRange(min=0), help="of the controller that looks after it")
@click.option("--system-namespace", default="kube-system", show_default=True)
@click.option("--upsert", is_flag=True, help="change it if it is there")
@click.option("-y", "--yes", is_flag=True, help="do not ask")
@with_access
def add(access: Access, context: str, upsert: bool, yes: bool, **flags: Any) -> None:
    """Add the cluster of a kubeconfig's context.

    Makes a service account argocd-manager there that may do everything, or everything in the
    namespaces that are named, and keeps its token.
    """
    config = load_kubeconfig(access.kubeconfig, context)
    scope = ", ".join(flags["namespace"]) or "all namespaces"
    question = f"Create a service account at {config.server} that may do everything in {scope}?"
    if not (yes or flags["service_account"] or click.confirm(question, err=True)):
        raise click.Abort
    server = IN_CLUSTER_SERVER if flags["in_cluster"] else config.server

    async def make_account() -> Account:
        async with connect(config) as client:
            return await create_account(
                client,
                flags["system_namespace"],
                namespaces=flags["namespace"],
                existing=flags["service_account"],
            )

    async def run(client: KubeClient) -> None:
        token = (await make_account()).token
        fields = {
            "name": flags["name"] or context,
            "server": server,
            "namespaces": ",".join(flags["namespace"]),
            "clusterResources": "true" if flags["cluster_resources"] else "",
            "project": flags["project"],
            "shard": "" if flags["shard"] is None else str(flags["shard"]),
            "config": cluster_config(
                token, config.ca, config.tls_server_name, insecure=config.insecure
            ),
        }
        secret = cluster_secret(access.namespace, fields)
        secret["metadata"]["labels"] |= pairs(flags["label"])
        secret["metadata"]["annotations"] |= pairs(flags["annotation"])
        await _store(client, secret, server, upsert=upsert)

    access.run(run)
    click.echo(f"Cluster '{server}' added")


async def _store(client: KubeClient, secret: Manifest, server: str, *, upsert: bool) -> None:
    try:
        await client.create(secret, manager="tiphys-cli")
    except ApiError as err:
        if err.status_reason != "AlreadyExists":
            raise
        if not upsert:
            raise InvalidInputError(
                "existing cluster spec is different", where=server, hint="Add --upsert."
            ) from None
        await client.replace(secret, manager="tiphys-cli")


@cluster.command(cls=ArgocdCommand, name="list")
@click.option(
    "-o", "--output", type=click.Choice(["wide", "json", "yaml", "server"]), default="wide"
)
@with_access
def list_clusters(access: Access, output: str) -> None:
    """List the clusters, and whether they answer."""
    rows = access.run(lambda client: _described_all(access, client))
    if output == "server":
        click.echo("\n".join(row["server"] for row in rows))
        return
    show_records(rows, output, table(_COLUMNS, [row.values() for row in rows]))


@cluster.command(cls=ArgocdCommand)
@click.argument("server")
@click.option("-o", "--output", type=click.Choice(["wide", "json", "yaml"]), default="yaml")
@with_access
def get(access: Access, server: str, output: str) -> None:
    """Show a cluster, named by its address or name."""
    rows = access.run(lambda client: _described_all(access, client))
    found = [row for row in rows if server.rstrip("/") in {row["server"], row["name"]}]
    if not found:
        raise _absent(server)
    show_records(found, output, table(_COLUMNS, [row.values() for row in found]))


@cluster.command(cls=ArgocdCommand)
@click.argument("servers", nargs=-1, required=True, metavar="SERVER...")
@click.option("-y", "--yes", is_flag=True, help="do not ask")
@with_access
def rm(access: Access, servers: tuple[str, ...], yes: bool) -> None:
    """Remove clusters, named by address or name; what runs there stays."""

    async def remove(secret: str, client: KubeClient) -> None:
        await client.delete(_SECRET, ResourceKey("", "Secret", access.namespace, secret))

    named = access.run(lambda client: _secret_names(client, access.namespace))
    for server in servers:
        if server.rstrip("/") not in named:
            raise _absent(server)
        if not (
            yes or click.confirm(f"Remove cluster '{server}'? What runs there stays.", err=True)
        ):
            continue
        access.run(functools.partial(remove, named[server.rstrip("/")]))
        click.echo(f"Cluster '{server}' removed")


async def _secret_names(client: KubeClient, namespace: str) -> dict[str, str]:
    """Return the Secrets' names by the addresses and by the names of their clusters."""
    return {
        identity: str(secret["metadata"]["name"])
        for secret, record in await _records(client, namespace)
        if secret is not None
        for identity in (record.name, record.server)
    }


def _absent(server: str) -> NotFoundError:
    return NotFoundError(
        f"cluster `{server}` not found", hint="See which there are with `tiphys cluster list`."
    )


async def _records(
    client: KubeClient, namespace: str
) -> list[tuple[Manifest | None, ClusterRecord]]:
    secrets = await client.list(_SECRET, namespace, labelSelector=f"{SECRET_TYPE}=cluster")
    found: list[tuple[Manifest | None, ClusterRecord]] = []
    for secret in secrets:
        [record] = parse_clusters([secret], in_cluster_enabled=False)
        found.append((secret, record))
    if all(record.server != IN_CLUSTER_SERVER for _, record in found):
        [own] = parse_clusters([], in_cluster_enabled=True)
        found.append((None, own))
    return sorted(found, key=lambda entry: entry[1].server)


async def _described_all(access: Access, client: KubeClient) -> list[dict[str, str]]:
    records = await _records(client, access.namespace)
    return list(await asyncio.gather(*(_described(access, record) for _, record in records)))


async def _described(access: Access, record: ClusterRecord) -> dict[str, str]:
    version, status, message = "", "Successful", ""
    try:
        config = (
            access.config
            if record.is_in_cluster
            else config_from_secret(record.secret_data, f"cluster {record.name}")
        )
        async with connect(config) as reached:
            version = reached.discovery.version
    except TiphysError as err:
        status, message = "Failed", " ".join(err.line.split())
    return {
        "server": redacted(record.server),
        "name": record.name,
        "version": version,
        "status": status,
        "message": message,
        "project": record.project,
    }
