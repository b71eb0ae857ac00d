"""Helm's library in process gives what the real `helm template` gives, byte for byte, in order."""

from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest

from tests.e2e.renders.jobs import TOOLS, new_job, write_files
from tests.e2e.renders.oracle import find_helm
from tiphys.model.errors import RenderError
from tiphys.sources.render.helm import render_helm

CHART = "apiVersion: v2\nname: app\nversion: 0.1.0\n"
DUMP = """
apiVersion: v1
kind: ConfigMap
metadata: {name: dump, namespace: "{{ .Release.Namespace }}"}
data:
  values: {{ omit .Values "global" | toJson | quote }}
  release: "{{ .Release.Name }} {{ .Release.Service }} {{ .Release.Revision }}"
  install: "{{ .Release.IsInstall }} {{ .Release.IsUpgrade }}"
  kube: "{{ .Capabilities.KubeVersion.Version }} {{ .Capabilities.KubeVersion.Minor }}"
  has: '{{ .Capabilities.APIVersions.Has "acme.io/v1" }} {{ .Capabilities.APIVersions.Has "v1" }}'
  big: "{{ .Values.big }}"
"""
VALUES = """
image: {tag: "1.0", list: [a, b]}
items: [{name: one, size: 1}, {name: two, size: 2}]
big: 12345678
on: yes
gone: {a: 1}
"""
KINDS = [
    "ValidatingWebhookConfiguration",
    "Weird",
    "Deployment",
    "Namespace",
    "Service",
    "Secret",
    "ConfigMap",
    "Job",
    "Role",
    "CustomResourceDefinition",
    "ClusterRole",
    "Ingress",
    "StatefulSet",
    "Pod",
    "ServiceAccount",
    "RoleBinding",
    "Another",
    "PersistentVolumeClaim",
    "CronJob",
    "IngressClass",
    "APIService",
    "HorizontalPodAutoscaler",
    "PriorityClass",
    "NetworkPolicy",
    "LimitRange",
    "ResourceQuota",
    "PodDisruptionBudget",
    "StorageClass",
    "DaemonSet",
    "ReplicaSet",
    "MutatingWebhookConfiguration",
    "ClusterRoleBinding",
    "PersistentVolume",
    "ReplicationController",
]
BASE = {"app/Chart.yaml": CHART, "app/values.yaml": VALUES, "app/templates/dump.yaml": DUMP}


def documents(kinds: list[str], **annotations: str) -> str:
    return "\n---\n".join(
        orjson.dumps(
            {
                "apiVersion": "v1",
                "kind": kind,
                "metadata": {"name": f"n{place}", "annotations": annotations},
            }
        ).decode()
        for place, kind in enumerate(kinds)
    )


def parameters(*pairs: tuple[str, str], force_string: bool = False) -> dict[str, Any]:
    listed = [{"name": n, "value": v, "forceString": force_string} for n, v in pairs]
    return {"parameters": listed}


SUBCHART = {
    "app/Chart.yaml": CHART
    + "dependencies: [{name: sub, version: 0.1.0, condition: sub.enabled, alias: other}]\n",
    "app/charts/sub/Chart.yaml": CHART.replace("name: app", "name: sub"),
    "app/charts/sub/values.yaml": "size: 1\nenabled: true\n",
    "app/charts/sub/templates/a.yaml": DUMP.replace("name: dump", "name: sub"),
    "app/charts/sub/crds/crd.yaml": documents(["CustomResourceDefinition"], of="sub"),
}
NUMBERS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: "numbers-{{ .Chart.Name }}"}
data:
  plain: "{{ .Values.id }} {{ kindOf .Values.id }} {{ .Values.global.id }}"
  deep: "{{ ((.Values.deep).er).id }}"
  list: "{{ .Values.list }}"
  printed: {{ printf "%d" .Values.id | quote }}
  sum: "{{ add .Values.id 1 }}"
  all: {{ toYaml .Values | quote }}
