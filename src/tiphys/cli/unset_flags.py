"""The flags of `app unset`: what is taken out of a source again."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

import click

from tiphys.cli.spec_flags import image_name
from tiphys.model.keys import Manifest

_Command = TypeVar("_Command", bound=Callable[..., Any])


class UnsetFlag(NamedTuple):
    """One flag.

    Attributes:
        name: as typed, without dashes.
        path: the field, below the source.
        identity: returns the name by which an entry of a list is told; None for a plain field.
    """

    name: str
    path: str
    identity: Callable[[Any], str] | None = None

    @property
    def parameter(self) -> str:
        """The name under which the flag's value reaches the command."""
        return self.name.replace("-", "_")


def _entry_name(entry: Any) -> str:
    return str(entry.get("name"))


UNSET_FLAGS = (
    UnsetFlag("parameter", "helm.parameters", _entry_name),
    UnsetFlag("values", "helm.valueFiles", str),
    UnsetFlag("values-literal", "helm.values"),
    UnsetFlag("pass-credentials", "helm.passCredentials"),
    UnsetFlag("ignore-missing-value-files", "helm.ignoreMissingValueFiles"),
    UnsetFlag("nameprefix", "kustomize.namePrefix"),
    UnsetFlag("namesuffix", "kustomize.nameSuffix"),
    UnsetFlag("kustomize-version", "kustomize.version"),
    UnsetFlag("kustomize-namespace", "kustomize.namespace"),
    UnsetFlag("ignore-missing-components", "kustomize.ignoreMissingComponents"),
    UnsetFlag("kustomize-image", "kustomize.images", image_name),
    UnsetFlag("kustomize-replica", "kustomize.replicas", _entry_name),
    UnsetFlag("plugin-env", "plugin.env", _entry_name),
    UnsetFlag("ref", "ref"),
)


def with_unset_flags(command: _Command) -> _Command:
    """Give a command the flags; they reach it under their names."""
    decorated: Any = command
    for flag in reversed(UNSET_FLAGS):
        names = ["-p", f"--{flag.name}"] if flag.name == "parameter" else [f"--{flag.name}"]
        value: dict[str, Any] = {"multiple": True} if flag.identity else {"is_flag": True}
        decorated = click.option(*names, flag.parameter, **value)(decorated)
    given: _Command = decorated
    return given


def unset(source: Manifest, given: Mapping[str, Any]) -> bool:
    """Take out of a source what the flags name; return whether there was anything of it."""
    changes = [
        _unset(source, flag, given[flag.parameter]) for flag in UNSET_FLAGS if given[flag.parameter]
    ]
    return any(changes)


def _unset(source: Manifest, flag: UnsetFlag, names: Any) -> bool:
    *parents, last = flag.path.split(".")
    holder: Any = source
    for parent in parents:
        holder = (holder or {}).get(parent)
    if not holder or last not in holder:
        return False
    if flag.identity is None:
        del holder[last]
        return True
    kept = [entry for entry in holder[last] if flag.identity(entry) not in names]
    is_changed = len(kept) < len(holder[last])
    if kept:
        holder[last] = kept
    else:
        del holder[last]
    return is_changed
