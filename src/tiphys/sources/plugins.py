"""Config management plugins: commands that an operator defines, run in the jail.

A definition is what Argo CD's sidecars read; here the commands are those of this machine.

Source: Argo CD operator manual, "Config Management Plugins".
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import orjson
import yaml

from tiphys.engine.globs import matches
from tiphys.model.errors import InvalidInputError
from tiphys.model.source import PluginParameter, PluginSource
from tiphys.sources.api import Plugin
from tiphys.sources.render.environment import substitute
from tiphys.sources.tree import SourceTree

READS = "tiphys.dev/read"


class _Command(msgspec.Struct, frozen=True):
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        return (*self.command, *self.args)


class _Find(_Command, frozen=True):
    glob: str = ""


class _Discover(msgspec.Struct, frozen=True, rename="camel"):
    file_name: str = ""
    find: _Find = _Find()


class _Spec(msgspec.Struct, frozen=True, kw_only=True):
    version: str = ""
    init: _Command = _Command()
    generate: _Command
    discover: _Discover = _Discover()


class _Metadata(msgspec.Struct, frozen=True):
    name: str
    annotations: Mapping[str, str] = {}


class _Definition(msgspec.Struct, frozen=True):
    metadata: _Metadata
    spec: _Spec


def load_plugins(folder: Path) -> tuple[Plugin, ...]:
    """Return the plugins that a folder defines: `NAME/plugin.yaml` or `NAME.yaml`, in order.

    Raises:
        InvalidInputError: a definition is not understood.
    """
    paths = sorted([*folder.glob("*/plugin.yaml"), *folder.glob("*.yaml")])
    return tuple(_load(path) for path in paths)


def _load(path: Path) -> Plugin:
    try:
        written = yaml.safe_load(path.read_bytes())
        found = msgspec.convert(written, _Definition)
    except (yaml.YAMLError, msgspec.ValidationError) as err:
        what = f"the plugin is not understood: {' '.join(str(err).split())}"
        raise InvalidInputError(what, where=str(path)) from err
    if not found.spec.generate.words:
        raise InvalidInputError("spec.generate.command is missing", where=str(path))
    own = path.parent if path.name == "plugin.yaml" else path
    listed = [part for part in found.metadata.annotations.get(READS, "").split(":") if part]
    return Plugin(
        name=found.metadata.name,
        version=found.spec.version,
        init=found.spec.init.words,
        generate=found.spec.generate.words,
        file_name=found.spec.discover.file_name,
        find_glob=found.spec.discover.find.glob,
        find_command=found.spec.discover.find.words,
        reads=(str(own.resolve()), *listed),
        digest=_digest(own),
    )


def _digest(path: Path) -> str:
    """Return what changes when a definition or a program beside it does."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    stated = [
        (str(file), file.stat().st_size, file.stat().st_mtime_ns)
        for file in files
        if file.is_file()
    ]
    return hashlib.sha256(orjson.dumps(stated)).hexdigest()


def named_plugin(plugins: Sequence[Plugin], name: str) -> Plugin:
    """Return the plugin that a source asks for, by its name with or without its version.

    Raises:
        InvalidInputError: there is none.
    """
    for plugin in plugins:
        if name in {plugin.name, f"{plugin.name}-{plugin.version}"}:
            return plugin
    raise InvalidInputError(
        f'couldn\'t find cmp-server plugin with name "{name}" supporting the given repository',
        hint="Start tiphys with `--plugins FOLDER`, and FOLDER/NAME/plugin.yaml in it.",
    )


def plugins_to_ask(
    plugins: Sequence[Plugin], tree: SourceTree, path: str
) -> Iterator[tuple[Plugin, bool]]:
    """Yield the plugins that may render a folder, and whether that is sure without asking them."""
    names = [name.removeprefix(f"{path}/") if path else name for name in tree.files(path)]
    for plugin in plugins:
        if plugin.file_name:
            # A name stays in its folder: `*` does not cross a slash.
            if any(matches(plugin.file_name, name, separator="/") for name in names):
                yield plugin, True
        elif plugin.find_glob:
            if any(_found(plugin.find_glob, name) for name in names):
                yield plugin, True
        elif plugin.find_command:
            yield plugin, False


def _found(glob: str, name: str) -> bool:
    """Return whether a glob finds a file; `**/` also stands for no folder at all."""
    return any(matches(g, name, separator="/") for g in (glob, glob.replace("**/", "")))


def plugin_environment(
    source: PluginSource, environment: Mapping[str, str], kube_version: str, apis: Sequence[str]
) -> dict[str, str]:
    """Return everything that a plugin's commands find in their environment."""
    given = {f"ARGOCD_ENV_{e.name}": substitute(e.value, environment) for e in source.env}
    parameters = dict(part for p in source.parameters for part in _parameter(p))
    listed: list[Any] = [msgspec.to_builtins(parameter) for parameter in source.parameters]
    return {
        **environment,
        "KUBE_VERSION": kube_version,
        "KUBE_API_VERSIONS": ",".join(apis),
        **given,
        "ARGOCD_APP_PARAMETERS": orjson.dumps(listed).decode(),
        **parameters,
    }


def _parameter(parameter: PluginParameter) -> Iterator[tuple[str, str]]:
    name = _variable(f"PARAM_{parameter.name}")
    if parameter.string is not None:
        yield name, parameter.string
    for place, item in enumerate(parameter.array or ()):
        yield f"{name}_{place}", item
    for member, item in (parameter.map or {}).items():
        yield _variable(f"{name}_{member}"), item


def _variable(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", name.upper())
