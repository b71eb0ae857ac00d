"""Which tool renders a source, and what files in the repository change about that.

Source: Argo CD user guide, "Tools", "Tool Detection", "Parameter Overrides".
"""

from posixpath import join

import msgspec
import yaml

from tiphys.model.errors import InvalidInputError, RenderError
from tiphys.model.source import ApplicationSource
from tiphys.sources.api import KUSTOMIZATION_NAMES, RenderSettings
from tiphys.sources.tree import SourceTree
from tiphys.structured.patches.merge_patch import apply_merge_patch

_FIXED = ("repoURL", "path", "chart", "targetRevision")


def with_overrides(
    tree: SourceTree, source: ApplicationSource, path: str, app_instance: str
) -> ApplicationSource:
    """Return the source with what `.argocd-source*.yaml` files beside it say.

    Raises:
        RenderError: such a file does not parse.
    """
    for name in (".argocd-source.yaml", f".argocd-source-{app_instance}.yaml"):
        content = tree.read(join(path, name))
        if content is None:
            continue
        try:
            patch = yaml.safe_load(content) or {}
            written = apply_merge_patch(msgspec.to_builtins(source), patch)
            fixed = {f: v for f, v in msgspec.to_builtins(source).items() if f in _FIXED}
            kept = {f: v for f, v in written.items() if f not in _FIXED}
            source = msgspec.convert({**kept, **fixed}, ApplicationSource)
        except (yaml.YAMLError, msgspec.ValidationError, AttributeError, TypeError) as err:
            raise RenderError(" ".join(str(err).split()), where=join(path, name)) from err
    return source


def explicit_types(source: ApplicationSource) -> list[str]:
    """Return the tools that a source names; an empty block says nothing, but for a plugin."""
    return [
        name
        for name, section in (
            ("Kustomize", source.kustomize),
            ("Helm", source.helm),
            ("Directory", source.directory),
            ("Plugin", source.plugin),
        )
        if section is not None and (name == "Plugin" or section != type(section)())
    ]


def source_type(
    tree: SourceTree, source: ApplicationSource, path: str, settings: RenderSettings
) -> str:
    """Return "Helm", "Kustomize", "Directory" or "Plugin".

    Raises:
        InvalidInputError: the source names several tools.
    """
    explicit = explicit_types(source)
    if len(explicit) > 1:
        raise InvalidInputError(f"multiple application sources defined: {','.join(explicit)}")
    found = explicit[0] if explicit else _detected(tree.names(path))
    enabled = {"Helm": settings.helm_enabled, "Kustomize": settings.kustomize_enabled}
    return found if enabled.get(found, True) else "Directory"


def _detected(names: list[str]) -> str:
    if any(name in KUSTOMIZATION_NAMES for name in names):
        return "Kustomize"
    if any(name.endswith("Chart.yaml") for name in names):
        return "Helm"
    return "Directory"
