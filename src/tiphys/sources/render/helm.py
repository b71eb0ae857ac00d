"""Renders Helm charts: with the library of a package in process, else with the `helm` command.

Source: Argo CD user guide, "Helm"; `helm template --help`.
"""

from pathlib import Path
from typing import Any

from tiphys.model.errors import RenderError
from tiphys.model.source import HelmSource
from tiphys.sources.api import RenderJob
from tiphys.sources.render.documents import load_manifests
from tiphys.sources.render.helm_chart import add_local_dependencies
from tiphys.sources.render.helm_files import helm_inputs


def render_helm(job: RenderJob, root: Path) -> list[Any]:
    """Return the objects of a chart: definitions, then the rest by kind, hooks last.

    Raises:
        RenderError: a value file is missing, the values do not fit, or a template fails.
    """
    helm = job.source.helm or HelmSource()
    folder = root / job.path
    if not (folder / "Chart.yaml").is_file():
        raise RenderError("Chart.yaml file is missing", where=job.path or ".")
    inputs = helm_inputs(job, helm, root)
    add_local_dependencies(folder, root)
    # Helm's library is loaded by the first chart that comes.
    if job.tools.helm_library:
        from tiphys.sources.render.helm_library import chart_texts  # noqa: PLC0415
    else:
        from tiphys.sources.render.helm_command import chart_texts  # noqa: PLC0415
    definitions, templates = chart_texts(job, folder, inputs)
    found = [o for name, text in definitions for o in load_manifests(name, text)]
    rendered = [o for name, text in templates for o in load_manifests(name, text)]
    if helm.skip_tests:
        rendered = [o for o in rendered if not _hook(o).startswith("test")]
    return found + sorted(rendered, key=_place)


def _hook(manifest: Any) -> str:
    metadata = manifest.get("metadata") if isinstance(manifest, dict) else None
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    return str((annotations or {}).get("helm.sh/hook", ""))


def _place(manifest: Any) -> tuple[bool, int, str]:
    kind = str(manifest.get("kind", "")) if isinstance(manifest, dict) else ""
    rank = _KIND_RANKS.get(kind)
    return bool(_hook(manifest)), len(_KIND_RANKS) if rank is None else rank, kind * (rank is None)


_KIND_ORDER = """
    PriorityClass Namespace NetworkPolicy ResourceQuota LimitRange PodSecurityPolicy
    PodDisruptionBudget ServiceAccount Secret SecretList ConfigMap StorageClass PersistentVolume
    PersistentVolumeClaim CustomResourceDefinition ClusterRole ClusterRoleList ClusterRoleBinding
    ClusterRoleBindingList Role RoleList RoleBinding RoleBindingList Service DaemonSet Pod
    ReplicationController ReplicaSet Deployment HorizontalPodAutoscaler StatefulSet Job CronJob
    IngressClass Ingress APIService MutatingWebhookConfiguration ValidatingWebhookConfiguration
"""
_KIND_RANKS = {kind: rank for rank, kind in enumerate(_KIND_ORDER.split())}
