"""`tiphys repocreds`: credentials for all repositories whose addresses begin so."""

from typing import Any

import click

from tiphys.cli.access import Access, with_access
from tiphys.cli.commands.repo import (
    CREDENTIALS,
    SECRET,
    credential_fields,
    secrets_of,
    store,
)
from tiphys.cli.flags import ArgocdCommand, with_options
from tiphys.cli.output import show_records
from tiphys.cli.tables import table
from tiphys.kube.client import KubeClient
from tiphys.model.errors import NotFoundError
from tiphys.model.keys import ResourceKey
from tiphys.settings.secret_manifests import credentials_secret
from tiphys.settings.secrets import decode_secret


@click.group()
def repocreds() -> None:
    """Add, list and remove credentials for many repositories."""


@repocreds.command(cls=ArgocdCommand)
@click.argument("url")
@click.option("--type", "kind", type=click.Choice(["git", "helm", "oci"]), default="git")
@with_options(CREDENTIALS)
@click.option("--upsert", is_flag=True, help="change them if they are there")
@with_access
def add(access: Access, url: str, kind: str, upsert: bool, **flags: Any) -> None:
    """Add credentials for addresses that begin with URL; the longest beginning counts."""
    fields = {"type": kind, "url": url, **credential_fields(flags)}
    secret = credentials_secret(access.namespace, fields)

    async def run(client: KubeClient) -> str:
        done = await store(client, secret, upsert=upsert)
        return f"Repository credentials for '{url}' {done}"

    click.echo(access.run(run))


@repocreds.command(cls=ArgocdCommand, name="list")
@click.option("-o", "--output", type=click.Choice(["wide", "json", "yaml", "url"]), default="wide")
@with_access
def list_credentials(access: Access, output: str) -> None:
    """List the addresses, and the user names for them."""

    async def read(client: KubeClient) -> list[dict[str, str]]:
        found = await secrets_of(client, access.namespace, "repo-creds")
        names = {"url": "url", "username": "username", "type": "type"}
        return [
            {shown: decode_secret(secret).get(name, "") for shown, name in names.items()}
            for secret in found
        ]

    rows = access.run(read)
    if output == "url":
        click.echo("\n".join(row["url"] for row in rows))
        return
    columns = ("URL PATTERN", "USERNAME", "TYPE")
    text = table(columns, [row.values() for row in rows]) if rows else "no repository credentials"
    show_records(rows, output, text)


@repocreds.command(cls=ArgocdCommand)
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@with_access
def rm(access: Access, urls: tuple[str, ...]) -> None:
    """Remove credentials; repositories with their own keep these."""

    async def run(client: KubeClient) -> None:
        by_url = {
            decode_secret(secret).get("url", ""): str(secret["metadata"]["name"])
            for secret in await secrets_of(client, access.namespace, "repo-creds")
        }
        for url in urls:
            if url not in by_url:
                raise NotFoundError(
                    f"repository credentials for `{url}` not found",
                    hint="See which there are with `tiphys repocreds list`.",
                )
            key = ResourceKey("", "Secret", access.namespace, by_url[url])
            await client.delete(SECRET, key)
            click.echo(f"Repository credentials for '{url}' removed")

    access.run(run)
