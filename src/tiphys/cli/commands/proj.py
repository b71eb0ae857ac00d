"""`tiphys proj`: projects, which say what their Applications may use."""

import functools
from pathlib import Path
from typing import Any

import click
import yaml

from tiphys.cli.access import Access, with_access
from tiphys.cli.flags import ArgocdCommand, output_option
from tiphys.cli.output import show
from tiphys.cli.tables import table
from tiphys.kube.client import KubeClient
from tiphys.model.errors import ApiError, InvalidInputError, NotFoundError
from tiphys.model.keys import GroupVersionKind, Manifest, ResourceKey
from tiphys.model.labels import API_GROUP, API_VERSION, DEFAULT_PROJECT

_PROJECT = GroupVersionKind(API_GROUP, "v1alpha1", "AppProject")
_COLUMNS = (
    "NAME", "DESCRIPTION", "DESTINATIONS", "SOURCES", "CLUSTER-RESOURCE-WHITELIST",
    "NAMESPACE-RESOURCE-BLACKLIST", "SIGNATURE-KEYS", "ORPHANED-RESOURCES",
    "DESTINATION-SERVICE-ACCOUNTS",
)  # fmt: skip
_NOTHING = "<none>"


@click.group()
def proj() -> None:
    """Create, list and show projects."""


@proj.command(cls=ArgocdCommand)
@click.argument("name", required=False)
@click.option("-f", "--file", type=click.Path(path_type=Path), help="manifest to begin with")
@click.option("--description", default="")
@click.option("-d", "--dest", multiple=True, help="SERVER,NAMESPACE that may be deployed to")
@click.option("-s", "--src", multiple=True, help="repository that may be read")
@click.option("--source-namespaces", multiple=True, help="where Applications may be")
@click.option("--allow-cluster-resource", multiple=True, help="GROUP:KIND")
@click.option("--deny-cluster-resource", multiple=True, help="GROUP:KIND")
@click.option("--allow-namespaced-resource", multiple=True, help="GROUP:KIND")
@click.option("--deny-namespaced-resource", multiple=True, help="GROUP:KIND")
@click.option("--dest-service-accounts", multiple=True, help="SERVER,NAMESPACE,ACCOUNT")
@click.option("--orphaned-resources", is_flag=True, help="look for objects that nobody owns")
@click.option("--orphaned-resources-warn", is_flag=True, help="and warn of them")
@click.option("--upsert", is_flag=True, help="change it if it is there and says something else")
@with_access
def create(access: Access, name: str | None, file: Path | None, upsert: bool, **flags: Any) -> None:
    """Create a project."""
    project = _composed(access, name, file, flags)

    async def run(client: KubeClient) -> str:
        own = project["metadata"]["name"]
        try:
            await client.create(project, manager="tiphys-cli")
        except ApiError as err:
            if err.status_reason != "AlreadyExists":
                raise
        else:
            return f"project '{own}' created"
        present = await _get(client, access.namespace, own)
        if present["spec"] == project["spec"]:
            return f"project '{own}' unchanged"
        if not upsert:
            raise InvalidInputError(
                "existing project spec is different", where=own, hint="Add --upsert to change it."
            )
        await client.replace({**present, "spec": project["spec"]}, manager="tiphys-cli")
        return f"project '{own}' updated"

    click.echo(access.run(run))


def _composed(
    access: Access, name: str | None, file: Path | None, flags: dict[str, Any]
) -> Manifest:
    project: Manifest = _read(file) if file else {}
    metadata = project.get("metadata") or {}
    own = name or metadata.get("name")
    if not own:
        raise InvalidInputError("the project has no name", hint="Name it: proj create NAME.")
    lists = {
        "destinations": [_destination(text) for text in flags["dest"]],
        "sourceRepos": list(flags["src"]),
        "destinationServiceAccounts": [_account(t) for t in flags["dest_service_accounts"]],
        "sourceNamespaces": list(flags["source_namespaces"]),
        "clusterResourceWhitelist": _kinds(flags["allow_cluster_resource"]),
        "clusterResourceBlacklist": _kinds(flags["deny_cluster_resource"]),
        "namespaceResourceWhitelist": _kinds(flags["allow_namespaced_resource"]),
        "namespaceResourceBlacklist": _kinds(flags["deny_namespaced_resource"]),
    }
    spec = {**(project.get("spec") or {}), **{f: value for f, value in lists.items() if value}}
    if flags["description"]:
        spec["description"] = flags["description"]
    if flags["orphaned_resources"] or flags["orphaned_resources_warn"]:
        spec["orphanedResources"] = {"warn": flags["orphaned_resources_warn"]}
    return {
        "apiVersion": API_VERSION,
        "kind": "AppProject",
        "metadata": {**metadata, "name": own, "namespace": access.namespace},
        "spec": spec,
    }


