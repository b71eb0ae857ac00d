"""`tiphys app create|set|unset|patch`: what changes what an Application says."""

import copy
import sys
from pathlib import Path
from typing import Any

import click
import orjson
import yaml

from tiphys.cli.access import Access, with_access
from tiphys.cli.flags import ArgocdCommand
from tiphys.cli.spec_flags import apply_spec_flags, names_source, pairs, with_spec_flags
from tiphys.cli.unset_flags import unset as take_out
from tiphys.cli.unset_flags import with_unset_flags
from tiphys.cli.yaml_text import yaml_text
from tiphys.delivery.requests import named_source_index, source_index
from tiphys.delivery.stored_applications import APPLICATION, Applications
from tiphys.kube.client import JSON_PATCH, MERGE_PATCH, KubeClient
from tiphys.model.errors import ApiError, InvalidInputError, TiphysError
from tiphys.model.keys import Manifest
from tiphys.model.labels import API_VERSION, RESOURCES_FINALIZER

_POSITION = click.option("--source-position", type=int, help="of the source, from 1")
_SOURCE_NAME = click.option("--source-name", default="", help="of the source, instead")


@click.command(cls=ArgocdCommand)
@click.argument("name", required=False)
@click.option("-f", "--file", default="", help="manifest to begin with; - is standard input")
@click.option("--name", "named", default="", help="instead of NAME")
@click.option("--upsert", is_flag=True, help="change it if it is there and says something else")
@click.option("--validate/--no-validate", default=True, help="see whether it renders before")
@click.option("--set-finalizer", is_flag=True, help="deleting it deletes its objects")
@click.option("-l", "--label", multiple=True, help="name=value")
@click.option("--annotations", multiple=True, help="name=value")
@click.option("--source-name", default="", help="name of the source")
@with_spec_flags
@with_access
def create(
    access: Access,
    name: str | None,
    file: str,
    named: str,
    upsert: bool,
    validate: bool,
    **flags: Any,
) -> None:
    """Create an Application."""
    app = _composed(access, name or named, file, flags)
    click.echo(access.run(_Creation(access, app, upsert=upsert, validate=validate).run))


class _Creation:
    """One `app create` under way."""

    def __init__(self, access: Access, app: Manifest, *, upsert: bool, validate: bool) -> None:
        self._access, self._app = access, app
        self._upsert, self._validate = upsert, validate

    async def run(self, client: KubeClient) -> str:
        """Create or change the Application and say which."""
        metadata = self._app["metadata"]
        if self._validate:
            await self._require_renderable(client)
        name, namespace = metadata["name"], metadata["namespace"]
        present = await client.get(APPLICATION, namespace, name)
        if present is None:
            await client.create(self._app, manager="tiphys-cli")
            return f"application '{name}' created"
        if present["spec"] == self._app["spec"]:
            return f"application '{name}' unchanged"
        if not self._upsert:
            raise InvalidInputError(
                "existing application spec is different",
                where=name,
                hint="Add --upsert to change it.",
            )
        changed = {**present, "spec": self._app["spec"]}
        changed["metadata"] = {**present["metadata"], **_merged_marks(present, self._app)}
        await Applications(client, namespace).replace(changed)
        return f"application '{name}' updated"

    async def _require_renderable(self, client: KubeClient) -> None:
        # Only what renders pays for loading the renderers.
        from tiphys.cli.inspection import inspect  # noqa: PLC0415

        namespace = self._app["metadata"]["namespace"]
        try:
            async with inspect(self._access.config, client, namespace, self._app) as inspection:
                await inspection.targets()
        except ApiError:
            raise
        except TiphysError as err:
            hint = err.hint or "Mend it"
            raise InvalidInputError(
                f"application spec is invalid: {err.line}",
                where=self._app["metadata"]["name"],
                hint=f"{hint.rstrip('.')}, or create it all the same with --validate=false.",
            ) from None


def _merged_marks(present: Manifest, wanted: Manifest) -> dict[str, Any]:
    fields = ("labels", "annotations")
    marks: dict[str, Any] = {
        field: {**(present["metadata"].get(field) or {}), **(wanted["metadata"].get(field) or {})}
        for field in fields
    }
    finalizers = wanted["metadata"].get("finalizers")
    return {**marks, **({"finalizers": finalizers} if finalizers else {})}


