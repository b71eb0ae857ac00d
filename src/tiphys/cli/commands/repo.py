"""`tiphys repo`: the repositories that an installation may read, kept as Secrets."""

import asyncio
import functools
from pathlib import Path
from typing import Any

import click

from tiphys.cli.access import Access, with_access
from tiphys.cli.flags import ArgocdCommand
from tiphys.cli.output import show_records
from tiphys.cli.tables import table
from tiphys.kube.client import KubeClient
from tiphys.model.errors import ApiError, InvalidInputError, NotFoundError, SourceError
from tiphys.model.keys import GroupVersionKind, Manifest, ResourceKey, key_of
from tiphys.model.labels import SECRET_TYPE
from tiphys.settings.secret_manifests import repository_secret
from tiphys.settings.secrets import decode_secret
from tiphys.sources.access import RepositoryAccess
from tiphys.sources.connection import check_repository

SECRET = GroupVersionKind("", "v1", "Secret")
_COLUMNS = (
    "TYPE", "NAME", "REPO", "INSECURE", "OCI", "LFS", "CREDS", "STATUS", "MESSAGE", "PROJECT",
)  # fmt: skip
_CREDENTIALS = ("username", "password", "bearerToken", "sshPrivateKey", "tlsClientCertKey")


@click.group()
def repo() -> None:
    """Add, list and remove repositories and their credentials."""


@repo.command(cls=ArgocdCommand)
@click.argument("url")
@click.option("--type", "kind", type=click.Choice(["git", "helm", "oci"]), default="git")
@click.option("--name", default="", help="needed for Helm repositories")
@click.option("--project", default="", help="the only project that may use it")
@click.option("--username", default="")
@click.option("--password", default="", help="asked for when only the username is given")
@click.option("--bearer-token", default="")
@click.option("--ssh-private-key-path", type=click.Path(path_type=Path))
@click.option("--tls-client-cert-path", type=click.Path(path_type=Path))
@click.option("--tls-client-cert-key-path", type=click.Path(path_type=Path))
@click.option("--insecure-skip-server-verification", "insecure", is_flag=True)
@click.option("--enable-lfs", is_flag=True)
@click.option("--enable-oci", is_flag=True)
@click.option("--force-http-basic-auth", is_flag=True)
@click.option("--proxy", default="")
@click.option("--no-proxy", default="")
@click.option("--upsert", is_flag=True, help="change it if it is there")
@with_access
def add(access: Access, url: str, kind: str, upsert: bool, **flags: Any) -> None:
    """Add a repository, once it has answered."""
    if flags["username"] and not flags["password"]:
        flags["password"] = click.prompt(f"Password of {flags['username']}", hide_input=True)
    if kind == "helm" and not flags["name"]:
        raise InvalidInputError("a Helm repository needs a name", where=url, hint="Add --name.")
    fields = {"type": kind, "url": url, **_fields(flags)}
    secret = repository_secret(access.namespace, fields)

    async def run(client: KubeClient) -> str:
        await _require_answer(fields)
        try:
            await client.create(secret, manager="tiphys-cli")
        except ApiError as err:
            if err.status_reason != "AlreadyExists":
                raise
            return await _change(client, secret, upsert=upsert)
        return f"Repository '{url}' added"

    click.echo(access.run(run))


async def _change(client: KubeClient, secret: Manifest, *, upsert: bool) -> str:
    url = decode_secret(secret)["url"]
    key = key_of(secret)
    present = await client.get(SECRET, key.namespace, key.name)
    if present is not None and present.get("data") == secret["data"]:
        return f"Repository '{url}' unchanged"
    if not upsert:
        raise InvalidInputError(
            "existing repository spec is different", where=url, hint="Add --upsert to change it."
        )
    await client.replace(secret, manager="tiphys-cli")
    return f"Repository '{url}' updated"


