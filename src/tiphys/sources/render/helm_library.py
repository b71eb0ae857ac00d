"""Helm's own library, brought in process by a package.

Source: `helm template --help`; helm.sh/helm, package strvals, for what `--set` means.
"""

from pathlib import Path
from typing import Any

import helm_python
import orjson
from helm_python import _native

from tiphys.model.errors import RenderError
from tiphys.sources.api import RenderJob
from tiphys.sources.render.helm_chart import check_chart
from tiphys.sources.render.helm_files import HelmInputs
from tiphys.sources.render.helm_integers import FILE, add_template, marked
from tiphys.sources.render.helm_subcharts import disabled_subcharts
from tiphys.sources.render.helm_values import merge_setting, merge_values

_Texts = list[tuple[str, str]]
_CONTENT = "content"


def chart_texts(job: RenderJob, folder: Path, inputs: HelmInputs) -> tuple[_Texts, _Texts]:
    """Return a chart's definitions and its rendered templates, each with the name of its file.

    Raises:
        RenderError: the chart does not load, or the values do not fit, or a template fails.
    """
    if inputs.helm.skip_schema_validation:
        for schema in folder.rglob("values.schema.json"):
            schema.unlink()
    try:
        values = _values(inputs)
        add_template(folder, values)
        with helm_python.Chart.load(folder) as chart:
            loaded = [str(subchart.get("name", "")) for subchart in chart.dependencies]
            kube_version = inputs.helm.kube_version or job.kube_version
            check_chart(chart.metadata, loaded, job.release_name, kube_version)
            definitions = [] if inputs.helm.skip_crds else _definitions(chart, values)
            rendered = _rendered(job, inputs, chart, values)
    except helm_python.HelmError as err:
        message = str(err).replace(f"{folder}/", "").replace(str(folder), "")
        raise RenderError(" ".join(message.split()), where=job.path or ".") from err
    templates = [
        (name, text)
        for name, text in sorted(rendered.items())
        if not name.endswith(("NOTES.txt", FILE)) and not Path(name).name.startswith("_")
    ]
    return definitions, templates


def _definitions(chart: Any, values: dict[str, Any]) -> _Texts:
    """Return the files below `crds/` of a chart and of the subcharts that are on."""
    found = [(str(crd["filename"]), str(crd["data"])) for crd in chart.crds]
    if not any("/charts/" in name for name, _ in found):
        return found
    off = disabled_subcharts(chart.metadata, chart.merge_values(values))
    return [(name, text) for name, text in found if not off & set(name.split("/")[2:3])]


def _rendered(
    job: RenderJob, inputs: HelmInputs, chart: Any, values: dict[str, Any]
) -> dict[str, str]:
    helm = inputs.helm
    kube_version = helm.kube_version or job.kube_version
    options = {
        "name": job.release_name,
        "namespace": helm.namespace or job.namespace or "default",
        "revision": 1,
        "is_install": True,
        "is_upgrade": False,
        "api_versions": list(helm.api_versions or job.api_versions),
    }
    if kube_version:
        options["kube_version"] = kube_version
    answer = _native.call_string(
        "helm_render",
        chart._raw(),  # noqa: SLF001 -- the public call cannot name versions
        orjson.dumps(values).decode(),
        orjson.dumps(options).decode(),
    )
    found: dict[str, str] = orjson.loads(answer)
    return found


def _values(inputs: HelmInputs) -> dict[str, Any]:
    """Merge values from the lowest precedence to the highest; the chart's own come below all."""
    values: dict[str, Any] = {}
    texts = [path.read_text() for path in inputs.value_files]
    for text in [*texts, *([inputs.inline] if inputs.inline else [])]:
        values = merge_values(values, helm_python.values_from_yaml(text) or {})
    for setting in inputs.parameters:
        parsed = marked(helm_python.parse_set_string(setting) or {})
        values = merge_setting(values, setting, parsed)
    for setting in inputs.strings:
        parsed = helm_python.parse_set_string_values(setting) or {}
        values = merge_setting(values, setting, parsed)
    for name, path in inputs.files:
        # The content is put in afterwards: nothing in it may be read as syntax.
        setting = f"{name}={_CONTENT}"
        parsed = helm_python.parse_set_string_values(setting) or {}
        values = merge_setting(values, setting, _filled(parsed, path.read_text()))
    return values


def _filled(value: Any, content: str) -> Any:
    if isinstance(value, dict):
        return {name: _filled(member, content) for name, member in value.items()}
    if isinstance(value, list):
        return [_filled(member, content) for member in value]
    return content if value == _CONTENT else value
