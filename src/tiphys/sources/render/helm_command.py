"""The `helm` command: the way back where there is no library, and what the library is held to.

Source: `helm template --help`; Argo CD user guide, "Helm".
"""

import tempfile
from pathlib import Path

from tiphys.model.errors import RenderError
from tiphys.sources.api import RenderJob
from tiphys.sources.render.commands import run_command
from tiphys.sources.render.helm_files import HelmInputs

_Texts = list[tuple[str, str]]
_MAX_MESSAGE = 1000


def chart_texts(job: RenderJob, folder: Path, inputs: HelmInputs) -> tuple[_Texts, _Texts]:
    """Return all that `helm template` prints, in its order; nothing is left to sort.

    Raises:
        RenderError: Helm refuses the chart, or is not there.
    """
    if not job.tools.helm:
        raise RenderError("no helm was found", hint="Install helm, or the extra `tools`.")
    with tempfile.TemporaryDirectory() as scratch:
        inline = Path(scratch) / "values.yaml"
        inline.write_text(inputs.inline)
        arguments = [job.tools.helm, "template", ".", *_arguments(job, inputs, inline)]
        done = run_command(arguments, folder, {}, job.max_output_bytes)
    if done.code:
        lines = [line for line in done.errors.splitlines() if not line.startswith("level=")]
        message = " ".join(" ".join(lines).split()).removeprefix("Error: ")
        clean = message.replace(f"{folder}/", "").replace(str(folder), "")
        raise RenderError(clean[:_MAX_MESSAGE], where=job.path or ".")
    return [("the chart", done.output.decode())], []


def _arguments(job: RenderJob, inputs: HelmInputs, inline: Path) -> list[str]:
    helm = inputs.helm
    kube_version = helm.kube_version or job.kube_version
    valued = [
        ("--name-template", [job.release_name]),
        ("--namespace", [helm.namespace or job.namespace or "default"]),
        ("--kube-version", [kube_version] if kube_version else []),
        ("--api-versions", helm.api_versions or job.api_versions),
        ("--values", [str(path) for path in inputs.value_files]),
        ("--values", [str(inline)] if inputs.inline else []),
        ("--set", inputs.parameters),
        ("--set-string", inputs.strings),
        ("--set-file", [f"{name}={path}" for name, path in inputs.files]),
    ]
    flags = {
        "--include-crds": not helm.skip_crds,
        "--skip-schema-validation": helm.skip_schema_validation,
        "--skip-tests": helm.skip_tests,
    }
    return [
        *(part for flag, values in valued for value in values for part in (flag, value)),
        *(flag for flag, is_set in flags.items() if is_set),
    ]