def _fields(flags: dict[str, Any]) -> dict[str, str]:
    texts = {
        "name": flags["name"],
        "project": flags["project"],
        "username": flags["username"],
        "password": flags["password"],
        "bearerToken": flags["bearer_token"],
        "proxy": flags["proxy"],
        "noProxy": flags["no_proxy"],
        "sshPrivateKey": _read(flags["ssh_private_key_path"]),
        "tlsClientCertData": _read(flags["tls_client_cert_path"]),
        "tlsClientCertKey": _read(flags["tls_client_cert_key_path"]),
    }
    switches = {
        "insecure": flags["insecure"],
        "enableLfs": flags["enable_lfs"],
        "enableOCI": flags["enable_oci"],
        "forceHttpBasicAuth": flags["force_http_basic_auth"],
    }
    on = {field: "true" for field, is_on in switches.items() if is_on}
    return {field: value for field, value in texts.items() if value} | on


def _read(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise InvalidInputError(f"cannot be read: {err}", where=str(path)) from None


async def _require_answer(fields: dict[str, str]) -> None:
    if fields.get("type", "git") == "git":
        await check_repository(_access(fields))


def _access(fields: dict[str, str]) -> RepositoryAccess:
    return RepositoryAccess(
        url=fields["url"],
        insecure=fields.get("insecure") == "true",
        username=fields.get("username", ""),
        password=fields.get("password", ""),
        bearer_token=fields.get("bearerToken", ""),
        ssh_private_key=fields.get("sshPrivateKey", ""),
        tls_client_cert_data=fields.get("tlsClientCertData", ""),
        tls_client_cert_key=fields.get("tlsClientCertKey", ""),
        proxy=fields.get("proxy", ""),
    )


@repo.command(cls=ArgocdCommand, name="list")
@click.option("-o", "--output", type=click.Choice(["wide", "json", "yaml", "url"]), default="wide")
@with_access
def list_repositories(access: Access, output: str) -> None:
    """List the repositories, and whether they answer."""

    async def read(client: KubeClient) -> list[dict[str, str]]:
        found = [decode_secret(secret) for secret in await _secrets(client, access.namespace)]
        return list(await asyncio.gather(*(_described(fields) for fields in found)))

    rows = access.run(read)
    if output == "url":
        click.echo("\n".join(row["repo"] for row in rows))
        return
    text = table(_COLUMNS, [row.values() for row in rows]) if rows else "no repositories"
    show_records(rows, output, text)


async def _described(fields: dict[str, str]) -> dict[str, str]:
    status, message = "Successful", ""
    try:
        await _require_answer(fields)
    except SourceError as err:
        status, message = "Failed", err.what
    return {
        "type": fields.get("type", "git"),
        "name": fields.get("name", ""),
        "repo": fields.get("url", ""),
        "insecure": fields.get("insecure", "false"),
        "oci": fields.get("enableOCI", "false"),
        "lfs": fields.get("enableLfs", "false"),
        "creds": str(any(fields.get(name) for name in _CREDENTIALS)).lower(),
        "status": status,
        "message": " ".join(message.split()),
        "project": fields.get("project", ""),
    }


@repo.command(cls=ArgocdCommand)
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@click.option("--project", default="", help="of the repository, when it belongs to one")
@with_access
def rm(access: Access, urls: tuple[str, ...], project: str) -> None:
    """Remove repositories; what was deployed from them stays."""

    async def run(url: str, client: KubeClient) -> None:
        for secret in await _secrets(client, access.namespace):
            fields = decode_secret(secret)
            if fields.get("url") == url and fields.get("project", "") == project:
                name = str(secret["metadata"]["name"])
                await client.delete(SECRET, ResourceKey("", "Secret", access.namespace, name))
                return
        raise NotFoundError(
            f"repository `{url}` not found", hint="See which there are with `tiphys repo list`."
        )

    for url in urls:
        access.run(functools.partial(run, url))
        click.echo(f"Repository '{url}' removed")


async def _secrets(client: KubeClient, namespace: str) -> list[Manifest]:
    found = await client.list(SECRET, namespace, labelSelector=f"{SECRET_TYPE}=repository")
    return sorted(found, key=lambda secret: decode_secret(secret).get("url", ""))
