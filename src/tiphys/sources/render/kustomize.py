"""Renders kustomizations with the kustomize that kubectl contains, or with a version's own program.

Source: Argo CD user guide, "Kustomize"; kustomize reference, "kustomization.yaml".
"""

import shlex
from pathlib import Path
from typing import Any

from tiphys.model.errors import RenderError
from tiphys.model.source import KustomizeSource
from tiphys.sources.api import RenderJob
from tiphys.sources.render.commands import run_command
from tiphys.sources.render.documents import load_manifests
from tiphys.sources.render.kustomize_edits import edit_kustomization

_MAX_MESSAGE = 600


def render_kustomize(job: RenderJob, root: Path) -> list[Any]:
    """Return the objects of a kustomization.

    Raises:
        RenderError: kustomize refuses it, or there is no kustomize.
    """
    folder = root / job.path
    settings = job.source.kustomize
    if settings is not None and settings != KustomizeSource(version=settings.version):
        edit_kustomization(folder, settings, job.environment)
    done = run_command(
        _command(job, folder),
        folder,
        {},
        job.max_output_bytes,
    )
    if done.code:
        message = done.errors.replace(str(root), "").removeprefix("error: ").removeprefix("Error: ")
        text = " ".join(message.split())[:_MAX_MESSAGE]
        raise RenderError(text or f"kustomize ended with {done.code}", where=job.path or ".")
    return load_manifests("what kustomize prints", done.output)


def _command(job: RenderJob, folder: Path) -> list[str]:
    options = shlex.split(job.kustomize_build_options)
    if any(option.split("=")[0] in {"-o", "--output"} for option in options):
        raise RenderError(
            "kustomize.buildOptions names an output file",
            hint="Remove `--output`: the manifests are read from what kustomize prints.",
        )
    tools = job.tools
    if "--enable-helm" in options:
        options += [] if "--helm-command" in options else ["--helm-command", tools.helm or "helm"]
        options += ["--helm-kube-version", job.kube_version] if job.kube_version else []
        for version in job.api_versions:
            options += ["--helm-api-versions", version]
    if tools.kustomize:
        return [tools.kustomize, "build", str(folder), *options]
    if not tools.kubectl:
        raise RenderError("no kubectl was found", hint="Install kubectl, or the extra `tools`.")
    return [tools.kubectl, "kustomize", str(folder), *options]
