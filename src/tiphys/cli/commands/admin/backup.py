"""`tiphys admin export` and `import`: an installation as one file, in Argo CD's format.

Source: Argo CD operator manual, "Disaster Recovery".
"""

from collections.abc import Sequence
from typing import Any, TextIO

import click
import yaml

from tiphys.cli.access import Access, with_access
from tiphys.cli.flags import ArgocdCommand
from tiphys.cli.yaml_text import yaml_text
from tiphys.delivery.backup import (
    APPLICATION,
    APPLICATION_SET,
    CONFIG_MAP,
    PROJECT,
    SECRET,
    BackupKey,
    RestoreOptions,
    belongs,
    by_key,
    portable,
    referenced_secrets,
    restored,
)
from tiphys.engine.globs import names_any
from tiphys.kube.client import MERGE_PATCH, KubeClient
from tiphys.model.errors import ClusterError, InvalidInputError
from tiphys.model.keys import GroupVersionKind, Manifest, ResourceKey

_MANAGER = "tiphys-cli"
_PARAMETERS = "argocd-cmd-params-cm"


@click.command(cls=ArgocdCommand, name="export")
@click.option("-o", "--out", type=click.File("w"), default="-", show_default="standard output")
@click.option("--application-namespaces", help="globs; else those of the settings")
@click.option("--applicationset-namespaces", help="globs; else those of the settings")
@with_access
def export_backup(
    access: Access,
    out: TextIO,
    application_namespaces: str | None,
    applicationset_namespaces: str | None,
) -> None:
    """Write settings, Secrets, projects, Applications and ApplicationSets as YAML.

    The file holds credentials: keep it as one.
    """

    async def read(client: KubeClient) -> dict[BackupKey, Manifest]:
        given = (application_namespaces, applicationset_namespaces)
        return await _present(client, access.namespace, given)

    documents = [portable(found, access.namespace) for found in access.run(read).values()]
    # Argo CD ends each document with a separator.
    for document in documents:
        out.write(yaml_text(document, sort_keys=True) + "---\n")


@click.command(cls=ArgocdCommand, name="import")
@click.argument("source", type=click.File())
@click.option("--dry-run", is_flag=True, help="say what would be done")
@click.option("--prune", is_flag=True, help="delete what the backup does not hold")
@click.option("--ignore-tracking", is_flag=True, help="leave tracking annotations as they are")
@click.option("--stop-operation", is_flag=True, help="end syncs that run or wait")
@click.option("--verbose", is_flag=True, help="name what is unchanged too")
@click.option("--skip-resources-with-label", default="", help="name=value; left out")
@click.option("--application-namespaces", help="globs; else those of the settings")
@click.option("--applicationset-namespaces", help="globs; else those of the settings")
@with_access
def import_backup(
    access: Access,
    source: TextIO,
    application_namespaces: str | None,
    applicationset_namespaces: str | None,
    **flags: Any,
) -> None:
    """Restore what `admin export` wrote to SOURCE, a file or - for standard input.

    What Applications manage is not touched: they find it again by its tracking.
    """
    try:
        documents = list(yaml.load_all(source, Loader=yaml.CSafeLoader))
    except yaml.YAMLError as err:
        raise InvalidInputError("it is not YAML", where=str(source.name)) from err
    wanted = _chosen(by_key(documents, access.namespace), flags["skip_resources_with_label"])
    options = RestoreOptions(
        ignores_tracking=flags["ignore_tracking"], stops_operations=flags["stop_operation"]
    )

    async def run(client: KubeClient) -> None:
        given = (application_namespaces, applicationset_namespaces)
        live = await _present(client, access.namespace, given, also=wanted)
        restoring = _Restoring(client, dry_run=flags["dry_run"], verbose=flags["verbose"])
        for key, manifest in wanted.items():
            await restoring.write(key, live.get(key), restored(manifest, live.get(key), options))
        if flags["prune"]:
            kept = _chosen(live, flags["skip_resources_with_label"])
            # Applications go before the projects and credentials that they need.
            for key in sorted(kept.keys() - wanted.keys(), reverse=True):
                await restoring.prune(key, live[key])
        restoring.finish()

    access.run(run)


