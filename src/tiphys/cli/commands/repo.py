"""`tiphys repo`: the repositories that an installation may read, kept as Secrets."""

import asyncio
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click

from tiphys.cli.access import Access, with_access
from tiphys.cli.flags import ArgocdCommand, with_options
from tiphys.cli.output import show_records
from tiphys.cli.tables import table
from tiphys.kube.client import KubeClient
from tiphys.model.errors import ApiError, InvalidInputError, NotFoundError, SourceError
from tiphys.model.keys import GroupVersionKind, Manifest, ResourceKey, key_of
from tiphys.model.labels import SECRET_TYPE
from tiphys.settings.secret_manifests import repository_secret
from tiphys.settings.secrets import decode_secret, find_repository, secret_type
from tiphys.settings.settings import parse_settings
from tiphys.sources.access import access_from_secret
from tiphys.sources.addresses import host_of, is_prefix, normalise_url, redacted
from tiphys.sources.connection import check_repository

SECRET = GroupVersionKind("", "v1", "Secret")
CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
_COLUMNS = (
    "TYPE", "NAME", "REPO", "INSECURE", "OCI", "LFS", "CREDS", "STATUS", "MESSAGE", "PROJECT",
)  # fmt: skip
_CREDENTIALS = ("username", "password", "bearerToken", "sshPrivateKey", "tlsClientCertKey")


CREDENTIALS = (
    click.option("--username", default=""),
    click.option("--password", default="", help="asked for when only the username is given"),
    click.option("--bearer-token", default=""),
    click.option("--ssh-private-key-path", type=click.Path(path_type=Path)),
    click.option("--tls-client-cert-path", type=click.Path(path_type=Path)),
    click.option("--tls-client-cert-key-path", type=click.Path(path_type=Path)),
    click.option("--insecure-skip-server-verification", "insecure", is_flag=True),
    click.option("--insecure-ignore-host-key", is_flag=True, help="of ssh"),
    click.option("--insecure-oci-force-http", is_flag=True, help="the registry speaks no TLS"),
    click.option("--enable-lfs", is_flag=True),
    click.option("--enable-oci", is_flag=True),
    click.option("--force-http-basic-auth", is_flag=True),
    click.option("--depth", type=click.IntRange(min=0), default=0, help="commits; 0 for all"),
    click.option("--proxy", default=""),
    click.option("--no-proxy", default=""),
)


class _Known(NamedTuple):
    """What an installation knows of repositories besides one's own Secret."""

    secrets: list[Manifest]
    authorities: Mapping[str, str]
    known_hosts: str
    file_roots: tuple[str, ...]

    @classmethod
    async def read(cls, client: KubeClient, namespace: str) -> "_Known":
        async def data(name: str) -> Mapping[str, str]:
            found = await client.get(CONFIG_MAP, namespace, name)
            return (found or {}).get("data") or {}

        return cls(
            secrets=await client.list(SECRET, namespace, labelSelector=SECRET_TYPE),
            authorities=await data("argocd-tls-certs-cm"),
            known_hosts=(await data("argocd-ssh-known-hosts-cm")).get("ssh_known_hosts", ""),
            file_roots=parse_settings({}, await data("argocd-cmd-params-cm")).file_roots,
        )

    async def require_answer(self, secret: Manifest) -> None:
        """See that the repository of a Secret answers, with what templates lend it.

        Raises:
            SourceError: it does not answer, or refuses us.
            InvalidInputError: its address or credentials cannot be used.
        """
        own = decode_secret(secret)
        if not own.get("url"):
            raise InvalidInputError(f"Secret {secret['metadata']['name']} has no `url`")
        others = [s for s in self.secrets if secret_type(s) == "repo-creds"]
        url, project = own["url"], own.get("project", "")
        data = find_repository(
            [*others, secret], normalise_url(url), project, normalise_url, is_prefix
        )
        access = access_from_secret(
            url,
            data,
            authority=self.authorities.get(host_of(url), ""),
            known_hosts=self.known_hosts,
        )
        await check_repository(access, self.file_roots)


@click.group()
def repo() -> None:
    """Add, list and remove repositories and their credentials."""


