"""The Helm chart: the same objects, with values where people want their own."""

from typing import Any

import yaml

from scripts.manifests.naming import Install, Manifest
from scripts.manifests.permissions import cluster_wide, namespaced
from scripts.manifests.settings import settings
from scripts.manifests.workload import RESOURCES, network_policy, services, workload

VERSION = "0.1.0"
_INSTALL = Install(
    image="{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}",
    namespace="{{ .Release.Namespace }}",
)
_CHART = f"""\
apiVersion: v2
name: tiphys
description: GitOps continuous delivery for Kubernetes, drop-in compatible with Argo CD
type: application
version: {VERSION}
appVersion: {VERSION}
kubeVersion: ">=1.29.0-0"
"""
_VALUES = """\
image:
  repository: tiphys
  tag: ""  # the chart's appVersion
  pullPolicy: IfNotPresent
imagePullSecrets: []

# May do everything in the cluster that it runs in. Set it to false to manage other clusters only,
# or chosen namespaces by a cluster Secret.
managesCluster: true

networkPolicy:
  enabled: true

serviceAccount:
  annotations: {}

# Of the workload's Pod.
extraArgs: []
extraEnv: []
extraVolumes: []
extraVolumeMounts: []
podAnnotations: {}
nodeSelector:
  kubernetes.io/os: linux
tolerations: []
affinity: {}
priorityClassName: ""
resources:
"""
_CONFIGS = """
# Filled into the ConfigMaps and Secrets of the same meaning; values are texts, as in a ConfigMap.
configs:
  cm: {}
  params: {}
  rbac: {}
  notifications: {}
  secret: {}
  notificationsSecret: {}
"""
# Which value fills which object, and which switch decides about it.
_FILLED = {
    ("ConfigMap", "argocd-cm"): ("data", "cm"),
    ("ConfigMap", "argocd-cmd-params-cm"): ("data", "params"),
    ("ConfigMap", "argocd-rbac-cm"): ("data", "rbac"),
    ("ConfigMap", "argocd-notifications-cm"): ("data", "notifications"),
    ("Secret", "argocd-secret"): ("stringData", "secret"),
    ("Secret", "argocd-notifications-secret"): ("stringData", "notificationsSecret"),
}
_SWITCHES = {
    "ClusterRole": ".Values.managesCluster",
    "ClusterRoleBinding": ".Values.managesCluster",
    "NetworkPolicy": ".Values.networkPolicy.enabled",
}


def chart_files() -> dict[str, str]:
    """Return the chart's files but its CRDs, by their path inside of it."""
    resources = yaml.safe_dump(RESOURCES, sort_keys=False)
    files = {
        "Chart.yaml": _CHART,
        "values.yaml": _VALUES + _indented(resources, 2) + _CONFIGS,
    }
    objects = [
        *namespaced(_INSTALL),
        *cluster_wide(_INSTALL),
        *settings(_INSTALL),
        *services(_INSTALL),
        network_policy(_INSTALL),
    ]
    for manifest in objects:
        name = f"{manifest['metadata']['name']}-{manifest['kind'].lower()}"
        files[f"templates/{name}.yaml"] = _template(manifest)
    files["templates/workload.yaml"] = _workload_template()
    return files


def _template(manifest: Manifest) -> str:
    kind, name = manifest["kind"], manifest["metadata"]["name"]
    text = yaml.safe_dump(manifest, sort_keys=False, width=200)
    if (kind, name) in _FILLED:
        field, value = _FILLED[kind, name]
        text += _block(f".Values.configs.{value}", field)
    if kind == "ServiceAccount":
        text = text.replace(
            f"  name: {name}\n",
            f"  name: {name}\n" + _shifted(_block(".Values.serviceAccount.annotations"), 2),
        )
    switch = _SWITCHES.get(kind)
    return f"{{{{- if {switch} }}}}\n{text}{{{{- end }}}}\n" if switch else text


def _workload_template() -> str:
    """Return the workload's template: its places for values are named, and filled in the text."""
    manifest = workload(_INSTALL)
    pod: dict[str, Any] = manifest["spec"]["template"]["spec"]
    [container] = pod["containers"]
    container["imagePullPolicy"] = "{{ .Values.image.pullPolicy }}"
    container["resources"] = "RESOURCES"
    container["args"].append("EXTRA_ARGS")
    container["env"].append("EXTRA_ENV")
    container["volumeMounts"].append("EXTRA_MOUNTS")
    pod["volumes"].append("EXTRA_VOLUMES")
    del pod["nodeSelector"]  # a value of the chart, with the same default
    pod["SCHEDULING"] = ""
    manifest["spec"]["template"]["metadata"]["ANNOTATIONS"] = ""
    text = yaml.safe_dump(manifest, sort_keys=False, width=200)
    scheduling = "".join(
        _block(f".Values.{name}", name)
        for name in ("imagePullSecrets", "nodeSelector", "tolerations", "affinity")
    )
    scheduling += "{{- with .Values.priorityClassName }}\npriorityClassName: {{ . }}\n{{- end }}\n"
    places = {
        "resources: RESOURCES": "resources:\n  {{- toYaml .Values.resources | nindent 2 }}\n",
        "- EXTRA_ARGS": _items("extraArgs"),
        "- EXTRA_ENV": _items("extraEnv"),
        "- EXTRA_MOUNTS": _items("extraVolumeMounts"),
        "- EXTRA_VOLUMES": _items("extraVolumes"),
        "SCHEDULING: ''": scheduling,
        "ANNOTATIONS: ''": _block(".Values.podAnnotations", "annotations"),
    }
    lines = []
    for line in text.splitlines(keepends=True):
        indent = len(line) - len(line.lstrip())
        place = places.get(line.strip())
        lines.append(_shifted(place, indent) if place is not None else line)
    return "".join(lines)


def _block(value: str, field: str = "annotations") -> str:
    """Return a field that is there when its value is not empty."""
    return f"{{{{- with {value} }}}}\n{field}:\n  {{{{- toYaml . | nindent 2 }}}}\n{{{{- end }}}}\n"


def _items(value: str) -> str:
    """Return more items of a list."""
    return f"{{{{- with .Values.{value} }}}}\n{{{{- toYaml . | nindent 0 }}}}\n{{{{- end }}}}\n"


def _indented(text: str, by: int) -> str:
    return "".join(" " * by + line for line in text.splitlines(keepends=True))


def _shifted(text: str, by: int) -> str:
    """Indent a template, and what it indents to."""
    moved = _indented(text, by)
    for given in (0, 2):
        moved = moved.replace(f"| nindent {given} ", f"| NINDENT {given + by} ")
    return moved.replace("NINDENT", "nindent")