"""
NUMBERS_SUB = {
    "app/charts/sub/Chart.yaml": CHART.replace("name: app", "name: sub"),
    "app/charts/sub/templates/numbers.yaml": NUMBERS,
}
CASES: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "nothing but the chart": ({}, {}),
    "value files in order": (
        {"app/a.yaml": "image: {tag: a}\nx: 1", "values/b.yaml": "image: {tag: b, new: 1}"},
        {"valueFiles": ["a.yaml", "/values/b.yaml"]},
    ),
    "values over files": (
        {"app/a.yaml": "x: 1\ny: 1"},
        {"valueFiles": ["a.yaml"], "values": "x: 2"},
    ),
    "valuesObject wins over values": ({}, {"values": "x: 2", "valuesObject": {"x": 3}}),
    "a null deletes": ({}, {"values": "gone: null\nimage: {tag: null}"}),
    "numbers, words and dates": (
        {},
        {"values": "a: 010\nb: 1e3\nc: on\nd: 2001-01-01\ne: 1_000\nf: 12:30:45\ng: 0.1\nh: ~"},
    ),
    "set a number, a word, a text": (
        {},
        parameters(("a", "1"), ("b", "true"), ("c.d", "x"), ("e", "null"), ("f", ""), ("g", "01")),
    ),
    "set whole numbers": (
        {"app/templates/numbers.yaml": NUMBERS, **NUMBERS_SUB},
        parameters(
            ("id", "123456789012"),
            ("deep.er.id", "-12345678"),
            ("list[0]", "7654321"),
            ("list[1].id", "12345678"),
            ("list[2]", "1.5"),
            ("global.id", "99999999"),
            ("sub.id", "87654321"),
            ("no.such.chart", "5"),
        ),
    ),
    "set commas and lists": ({}, parameters(("a", "x,y"), ("b", "{x,y}"), ("c", "x\\,y"))),
    "set an item of a list": (
        {"app/a.yaml": "items: [{name: x}, {name: y}, {name: z}]"},
        {"valueFiles": ["a.yaml"], **parameters(("items[1].name", "changed"))},
    ),
    "set items of a new list": ({}, parameters(("new[0].a", "1"), ("new[0].b", "2"))),
    "set an item far behind": ({}, parameters(("new[2]", "x"))),
    "set a key with a dot": ({}, parameters(("a\\.b/c", "x"))),
    "set a string": ({}, parameters(("a", "1"), ("b", "true"), ("c", "x,y"), force_string=True)),
    "set from the build environment": ({}, parameters(("a", "$ARGOCD_APP_NAME-$$x-${NO}"))),
    "set from a file": (
        {"app/f.json": '{"a": [1, 2], "b": "c,d=e"}\n'},
        {"fileParameters": [{"name": "a.b", "path": "f.json"}]},
    ),
    "release name and namespace": ({}, {"releaseName": "other", "namespace": "elsewhere"}),
    "versions of its own": ({}, {"kubeVersion": "1.29.3", "apiVersions": ["acme.io/v1"]}),
    "every kind in Helm's order": ({"app/templates/all.yaml": documents(KINDS)}, {}),
    "hooks last": (
        {
            "app/templates/b.yaml": documents(
                ["Service", "Job"], **{"helm.sh/hook": "pre-install"}
            ),
            "app/templates/a.yaml": documents(["Pod"], **{"helm.sh/hook": "test"}),
        },
        {},
    ),
    "without tests": (
        {"app/templates/a.yaml": documents(["Pod"], **{"helm.sh/hook": "test-success"})},
        {"skipTests": True},
    ),
    "definitions": ({"app/crds/a.yaml": documents(["CustomResourceDefinition"] * 2)}, {}),
    "without definitions": (
        {"app/crds/a.yaml": documents(["CustomResourceDefinition"])},
        {"skipCrds": True},
    ),
    "partials, notes, empty templates": (
        {
            "app/templates/_h.tpl": '{{ define "n" }}from-partial{{ end }}',
            "app/templates/NOTES.txt": "thanks",
            "app/templates/e.yaml": "{{ if false }}x{{ end }}\n---\n# nothing\n",
            "app/templates/p.yaml": 'kind: A\nmetadata: {name: {{ include "n" . }}}',
        },
        {},
    ),
    "files, tpl and lookup": (
        {
            "app/f/a.txt": "text",
            "app/templates/f.yaml": "apiVersion: v1\nkind: A\nmetadata: {name: f}\n"
            '{{ range $p, $_ := .Files.Glob "f/*" }}x: {{ $.Files.Get $p }}{{ end }}\n'
            'y: {{ tpl "{{ .Release.Name }}" . }}\nz: {{ lookup "v1" "Pod" "" "" | toJson }}',
        },
        {},
    ),
    "a subchart under an alias": (SUBCHART, {"values": "other: {size: 2}\nglobal: {a: 1}"}),
    "a subchart turned off": (SUBCHART, {"values": "sub: {enabled: false}"}),
    "a subchart turned off by its tag": (
        {
            **SUBCHART,
            "app/Chart.yaml": SUBCHART["app/Chart.yaml"].replace("alias: other}", "tags: [x]}"),
        },
        {"values": "tags: {x: false}"},
    ),
    "a schema": (
        {"app/values.schema.json": '{"properties": {"big": {"type": "integer"}}}'},
        {"valuesObject": {"big": 1}},
    ),
    "a schema not looked at": (
        {"app/values.schema.json": '{"properties": {"big": {"type": "string"}}}'},
        {"skipSchemaValidation": True},
    ),
    "an old chart": (
        {"app/Chart.yaml": CHART.replace("v2", "v1"), "app/charts/s/Chart.yaml": CHART},
        {},
    ),
}
REFUSALS: dict[str, tuple[dict[str, str], dict[str, Any], str]] = {
    "a template that fails": (
        {"app/templates/a.yaml": '{{ fail "no luck" }}'},
        {},
        "no luck",
    ),
    "a function that is not there": (
        {"app/templates/a.yaml": "{{ nope }}"},
        {},
        '"nope" not defined',
    ),
    "what is no YAML": (
        {"app/templates/a.yaml": "a: b: c"},
        {},
        "YAML parse error on app/templates",
    ),
    "values against the schema": (
        {"app/values.schema.json": '{"properties": {"big": {"type": "string"}}}'},
        {},
        "/big",
    ),
    "a Kubernetes that is too old": (
        {"app/Chart.yaml": f"{CHART}kubeVersion: '>=1.40.0'\n"},
        {},
        "chart requires kubeVersion: >=1.40.0 which is incompatible with Kubernetes v1.31.2",
    ),
    "a library": (
        {"app/Chart.yaml": f"{CHART}type: library\n"},
        {},
        "library charts are not installable",
    ),
    "a missing dependency": (
        {"app/Chart.yaml": f"{CHART}dependencies: [{{name: redis, version: 1.x.x}}]\n"},
        {},
        "missing in charts/ directory: redis",
    ),
    "a release name": ({}, {"releaseName": "A_b"}, "invalid release name"),
    "a missing value file": (
        {},
        {"valueFiles": ["no.yaml"]},
        "open no.yaml: no such file or directory",
    ),
    "values that are no YAML": ({}, {"values": "a: b: c"}, "mapping values are not allowed"),
}


def helm_command() -> str:
    path, reason = find_helm()
    if not path:
        pytest.skip(f"no helm to compare with: {reason}")
    return path


def render(root: Path, files: dict[str, str], helm: dict[str, Any], command: str) -> list[Any]:
    write_files(root, {**BASE, **files})
    tools = msgspec.structs.replace(TOOLS, helm=command, helm_library=not command)
    name = helm.get("releaseName", "shop")
    return render_helm(new_job("Helm", {"helm": helm}, tools=tools, release_name=name), root)


@pytest.mark.parametrize("name", list(CASES))
def test_the_library_gives_what_the_command_gives(tmp_path: Path, name: str) -> None:
    files, helm = CASES[name]
    command = helm_command()
    expected = render(tmp_path / "command" / "source", files, helm, command)
    given = render(tmp_path / "library" / "source", files, helm, "")
    assert given == expected
    assert orjson.dumps(given) == orjson.dumps(expected)
    assert given


@pytest.mark.parametrize("name", list(REFUSALS))
@pytest.mark.parametrize("way", ["library", "command"])
def test_both_refuse_with_the_same_reason(tmp_path: Path, name: str, way: str) -> None:
    files, helm, message = REFUSALS[name]
    command = helm_command() if way == "command" else ""
    with pytest.raises(RenderError) as caught:
        render(tmp_path / "source", files, helm, command)
    assert message in caught.value.line
    assert str(tmp_path) not in str(caught.value)
