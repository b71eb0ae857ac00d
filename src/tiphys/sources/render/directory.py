"""Renders a plain directory: YAML, JSON and jsonnet files.

Source: Argo CD user guide, "Directory".
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import orjson
import yaml

from tiphys.model.errors import RenderError
from tiphys.model.source import DirectorySource
from tiphys.sources.api import RenderJob
from tiphys.sources.render.documents import load_documents
from tiphys.sources.render.jsonnet import render_jsonnet

_NAMES = re.compile(r"\.(ya?ml|json|jsonnet)$")
_SKIP_MARK = b"+argocd:skip-file-rendering"
_MANIFEST_WORDS = (b"apiVersion:", b"kind:", b"metadata:")


def render_directory(job: RenderJob, root: Path) -> list[Any]:
    """Return the objects of a directory's files, in lexical order of their paths.

    Raises:
        RenderError: a file does not parse, or the files are too large together.
    """
    settings = job.source.directory or DirectorySource()
    folder = root / job.path
    found: list[Any] = []
    size = 0
    for path in _files(folder, settings):
        content = path.read_bytes()
        size += len(content)
        if size > job.max_directory_bytes:
            limit = job.max_directory_bytes
            raise RenderError(f"the manifests of the directory are larger than {limit} bytes")
        if _SKIP_MARK not in content:
            found += _read(path, content, job, root)
    return found


def _files(folder: Path, settings: DirectorySource) -> Iterator[Path]:
    paths = folder.rglob("*") if settings.recurse else folder.iterdir()
    for path in sorted(paths, key=lambda found: found.relative_to(folder).as_posix()):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or ".git/" in name:
            continue
        if not settings.disable_extension_filter and not _NAMES.search(name):
            continue
        if settings.exclude and _matches(name, settings.exclude):
            continue
        if settings.include and not _matches(name, settings.include):
            continue
        yield path


def _matches(name: str, pattern: str) -> bool:
    if pattern.startswith("{") and pattern.endswith("}"):
        return any(fnmatchcase(name, part.strip()) for part in pattern[1:-1].split(","))
    return fnmatchcase(name, pattern)


def _read(path: Path, content: bytes, job: RenderJob, root: Path) -> list[Any]:
    if path.suffix == ".jsonnet":
        return render_jsonnet(path, job, root) if job.jsonnet_enabled else []
    if path.suffix == ".json":
        return _read_json(path, content)
    documents: list[Any] = []
    try:
        documents += load_documents(content)
    except (yaml.YAMLError, ValueError) as err:
        if documents or all(word in content for word in _MANIFEST_WORDS):
            text = " ".join(str(err).split())
            raise RenderError(
                f"Failed to unmarshal {path.name!r}: {text}",
                hint="Check the file with a YAML linter.",
            ) from err
    return documents


def _read_json(path: Path, content: bytes) -> list[Any]:
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as err:
        raise RenderError(f"Failed to unmarshal {path.name!r}: {err}") from err
    if isinstance(document, list):
        raise RenderError(
            f'Found multiple objects in "{path.name}". '
            "Only single objects are allowed in JSON files."
        )
    return [document]
