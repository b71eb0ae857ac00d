"""Runs a plugin's commands in the source's folder, inside the jail.

Source: Argo CD operator manual, "Config Management Plugins".
"""

from pathlib import Path
from typing import Any

from tiphys.model.errors import RenderError
from tiphys.sources.api import RenderJob
from tiphys.sources.render.commands import Finished, run_command
from tiphys.sources.render.documents import load_manifests

_MAX_MESSAGE = 1000


def render_plugin(job: RenderJob, root: Path) -> list[Any]:
    """Return the objects that a plugin prints.

    Raises:
        RenderError: a command fails, or prints no YAML.
    """
    assert job.plugin is not None
    if job.plugin.init:
        _require(_run(job, root, job.plugin.init), job, "init")
    done = _require(_run(job, root, job.plugin.generate), job, "generate")
    return load_manifests(f"what plugin {job.plugin.name} prints", done.output)


def discover_plugin(job: RenderJob, root: Path) -> list[Any]:
    """Return one object when a plugin says that it renders the folder, else nothing."""
    assert job.plugin is not None
    done = _run(job, root, job.plugin.find_command)
    return [{"kind": "Discovered"}] if done.code == 0 and done.output.strip() else []


def _run(job: RenderJob, root: Path, words: tuple[str, ...]) -> Finished:
    return run_command(words, root / job.path, job.environment, job.max_output_bytes)


def _require(done: Finished, job: RenderJob, command: str) -> Finished:
    if done.code:
        assert job.plugin is not None
        message = " ".join(done.errors.split())[-_MAX_MESSAGE:]
        what = f"plugin {job.plugin.name}: `{command}` failed with exit status {done.code}"
        raise RenderError(f"{what}: {message}", where=job.path or ".")
    return done
