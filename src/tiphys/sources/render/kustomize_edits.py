"""What an Application changes in a kustomization before it is built, as `kustomize edit` does it.

Source: Argo CD user guide, "Kustomize"; kustomize reference, "kustomize edit".
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import orjson
import yaml

from tiphys.model.errors import RenderError
from tiphys.model.numbers import whole_number
from tiphys.model.source import KustomizeSource
from tiphys.sources.api import KUSTOMIZATION_NAMES
from tiphys.sources.render.documents import load_documents
from tiphys.sources.render.environment import substitute

_TAGGED = re.compile(r"^(.*):([a-zA-Z0-9._-]*|\*)$")
_KEEP = "*"


def edit_kustomization(
    folder: Path, settings: KustomizeSource, environment: Mapping[str, str]
) -> None:
    """Write an Application's changes into the job's copy of a kustomization.

    Raises:
        RenderError: a change does not fit.
    """
    path = next((folder / n for n in KUSTOMIZATION_NAMES if (folder / n).is_file()), None)
    if path is None:
        return  # kustomize itself says what is missing
    try:
        document: Any = next(iter(load_documents(path.read_bytes())), {}) or {}
    except yaml.YAMLError as err:
        raise RenderError(" ".join(str(err).split()), where=path.name) from err
    if not isinstance(document, dict):
        raise RenderError("a kustomization is not an object", where=path.name)
    _set_names(document, settings)
    _set_images(document, [substitute(image, environment) for image in settings.images])
    _set_replicas(document, settings)
    _add_labels(document, settings, environment)
    _add_annotations(document, settings, environment)
    if settings.patches:
        patches = [msgspec.to_builtins(patch) for patch in settings.patches]
        document["patches"] = [*(document.get("patches") or []), *patches]
    _add_components(document, settings, folder)
    path.unlink()  # it may be a link to a file that others use too
    path.write_bytes(orjson.dumps(document))


def _set_names(document: dict[str, Any], settings: KustomizeSource) -> None:
    names = {
        "namePrefix": settings.name_prefix,
        "nameSuffix": settings.name_suffix,
        "namespace": settings.namespace,
    }
    document.update({field: value for field, value in names.items() if value})


def _set_images(document: dict[str, Any], images: list[str]) -> None:
    entries = {str(entry.get("name", "")): entry for entry in document.get("images") or []}
    for image in images:
        added = _image(image)
        before = entries.get(added["name"], {})
        for field in ("newName", "newTag", "digest"):
            if added.get(field) == _KEEP:
                added.pop(field)
                added.update({field: before[field]} if field in before else {})
        entries[added["name"]] = added
    if images:
        document["images"] = [entries[name] for name in sorted(entries)]


def _image(text: str) -> dict[str, str]:
    """Return an entry of `images`: `name:tag`, `name@digest`, `old=new[:tag][@digest]`."""
    old, equals, new = text.partition("=")
    name, at, digest = (new if equals else text).partition("@")
    found = _TAGGED.match(name)
    name, tag = (found[1], found[2]) if found else (name, "")
    if not name or "=" in new or not (equals or at or found):
        raise RenderError(
            f"`{text}` is not an image of the form [old=]new[:tag|@digest]",
            where="spec.source.kustomize.images",
        )
    entry = {"name": old if equals else name, "newName": name if equals else ""}
    entry |= {"newTag": tag, "digest": digest}
    return {field: value for field, value in entry.items() if value}


def _set_replicas(document: dict[str, Any], settings: KustomizeSource) -> None:
    counts = {str(entry.get("name", "")): entry for entry in document.get("replicas") or []}
    for replica in settings.replicas:
        text = str(replica.count)
        count = whole_number(text)
        if count is None:
            raise RenderError(
                f"expected a number of replicas, got `{text[:64]}`",
                where=f"spec.source.kustomize.replicas: {replica.name}",
            )
        counts[replica.name] = {"name": replica.name, "count": count}
    if settings.replicas:
        document["replicas"] = list(counts.values())


def _add_labels(
    document: dict[str, Any], settings: KustomizeSource, environment: Mapping[str, str]
) -> None:
    labels = {k: substitute(v, environment) for k, v in settings.common_labels.items()}
    if not labels:
        return
    force = settings.force_common_labels
    if not settings.label_without_selector:
        if settings.label_include_templates:
            raise RenderError(
                "--without-selector flag must be specified for --include-templates to be used",
                hint="Set spec.source.kustomize.labelWithoutSelector too.",
            )
        document["commonLabels"] = _added(
            "label", document.get("commonLabels"), labels, force=force
        )
        return
    entries = [dict(entry) for entry in document.get("labels") or []]
    for entry in entries:
        is_alike = bool(entry.get("includeTemplates")) == settings.label_include_templates
        if is_alike and not entry.get("includeSelectors"):
            entry["pairs"] = _added("label", entry.get("pairs"), labels, force=force)
            break
    else:
        entries.append({"pairs": labels, "includeTemplates": settings.label_include_templates})
    document["labels"] = entries


def _add_annotations(
    document: dict[str, Any], settings: KustomizeSource, environment: Mapping[str, str]
) -> None:
    annotations = dict(settings.common_annotations)
    if settings.common_annotations_envsubst:
        annotations = {k: substitute(v, environment) for k, v in annotations.items()}
    if annotations:
        before, force = document.get("commonAnnotations"), settings.force_common_annotations
        document["commonAnnotations"] = _added("annotation", before, annotations, force=force)


def _added(what: str, before: Any, added: dict[str, str], *, force: bool) -> dict[str, str]:
    """Return entries with more of them; refuse what is there, as `kustomize edit add` does."""
    entries: dict[str, str] = dict(before or {})
    taken = sorted(entries.keys() & added.keys())
    if taken and not force:
        raise RenderError(
            f"{what} {taken[0]} already in kustomization file",
            hint=f"Set spec.source.kustomize.forceCommon{what.capitalize()}s to replace it.",
        )
    return entries | added


def _add_components(document: dict[str, Any], settings: KustomizeSource, folder: Path) -> None:
    components = [
        name
        for name in settings.components
        if not settings.ignore_missing_components or (folder / name).is_dir()
    ]
    if components:
        before = document.get("components") or []
        document["components"] = [*before, *(c for c in components if c not in before)]
