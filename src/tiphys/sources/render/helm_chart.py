"""What Helm demands of a chart before it renders it.

Source: the Helm documentation, "Charts": "The kubeVersion Field", "Chart dependencies", "Library
Charts"; `helm install`'s rule on release names.
"""

import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tiphys.model.errors import RenderError
from tiphys.sources.render.documents import load_documents
from tiphys.sources.versions import parse_version, satisfies

_RELEASE = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_MAX_RELEASE = 53


def add_local_dependencies(folder: Path, root: Path) -> None:
    """Put charts that a chart names by `file://` where Helm looks for them.

    Raises:
        RenderError: one lies outside of the repository.
    """
    for dependency in _dependencies(folder):
        name, url = str(dependency.get("name", "")), str(dependency.get("repository", ""))
        if not url.startswith("file://") or not re.fullmatch(r"[\w.-]+", name):
            continue
        origin = (folder / url.removeprefix("file://")).resolve()
        if not origin.is_relative_to(root.resolve()):
            raise RenderError(f"dependency {name}: `{url}` leads out of the repository")
        charts = folder / "charts"
        is_there = (charts / name).exists() or any(charts.glob(f"{name}-*.tgz"))
        if origin.is_dir() and not is_there:
            # As Helm packs it: its own files, without what it would fetch.
            shutil.copytree(origin, charts / name, symlinks=True)


def check_chart(
    metadata: Mapping[str, Any], loaded: Iterable[str], release_name: str, kube_version: str
) -> None:
    """Refuse what the `helm` command refuses and its library does not.

    Args:
        metadata: Chart.yaml.
        loaded: names of the subcharts that are there.
        release_name: of the release.
        kube_version: "v1.31.2"; "" when it is not known.

    Raises:
        RenderError: the chart cannot be rendered so.
    """
    if len(release_name) > _MAX_RELEASE or not _RELEASE.fullmatch(release_name):
        raise RenderError(
            f'invalid release name "{release_name}": it must be a DNS name of at most '
            f"{_MAX_RELEASE} characters",
            hint="Set spec.source.helm.releaseName.",
        )
    if metadata.get("type") == "library":
        raise RenderError("library charts are not installable")
    there = set(loaded)
    names = [str(d.get("name", "")) for d in metadata.get("dependencies") or []]
    missing = [name for name in dict.fromkeys(names) if name not in there]
    if missing:
        raise RenderError(
            f"found in Chart.yaml, but missing in charts/ directory: {', '.join(missing)}",
            hint="Run `helm dependency build` and commit charts/.",
        )
    wanted = str(metadata.get("kubeVersion") or "")
    version = parse_version(kube_version)
    if wanted and version is not None and not satisfies(version, wanted):
        raise RenderError(
            f"chart requires kubeVersion: {wanted} which is incompatible with Kubernetes "
            f"{kube_version}"
        )


def _dependencies(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in ("Chart.yaml", "requirements.yaml"):
        if (folder / name).is_file():
            try:
                document = next(iter(load_documents((folder / name).read_bytes())), None)
            except (yaml.YAMLError, ValueError):
                continue  # Helm says what is wrong with it
            listed = document.get("dependencies") if isinstance(document, dict) else None
            found += [entry for entry in listed or [] if isinstance(entry, dict)]
    return found