def _composed(access: Access, name: str, file: str, flags: dict[str, Any]) -> Manifest:
    """Return the Application that a file and flags describe; flags win."""
    app: Manifest = _read(file) if file else {}
    metadata = dict(app.get("metadata") or {})
    own = metadata.get("name", "")
    if name and own and name != own:
        raise InvalidInputError(f"the file names `{own}`, the command `{name}`", where=file)
    if not (name or own):
        raise InvalidInputError("the application has no name", hint="Name it: app create NAME.")
    namespace, _, plain = (name or own).rpartition("/")
    metadata["name"] = plain
    metadata["namespace"] = namespace or metadata.get("namespace") or access.namespace
    for field, typed in (("labels", flags.pop("label")), ("annotations", flags.pop("annotations"))):
        if typed:
            metadata[field] = {**(metadata.get(field) or {}), **pairs(typed)}
    if flags.pop("set_finalizer"):
        metadata["finalizers"] = [RESOURCES_FINALIZER]
    spec = copy.deepcopy(app.get("spec") or {})
    source = spec.get("source") or {}
    source_name = flags.pop("source_name")
    if source_name:
        source["name"] = source_name
    apply_spec_flags(spec, source, flags)
    if source:
        spec["source"] = source
    spec.setdefault("project", "default")
    spec.setdefault("destination", {})
    return {"apiVersion": API_VERSION, "kind": "Application", "metadata": metadata, "spec": spec}


def _read(file: str) -> Manifest:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text()
        found = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as err:
        raise InvalidInputError(f"cannot be read: {err}", where=file) from None
    if not isinstance(found, dict) or found.get("kind") != "Application":
        raise InvalidInputError("is not one Application", where=file)
    return found


@click.command(cls=ArgocdCommand, name="set")
@click.argument("name")
@_POSITION
@_SOURCE_NAME
@with_spec_flags
@with_access
def set_spec(
    access: Access, name: str, source_position: int | None, source_name: str, **flags: Any
) -> None:
    """Change fields of an Application's spec."""

    async def run(client: KubeClient) -> None:
        applications = Applications(client, access.namespace)
        app = await applications.get(name)
        named = names_source(flags)
        source = _source(app, source_position, source_name) if named else {}
        if not apply_spec_flags(app["spec"], source, flags):
            raise InvalidInputError("no flag says what to set", where=name)
        await applications.replace(app)

    access.run(run)


@click.command(cls=ArgocdCommand)
@click.argument("name")
@_POSITION
@_SOURCE_NAME
@with_unset_flags
@with_access
def unset(
    access: Access, name: str, source_position: int | None, source_name: str, **flags: Any
) -> None:
    """Take parameters and overrides out of an Application's spec."""

    async def run(client: KubeClient) -> str:
        applications = Applications(client, access.namespace)
        app = await applications.get(name)
        if not any(flags.values()):
            raise InvalidInputError("no flag says what to unset", where=name)
        if not take_out(_source(app, source_position, source_name), flags):
            return f"application '{name}' unchanged"
        await applications.replace(app)
        return f"application '{name}' updated"

    click.echo(access.run(run))


def _source(app: Manifest, position: int | None, name: str) -> Manifest:
    """Return the source that flags are about, made when the Application has none."""
    sources: list[Manifest] = app["spec"].get("sources") or []
    if name:
        return sources[named_source_index(app, name)]
    if position is not None and sources:
        return sources[source_index(app, position)]
    if sources:
        raise InvalidInputError(
            "the application has several sources",
            where=str(app["metadata"]["name"]),
            hint="Say which one with --source-position, from 1, or with --source-name.",
        )
    if app["spec"].get("source") is None:
        app["spec"]["source"] = {}
    source: Manifest = app["spec"]["source"]
    return source


@click.command(cls=ArgocdCommand)
@click.argument("name")
@click.option("--patch", "text", required=True, help="the patch, in JSON")
@click.option("--type", "kind", type=click.Choice(["json", "merge"]), default="json")
@with_access
def patch(access: Access, name: str, text: str, kind: str) -> None:
    """Patch an Application, and print it."""
    try:
        decoded = orjson.loads(text)
    except orjson.JSONDecodeError as err:
        raise InvalidInputError(f"is no JSON: {err}", where="--patch") from None

    async def run(client: KubeClient) -> Manifest:
        key = Applications(client, access.namespace).key(name)
        media = JSON_PATCH if kind == "json" else MERGE_PATCH
        return await client.patch(APPLICATION, key, decoded, media, fieldManager="tiphys-cli")

    click.echo(yaml_text(access.run(run)).rstrip())
