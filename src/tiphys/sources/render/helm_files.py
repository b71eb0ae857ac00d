"""What an Application hands to a chart: files of values and parameters, found and kept inside.

Source: Argo CD user guide, "Helm": "Values Files", "Glob Patterns", "Helm Parameters".
"""

import re
from pathlib import Path
from typing import NamedTuple

import orjson

from tiphys.model.errors import InvalidInputError, RenderError
from tiphys.model.source import HelmSource
from tiphys.sources.api import RenderJob, contained
from tiphys.sources.render.environment import is_reference, substitute

_GLOB = re.compile(r"[*?\[]")


class HelmInputs(NamedTuple):
    """Everything that `helm template` is told, from the lowest precedence to the highest.

    Attributes:
        inline: YAML; "" for none.
        parameters: `name=value`, parsed to numbers, booleans and lists.
        strings: `name=value`, kept as text.
        files: name and file whose content becomes the value.
    """

    helm: HelmSource
    value_files: list[Path]
    inline: str
    parameters: list[str]
    strings: list[str]
    files: list[tuple[str, Path]]


def helm_inputs(job: RenderJob, helm: HelmSource, root: Path) -> HelmInputs:
    """Return what a chart is rendered with.

    Raises:
        RenderError: a file is missing or lies outside of its repository.
    """
    inline = helm.values
    if helm.values_object is not None:
        inline = orjson.dumps(helm.values_object).decode()
    settings: dict[bool, dict[str, str]] = {False: {}, True: {}}
    for parameter in helm.parameters:
        value = _escaped(substitute(parameter.value, job.environment))
        settings[parameter.force_string][parameter.name] = value
    return HelmInputs(
        helm=helm,
        value_files=_value_files(job, helm, root),
        inline=inline,
        parameters=[f"{name}={value}" for name, value in settings[False].items()],
        strings=[f"{name}={value}" for name, value in settings[True].items()],
        files=[
            (file.name, _existing(job, root, _substituted(file.path, job)))
            for file in helm.file_parameters
        ],
    )


def _substituted(path: str, job: RenderJob) -> str:
    """Return a path with build variables replaced, but for the `$ref` that may begin it."""
    if not is_reference(path):
        return substitute(path, job.environment)
    reference, slash, rest = path.partition("/")
    return f"{reference}{slash}{substitute(rest, job.environment)}"


def _escaped(value: str) -> str:
    """Keep commas of a value from beginning the next parameter; `{a,b}` is a list."""
    if value.startswith("{") and value.endswith("}"):
        return value
    return re.sub(r"(?<!\\),", r"\\,", value)


def _value_files(job: RenderJob, helm: HelmSource, root: Path) -> list[Path]:
    names = [_substituted(name, job) for name in helm.value_files]
    explicit = {_inside(job, root, name) for name in names if not _GLOB.search(name)}
    found: list[Path] = []
    for name in names:
        path = _inside(job, root, name)
        if _GLOB.search(name):
            # A file that is also named by itself keeps the place where it is named.
            found += [match for match in _matches(path, name, helm) if match not in explicit]
        elif path.is_file():
            found.append(path)
        elif not helm.ignore_missing_value_files:
            raise _missing(name)
    return list(dict.fromkeys(found))


def _matches(pattern: Path, name: str, helm: HelmSource) -> list[Path]:
    base = Path(*pattern.parts[: next(i for i, p in enumerate(pattern.parts) if _GLOB.search(p))])
    found = sorted(base.glob(str(pattern.relative_to(base))))
    files = [match for match in found if match.is_file()]
    if not files and not helm.ignore_missing_value_files:
        raise RenderError(f'values file glob "{name}" matched no files')
    return files


def _existing(job: RenderJob, root: Path, name: str) -> Path:
    path = _inside(job, root, name)
    if not path.is_file():
        raise _missing(name)
    return path


def _missing(name: str) -> RenderError:
    return RenderError(
        f"open {name}: no such file or directory",
        hint="Check spec.source.helm.valueFiles, or set ignoreMissingValueFiles.",
    )


def _inside(job: RenderJob, root: Path, name: str) -> Path:
    """Return a file of the chart, of the repository (`/x`), or of a `$ref`; never outside."""
    base, relative = root, f"{job.path}/{name}"
    if name.startswith("$"):
        reference, _, relative = name[1:].partition("/")
        base = root.parent / _reference(job, reference)
    elif name.startswith("/"):
        relative = name[1:]
    try:
        path = base / contained(relative.lstrip("/"))
    except InvalidInputError as err:
        raise RenderError(f"file '{name}' resolved to outside repository root") from err
    if not path.resolve().is_relative_to(base.resolve()):
        raise RenderError(f"file '{name}' resolved to outside repository root")
    return path


def _reference(job: RenderJob, name: str) -> str:
    if name in job.refs:
        return job.refs[name]
    known = ", ".join(f"${ref}" for ref in job.refs)
    raise RenderError(
        f'source referenced "${name}", which is not one of the available sources ({known})'
        if known
        else f"source referenced \"${name}\", but no source has a 'ref' field defined"
    )