def _read(file: Path) -> Manifest:
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as err:
        raise InvalidInputError(f"cannot be read: {err}", where=str(file)) from None
    if not isinstance(found, dict) or found.get("kind") != "AppProject":
        raise InvalidInputError("is not one AppProject", where=str(file))
    return found


def _destination(text: str) -> dict[str, str]:
    cluster, comma, namespace = text.rpartition(",")
    if not comma or not cluster:
        raise InvalidInputError(
            f"`{text}` is not of the form SERVER,NAMESPACE",
            where="--dest",
            hint="A cluster may be given by name: `--dest staging,shop`.",
        )
    field = "server" if "://" in cluster or cluster == "*" else "name"
    return {field: cluster, "namespace": namespace}


def _account(text: str) -> dict[str, str]:
    parts = text.split(",")
    if len(parts) != 3 or not all(parts):
        raise InvalidInputError(
            f"`{text}` is not of the form SERVER,NAMESPACE,ACCOUNT", where="--dest-service-accounts"
        )
    return dict(zip(("server", "namespace", "defaultServiceAccount"), parts, strict=True))


def _kinds(texts: tuple[str, ...]) -> list[dict[str, str]]:
    kinds = []
    for text in texts:
        group, colon, kind = text.rpartition(":")
        if not colon:
            raise InvalidInputError(f"`{text}` is not of the form GROUP:KIND")
        kinds.append({"group": group, "kind": kind})
    return kinds


@proj.command(cls=ArgocdCommand, name="list")
@output_option()
@with_access
def list_projects(access: Access, output: str) -> None:
    """List the projects."""

    async def read(client: KubeClient) -> list[Manifest]:
        found = await client.list(_PROJECT, access.namespace)
        return sorted(found, key=lambda project: str(project["metadata"]["name"]))

    found = access.run(read)
    show(found, output, table(_COLUMNS, [_row(project) for project in found]))


@proj.command(cls=ArgocdCommand)
@click.argument("name")
@output_option()
@with_access
def get(access: Access, name: str, output: str) -> None:
    """Show what a project allows."""
    found = access.run(lambda client: _get(client, access.namespace, name))
    lines = [
        f"{column.capitalize().replace('-', ' ') + ':':<32}{cell}"
        for column, cell in zip(_COLUMNS, _row(found), strict=True)
    ]
    show(found, output, "\n".join(lines))


@proj.command(cls=ArgocdCommand)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@with_access
def delete(access: Access, names: tuple[str, ...]) -> None:
    """Delete projects that no Application is in."""

    async def run(name: str, client: KubeClient) -> None:
        if name == DEFAULT_PROJECT:
            raise InvalidInputError("the default project cannot be deleted", where=name)
        await _get(client, access.namespace, name)
        kind = GroupVersionKind(API_GROUP, "v1alpha1", "Application")
        used = [
            str(app["metadata"]["name"])
            for app in await client.list(kind, access.namespace)
            if app["spec"].get("project") == name
        ]
        if used:
            raise InvalidInputError(
                f"project is referenced by {len(used)} applications: {', '.join(sorted(used))}",
                where=name,
                hint="Move or delete these first.",
            )
        await client.delete(_PROJECT, ResourceKey(API_GROUP, "AppProject", access.namespace, name))

    for name in names:
        access.run(functools.partial(run, name))
        click.echo(f"project '{name}' deleted")


async def _get(client: KubeClient, namespace: str, name: str) -> Manifest:
    found = await client.get(_PROJECT, namespace, name)
    if found is None:
        raise NotFoundError(
            f'appprojects.argoproj.io "{name}" not found',
            where=namespace,
            hint="List what there is with `tiphys proj list`.",
        )
    return found


def _row(project: Manifest) -> list[str]:
    spec = project.get("spec") or {}
    orphaned = spec.get("orphanedResources")
    return [
        project["metadata"]["name"],
        spec.get("description", ""),
        _listed(
            f"{d.get('server') or d.get('name')},{d.get('namespace')}"
            for d in spec.get("destinations") or []
        ),
        _listed(spec.get("sourceRepos") or []),
        _listed(f"{k['group']}/{k['kind']}" for k in spec.get("clusterResourceWhitelist") or []),
        _listed(f"{k['group']}/{k['kind']}" for k in spec.get("namespaceResourceBlacklist") or []),
        _listed(k.get("keyID", "") for k in spec.get("signatureKeys") or []),
        "disabled" if orphaned is None else f"enabled (warn={bool(orphaned.get('warn', True))})",
        _listed(
            a.get("defaultServiceAccount", "") for a in spec.get("destinationServiceAccounts") or []
        ),
    ]


def _listed(items: Any) -> str:
    return "; ".join(items) or _NOTHING
