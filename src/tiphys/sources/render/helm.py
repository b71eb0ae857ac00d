"""Renders Helm charts in process, with the Helm SDK that a package brings.

Source: Argo CD user guide, "Helm"; `helm template --help`.
"""

import re
from pathlib import Path
from typing import Any

import helm_python
import orjson
from helm_python import _native

from tiphys.model.errors import InvalidInputError, RenderError
from tiphys.model.source import HelmSource
from tiphys.sources.api import RenderJob, contained
from tiphys.sources.render.documents import load_documents
from tiphys.sources.render.environment import substitute

_GLOB = re.compile(r"[*?\[]")


def render_helm(job: RenderJob, root: Path) -> list[Any]:
    """Return the objects of a chart, definitions first.

    Raises:
        RenderError: a value file is missing, the values do not fit, or a template fails.
    """
    helm = job.source.helm or HelmSource()
    folder = root / job.path
    try:
        with helm_python.Chart.load(folder) as chart:
            values = _values(job, helm, root)
            documents = [] if helm.skip_crds else [crd["data"] for crd in chart.crds]
            rendered = _render(job, helm, chart, values)
    except helm_python.HelmError as err:
        message = " ".join(str(err).replace(str(root), "").split())
        raise RenderError(message, where=job.path or ".") from err
    documents += [
        text
        for name, text in sorted(rendered.items())
        if not name.endswith("NOTES.txt") and not Path(name).name.startswith("_")
    ]
    objects = [found for text in documents for found in load_documents(text) if found]
    return [found for found in objects if not (helm.skip_tests and _is_test(found))]


def _render(job: RenderJob, helm: HelmSource, chart: Any, values: dict[str, Any]) -> dict[str, str]:
    options = {
        "name": job.release_name,
        "namespace": helm.namespace or job.namespace,
        "revision": 1,
        "is_install": True,
        "is_upgrade": False,
        "kube_version": helm.kube_version or job.kube_version,
        "api_versions": list(helm.api_versions or job.api_versions),
    }
    answer = _native.call_string(
        "helm_render",
        chart._raw(),  # noqa: SLF001 -- the public call cannot name versions
        orjson.dumps(values).decode(),
        orjson.dumps(options).decode(),
    )
    found: dict[str, str] = orjson.loads(answer)
    return found


def _values(job: RenderJob, helm: HelmSource, root: Path) -> dict[str, Any]:
    """Merge values from the lowest precedence to the highest; the chart's own come below all."""
    values: dict[str, Any] = {}
    for path in _value_files(job, helm, root):
        values = merge_values(values, _read_values(path.read_text()))
    if helm.values_object is not None:
        values = merge_values(values, helm.values_object)
    elif helm.values:
        values = merge_values(values, _read_values(helm.values))
    for is_text, parse in (
        (False, helm_python.parse_set_string),
        (True, helm_python.parse_set_string_values),
    ):
        # One text for all, so that `a[0].x` and `a[0].y` reach the same item.
        settings = [
            f"{parameter.name}={_escaped(substitute(parameter.value, job.environment))}"
            for parameter in helm.parameters
            if parameter.force_string is is_text
        ]
        if settings:
            values = merge_values(values, _parsed(parse(",".join(settings))))
    for file in helm.file_parameters:
        path = _inside(job, root, substitute(file.path, job.environment))
        text = path.read_text().replace("\\", "\\\\").replace(",", "\\,")
        parsed = helm_python.parse_set_string_values(f"{file.name}={text}")
        values = merge_values(values, _parsed(parsed))
    return values


def _parsed(values: Any) -> dict[str, Any]:
    return values or {}


def _read_values(text: str) -> dict[str, Any]:
    return _parsed(helm_python.values_from_yaml(text))


def merge_values(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return values with others laid over them: maps merge, everything else is replaced."""
    merged = dict(base)
    for name, value in over.items():
        before = merged.get(name)
        if isinstance(before, dict) and isinstance(value, dict):
            merged[name] = merge_values(before, value)
        else:
            merged[name] = value
    return merged


def _escaped(value: str) -> str:
    """Keep commas of a value from beginning the next parameter; `{a,b}` is a list."""
    if value.startswith("{") and value.endswith("}"):
        return value
    return re.sub(r"(?<!\\),", r"\\,", value)


def _value_files(job: RenderJob, helm: HelmSource, root: Path) -> list[Path]:
    found: list[Path] = []
    for raw in helm.value_files:
        name = raw if raw.startswith("$") else substitute(raw, job.environment)
        path = _inside(job, root, name)
        if _GLOB.search(name):
            base = root.resolve()
            matches = sorted(base.glob(str(path.relative_to(root))))
            if not matches and not helm.ignore_missing_value_files:
                raise RenderError(f'values file glob "{name}" matched no files')
            found += [match for match in matches if match.is_file()]
        elif path.is_file():
            found.append(path)
        elif not helm.ignore_missing_value_files:
            raise RenderError(
                f"open {name}: no such file or directory",
                hint="Check spec.source.helm.valueFiles, or set ignoreMissingValueFiles.",
            )
    return list(dict.fromkeys(found))


def _inside(job: RenderJob, root: Path, name: str) -> Path:
    """Return a file of the chart, of the repository (`/x`), or of a `$ref`; never outside."""
    base, relative = root, f"{job.path}/{name}"
    if name.startswith("$"):
        reference, _, relative = name[1:].partition("/")
        if reference not in job.refs:
            known = ", ".join(f"${ref}" for ref in job.refs)
            raise RenderError(
                f'source referenced "${reference}", which is not one of the available sources '
                f"({known})"
                if known
                else f"source referenced \"${reference}\", but no source has a 'ref' field defined"
            )
        base = root.parent / job.refs[reference]
    elif name.startswith("/"):
        relative = name[1:]
    try:
        path = base / contained(relative)
    except InvalidInputError as err:
        raise RenderError(f"file '{name}' resolved to outside repository root") from err
    if not path.resolve().is_relative_to(base.resolve()):
        raise RenderError(f"file '{name}' resolved to outside repository root")
    return path


def _is_test(manifest: Any) -> bool:
    annotations = (manifest.get("metadata") or {}).get("annotations") or {}
    return str(annotations.get("helm.sh/hook", "")).startswith("test")
