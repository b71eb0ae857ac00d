"""Renders a plain directory: YAML, JSON and jsonnet files.

Source: Argo CD user guide, "Directory".
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tiphys.engine.globs import matches
from tiphys.model.errors import RenderError
from tiphys.model.source import DirectorySource
from tiphys.sources.api import RenderJob
from tiphys.sources.render.documents import load_documents

_NAMES = re.compile(r"\.(ya?ml|json|jsonnet)$")
_SKIP_MARK = b"+argocd:skip-file-rendering"
_MANIFEST_WORDS = (b"apiVersion:", b"kind:", b"metadata:")


def render_directory(job: RenderJob, root: Path) -> list[Any]:
    """Return the objects of a directory's files, in lexical order of their paths.

    Raises:
        RenderError: a file does not parse, or the files are too large together.
    """
    settings = job.source.directory or DirectorySource()
    found: list[Any] = []
    size = 0
    for path in _files(root / job.path, settings):
        if path.suffix == ".jsonnet" and not job.jsonnet_enabled:
            continue
        content = path.read_bytes()
        size += len(content)
        if size > job.max_directory_bytes:
            raise RenderError(
                f"the manifests of the directory are larger than {job.max_directory_bytes} bytes",
                hint="Raise reposerver.max.combined.directory.manifests.size.",
            )
        if _SKIP_MARK not in content:
            found += _read(path, content, job, root)
    return found


def _files(folder: Path, settings: DirectorySource) -> Iterator[Path]:
    paths = folder.rglob("*") if settings.recurse else folder.iterdir()
    for path in sorted(paths, key=lambda found: found.relative_to(folder).parts):
        name = path.relative_to(folder).as_posix()
        if not path.is_file():
            continue
        if not settings.disable_extension_filter and not _NAMES.search(name):
            continue
        if settings.exclude and matches(settings.exclude, name):
            continue
        if settings.include and not matches(settings.include, name):
            continue
        yield path


def _read(path: Path, content: bytes, job: RenderJob, root: Path) -> list[Any]:
    if path.suffix == ".jsonnet":
        # The library is loaded by the first file that needs it.
        from tiphys.sources.render.jsonnet import render_jsonnet  # noqa: PLC0415

        return render_jsonnet(path, job, root)
    if path.suffix == ".json":
        return [_read_json(path, content)]
    return _read_yaml(path, content)


def _read_yaml(path: Path, content: bytes) -> list[Any]:
    """Return the objects of a file; a file that never was one of manifests is left out."""
    found: list[Any] = []
    try:
        for document in load_documents(content):
            if document is not None:
                _refuse_other(document)
                found.append(document)
    except (yaml.YAMLError, ValueError) as err:
        if found or all(word in content for word in _MANIFEST_WORDS):
            text = " ".join(str(err).split())
            raise RenderError(
                f'Failed to unmarshal "{path.name}": {text}',
                hint="Check the file with a YAML linter.",
            ) from err
    return found


def _read_json(path: Path, content: bytes) -> Any:
    try:
        text = content.decode("utf-8-sig").lstrip()
        document, end = json.JSONDecoder().raw_decode(text)
        _refuse_other(document)
    except ValueError as err:
        raise RenderError(f'Failed to unmarshal "{path.name}": {err}') from err
    if text[end:].strip():
        raise RenderError(
            f'Found multiple objects in "{path.name}". '
            "Only single objects are allowed in JSON files."
        )
    return document


def _refuse_other(document: Any) -> None:
    """Raise ValueError for what is no object of Kubernetes."""
    if not isinstance(document, dict):
        raise ValueError(  # noqa: TRY004 -- the text is at fault, not the program
            f"expected an object, got a {type(document).__name__}"
        )
    if not document.get("kind"):
        raise ValueError("Object 'Kind' is missing")