@repo.command(cls=ArgocdCommand)
@click.argument("url")
@click.option("--type", "kind", type=click.Choice(["git", "helm", "oci"]), default="git")
@click.option("--name", default="", help="needed for Helm repositories")
@click.option("--project", default="", help="the only project that may use it")
@with_options(CREDENTIALS)
@click.option("--upsert", is_flag=True, help="change it if it is there")
@with_access
def add(access: Access, url: str, kind: str, upsert: bool, **flags: Any) -> None:
    """Add a repository, once it has answered."""
    if kind == "helm" and not flags["name"]:
        raise InvalidInputError("a Helm repository needs a name", where=url, hint="Add --name.")
    fields = {"type": kind, "url": url, **credential_fields(flags)}
    fields |= {name: flags[name] for name in ("name", "project") if flags[name]}
    secret = repository_secret(access.namespace, fields)

    async def run(client: KubeClient) -> str:
        await (await _Known.read(client, access.namespace)).require_answer(secret)
        return f"Repository '{url}' {await store(client, secret, upsert=upsert)}"

    click.echo(access.run(run))


async def store(client: KubeClient, secret: Manifest, *, upsert: bool) -> str:
    """Create or change a Secret, and return what was done: "added", "updated" or "unchanged".

    Raises:
        InvalidInputError: there is another one, and `upsert` is off.
        ApiError: the server refuses it.
    """
    try:
        await client.create(secret, manager="tiphys-cli")
    except ApiError as err:
        if err.status_reason != "AlreadyExists":
            raise
    else:
        return "added"
    key = key_of(secret)
    present = await client.get(SECRET, key.namespace, key.name)
    if present is not None and present.get("data") == secret["data"]:
        return "unchanged"
    if not upsert:
        raise InvalidInputError(
            "existing repository spec is different",
            where=decode_secret(secret)["url"],
            hint="Add --upsert to change it.",
        )
    await client.replace(secret, manager="tiphys-cli")
    return "updated"


def credential_fields(flags: dict[str, Any]) -> dict[str, str]:
    """Return what the options say as fields of a Secret; ask for a password that is missing."""
    if flags["username"] and not flags["password"]:
        flags["password"] = click.prompt(
            f"Password of {flags['username']}", hide_input=True, err=True
        )
    texts = {
        "username": flags["username"],
        "password": flags["password"],
        "bearerToken": flags["bearer_token"],
        "proxy": flags["proxy"],
        "noProxy": flags["no_proxy"],
        "sshPrivateKey": _read(flags["ssh_private_key_path"]),
        "tlsClientCertData": _read(flags["tls_client_cert_path"]),
        "tlsClientCertKey": _read(flags["tls_client_cert_key_path"]),
        "depth": str(flags["depth"] or ""),
    }
    switches = {
        "insecure": flags["insecure"],
        "enableLfs": flags["enable_lfs"],
        "enableOCI": flags["enable_oci"],
        "insecureIgnoreHostKey": flags["insecure_ignore_host_key"],
        "insecureOCIForceHttp": flags["insecure_oci_force_http"],
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


@repo.command(cls=ArgocdCommand, name="list")
@click.option("-o", "--output", type=click.Choice(["wide", "json", "yaml", "url"]), default="wide")
@click.option("--refresh", hidden=True, help="always so here")
@with_access
def list_repositories(access: Access, output: str, refresh: str | None) -> None:
    """List the repositories, and whether they answer."""
    del refresh

    async def read(client: KubeClient) -> list[dict[str, str]]:
        known = await _Known.read(client, access.namespace)
        found = await secrets_of(client, access.namespace, "repository")
        return list(await asyncio.gather(*(_described(known, secret) for secret in found)))

    rows = access.run(read)
    if output == "url":
        click.echo("\n".join(row["repo"] for row in rows))
        return
    text = table(_COLUMNS, [row.values() for row in rows]) if rows else "no repositories"
    show_records(rows, output, text)


async def _described(known: _Known, secret: Manifest) -> dict[str, str]:
    fields = decode_secret(secret)
    status, message = "Successful", ""
    try:
        await known.require_answer(secret)
    except (SourceError, InvalidInputError) as err:
        status, message = "Failed", err.what
    return {
        "type": fields.get("type", "git"),
        "name": fields.get("name", ""),
        "repo": redacted(fields.get("url", "")),
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
        for secret in await secrets_of(client, access.namespace, "repository"):
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


async def secrets_of(client: KubeClient, namespace: str, kind: str) -> list[Manifest]:
    """Return the Secrets of a kind, in the order of their addresses."""
    found = await client.list(SECRET, namespace, labelSelector=f"{SECRET_TYPE}={kind}")
    return sorted(found, key=lambda secret: decode_secret(secret).get("url", ""))
