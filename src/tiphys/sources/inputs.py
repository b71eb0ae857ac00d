"""What a render reads, known before it runs: files and folders of the repository.

The answer is a superset. The cache key is made of the hashes of these, so a commit that touches
none of them costs a comparison of hashes and no render.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from posixpath import dirname, join

import yaml

from tiphys.model.errors import InvalidInputError
from tiphys.model.source import ApplicationSource
from tiphys.sources.api import KUSTOMIZATION_NAMES, contained
from tiphys.sources.render.environment import is_reference, substitute
from tiphys.sources.tree import SourceTree

_IMPORT = re.compile(rb"""\bimport(?:str|bin)?\s*@?["']([^"']+)["']""")
_GLOB = re.compile(r"[*?\[]")


def source_inputs(
    tree: SourceTree, source: ApplicationSource, source_type: str, environment: Mapping[str, str]
) -> list[str]:
    """Return the paths that a source's render reads, none inside another, sorted."""
    path = contained(source.path)
    if source_type == "Helm":
        found = {path, *_helm_files(tree, source, path, environment)}
    elif source_type == "Kustomize":
        found = set()
        _walk_kustomization(tree, path, found)
        found |= {path}
        for component in source.kustomize.components if source.kustomize else ():
            _walk_kustomization(tree, _inside(path, component), found)
    elif source_type == "Directory":
        found = {path, *_jsonnet_imports(tree, source, path)}
    else:
        return [""]
    return outermost(found)


def outermost(paths: Iterable[str]) -> list[str]:
    """Return the paths that no other of them contains, sorted."""
    kept: list[str] = []
    for path in sorted(set(paths)):
        if "" in kept or any(path.startswith(f"{other}/") for other in kept):
            continue
        kept.append(path)
    return kept


def _inside(folder: str, reference: str) -> str:
    """Return where a relative reference leads; the root when it leads outside."""
    try:
        return contained(join(folder, reference))
    except InvalidInputError:
        return ""


def _helm_files(
    tree: SourceTree, source: ApplicationSource, path: str, environment: Mapping[str, str]
) -> set[str]:
    helm = source.helm
    named = [*helm.value_files, *(p.path for p in helm.file_parameters)] if helm else []
    found: set[str] = set()
    for written in named:
        if is_reference(written) or "://" in written:
            continue
        name = substitute(written, environment)
        file = _inside("", name[1:]) if name.startswith("/") else _inside(path, name)
        # A glob reads what stands in its folder.
        plain = _GLOB.split(file)[0]
        found.add(file if plain == file else dirname(plain))
    return found | _local_dependencies(tree, path)


def _local_dependencies(tree: SourceTree, path: str) -> set[str]:
    chart = _load(tree.read(join(path, "Chart.yaml")))
    dependencies = chart.get("dependencies") if isinstance(chart, dict) else None
    urls = [str(d.get("repository", "")) for d in dependencies or [] if isinstance(d, dict)]
    return {_inside(path, url.removeprefix("file://")) for url in urls if url.startswith("file://")}


def _walk_kustomization(tree: SourceTree, folder: str, found: set[str]) -> None:
    if folder in found:
        return
    found.add(folder)
    for name in KUSTOMIZATION_NAMES:
        document = _load(tree.read(join(folder, name)))
        if not isinstance(document, dict):
            continue
        # Any string that names something in the repository counts: no list of fields to keep up.
        for reference in _strings(document):
            target = _inside(folder, reference)
            if tree.is_folder(target):
                _walk_kustomization(tree, target, found)
            elif tree.exists(target):
                found.add(target)


def _strings(value: object) -> Iterator[str]:
    """Yield every string in a document, and what follows an equals sign in one."""
    if isinstance(value, dict):
        for member in value.values():
            yield from _strings(member)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, str) and "\n" not in value and "://" not in value:
        yield value
        if "=" in value:
            yield value.partition("=")[2]


def _jsonnet_imports(tree: SourceTree, source: ApplicationSource, path: str) -> set[str]:
    directory = source.directory
    libraries = [_inside("", lib) for lib in (directory.jsonnet.libs if directory else ())]
    found = set(libraries)
    waiting = [name for name in tree.files(path) if name.endswith((".jsonnet", ".libsonnet"))]
    seen: set[str] = set()
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        for raw in _IMPORT.findall(tree.read(file) or b""):
            name = raw.decode(errors="replace")
            places = [_inside(base, name) for base in (dirname(file), path, *libraries)]
            hits = [place for place in places if tree.exists(place)]
            found.update(hits)
            waiting += hits
    return found


def _load(content: bytes | None) -> object:
    if content is None:
        return None
    try:
        return yaml.load(content, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError):
        return None