class _Restoring:
    """Writes objects, says what it did, and goes on after a kind that the cluster does not have."""

    def __init__(self, client: KubeClient, *, dry_run: bool, verbose: bool) -> None:
        self._client, self._dry_run, self._verbose = client, dry_run, verbose
        self._missing: list[BackupKey] = []

    async def write(self, key: BackupKey, live: Manifest | None, wanted: Manifest | None) -> None:
        if self._client.discovery.resource(key.gvk) is None:
            self._missing.append(key)
        elif wanted is None:
            if self._verbose:
                self._say(key, "unchanged")
        elif live is None:
            if not self._dry_run:
                await self._client.create(wanted, manager=_MANAGER)
            self._say(key, "created")
        else:
            if not self._dry_run:
                await self._client.replace(wanted, manager=_MANAGER)
            self._say(key, "updated")

    async def prune(self, key: BackupKey, live: Manifest) -> None:
        if not self._dry_run:
            resource = ResourceKey(key.gvk.group, key.gvk.kind, key.namespace, key.name)
            if live["metadata"].get("finalizers"):
                # Without this an Application would take along all that it manages.
                gone = {"metadata": {"finalizers": None}}
                await self._client.patch(
                    key.gvk, resource, gone, MERGE_PATCH, fieldManager=_MANAGER
                )
            await self._client.delete(
                key.gvk, resource, preconditions={"uid": live["metadata"]["uid"]}
            )
        self._say(key, "pruned")

    def finish(self) -> None:
        """Say what could not be restored.

        Raises:
            ClusterError: something could not.
        """
        if self._missing:
            names = ", ".join(str(key) for key in self._missing)
            raise ClusterError(
                f"the cluster does not serve the kind of {len(self._missing)} objects: {names}",
                hint="Install their custom resource definitions, and import again.",
            )

    def _say(self, key: BackupKey, done: str) -> None:
        click.echo(f"{key} {done}{' (dry run)' if self._dry_run else ''}")


async def _present(
    client: KubeClient,
    home: str,
    given: Sequence[str | None],
    also: dict[BackupKey, Manifest] | None = None,
) -> dict[BackupKey, Manifest]:
    """Return what is in the cluster of all that a backup holds, in the order of restoring.

    Args:
        client: of the cluster.
        home: the namespace of the installation.
        given: globs of the namespaces of Applications and of ApplicationSets; None for those of
            the settings.
        also: objects of a backup; those that are live are among what is returned.
    """
    config_maps = {
        found["metadata"]["name"]: found for found in await client.list(CONFIG_MAP, home)
    }
    referenced = referenced_secrets((config_maps.get("argocd-cm") or {}).get("data") or {})
    settings = [*config_maps.values(), *await client.list(SECRET, home)]
    named = {(key.gvk.kind, key.name) for key in also or () if key.namespace == home}
    found = [
        manifest
        for manifest in settings
        if belongs(manifest, referenced)
        or (manifest["kind"], manifest["metadata"]["name"]) in named
    ]
    found += await client.list(PROJECT, home)
    parameters = (config_maps.get(_PARAMETERS) or {}).get("data") or {}
    settings_of = ("application.namespaces", "applicationsetcontroller.namespaces")
    for gvk, globs, setting in zip((APPLICATION, APPLICATION_SET), given, settings_of, strict=True):
        found += await _in_namespaces(
            client, gvk, home, parameters.get(setting, "") if globs is None else globs
        )
    return by_key(found, home)


async def _in_namespaces(
    client: KubeClient, gvk: GroupVersionKind, home: str, globs: str
) -> list[Manifest]:
    if client.discovery.resource(gvk) is None:
        return []
    patterns = [part.strip() for part in globs.split(",") if part.strip()]
    if not patterns:
        return await client.list(gvk, home)
    return [
        manifest
        for manifest in await client.list(gvk)
        if manifest["metadata"]["namespace"] == home
        or names_any(patterns, manifest["metadata"]["namespace"])
    ]


def _chosen(objects: dict[BackupKey, Manifest], skipped: str) -> dict[BackupKey, Manifest]:
    """Return the objects without a label; `skipped` is name=value, or empty."""
    name, _, value = skipped.partition("=")
    return {
        key: manifest
        for key, manifest in objects.items()
        if not name or (manifest["metadata"].get("labels") or {}).get(name) != value
    }
