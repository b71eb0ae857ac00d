"""Sources that are rendered, from a push to what stands in the cluster."""

import uuid
from typing import Any

import pytest

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, deployment, job, text
from tests.e2e.world import App, Repository, World

AUTOMATED: dict[str, Any] = {"automated": {}}
CHART = "apiVersion: v2\nname: shown\nversion: 1.0.0\n"
SHOWN = """
apiVersion: v1
kind: ConfigMap
metadata:
  name: shown
data:
  release: {{ .Release.Name }}
  namespace: {{ .Release.Namespace }}
  value: {{ .Values.value | quote }}
  type: {{ kindOf .Values.value }}
  kube: {{ .Capabilities.KubeVersion.Version }}
  thing: {{ .Capabilities.APIVersions.Has "example.com/v9/Thing" | quote }}
"""
HELM = {
    "Chart.yaml": CHART,
    "templates/shown.yaml": SHOWN,
    "values.yaml": "value: default\n",
    "values-prod.yaml": "value: prod\n",
    "values/a.yaml": "value: from a\n",
    "values/b.yaml": "value: from b\n",
    "note.txt": "from a file",
}
KUSTOMIZE = {
    "kustomization.yaml": "resources: [web.yaml, map.yaml]\n",
    "web.yaml": text(deployment("web")),
    "map.yaml": text(config_map("map")),
}
PATCH = '[{"op": "replace", "path": "/data/key", "value": "patched"}]'
JSONNET = """
local shown = import 'lib/shown.libsonnet';
function(tla='none') shown { data+: { tla: tla, ext: std.extVar('ext') } }
"""
LIBSONNET = {
    "lib/shown.libsonnet": "(import 'deep/map.libsonnet') + {metadata+: {name: 'shown'}}",
    "lib/deep/map.libsonnet": "{apiVersion: 'v1', kind: 'ConfigMap', data: {nested: 'yes'}}",
}


def _app(world: World, files: dict[str, str], **source: Any) -> tuple[App, str, Repository]:
    repository, namespace = world.new_repository(files), world.new_namespace()
    told = {"repoURL": repository.url, "path": ".", "targetRevision": "HEAD", **source}
    return (
        world.new_app(repository, namespace, source=told, syncPolicy=AUTOMATED),
        namespace,
        repository,
    )


def _shown(world: World, namespace: str, name: str = "shown") -> dict[str, str]:
    found: dict[str, str] = world.api.get("ConfigMap", namespace, name)["data"]
    return found


def _only(messages: list[str]) -> str:
    (message,) = messages
    return message


@pytest.mark.parametrize(
    ("helm", "expected"),
    [
        pytest.param({}, {"value": "default"}, id="nothing"),
        pytest.param(
            {"parameters": [{"name": "value", "value": "1"}]},
            {"value": "1", "type": "int64"},
            id="a parameter",
        ),
        pytest.param(
            {"parameters": [{"name": "value", "value": "1", "forceString": True}]},
            {"value": "1", "type": "string"},
            id="a parameter that is a string",
        ),
        pytest.param(
            {"parameters": [{"name": "value", "value": "$ARGOCD_APP_NAMESPACE"}]},
            {"value": "{namespace}"},
            id="a parameter from the build environment",
        ),
        pytest.param(
            {"fileParameters": [{"name": "value", "path": "note.txt"}]},
            {"value": "from a file"},
            id="a parameter from a file",
        ),
        pytest.param({"valueFiles": ["values-prod.yaml"]}, {"value": "prod"}, id="a value file"),
        pytest.param({"valueFiles": ["values/*.yaml"]}, {"value": "from b"}, id="a glob"),
        pytest.param(
            {"valueFiles": ["values-prod.yaml", "absent.yaml"], "ignoreMissingValueFiles": True},
            {"value": "prod"},
            id="a file that may be missing",
        ),
        pytest.param({"values": "value: text"}, {"value": "text"}, id="values as text"),
        pytest.param(
            {"values": "value: text", "valuesObject": {"value": "object"}},
            {"value": "object"},
            id="values as an object win",
        ),
        pytest.param(
            {"releaseName": "mine", "namespace": "elsewhere"},
            {"release": "mine", "namespace": "elsewhere"},
            id="names of the release",
        ),
        pytest.param(
            {"kubeVersion": "1.30.1", "apiVersions": ["example.com/v9/Thing"]},
            {"kube": "v1.30.1", "thing": "true"},
            id="what the cluster is said to be",
        ),
    ],
)
def test_a_chart_is_rendered_as_its_source_says(
    world: World, helm: dict[str, Any], expected: dict[str, str]
) -> None:
    app, namespace, _ = _app(world, HELM, **({"helm": helm} if helm else {}))

    app.wait("Synced", "Healthy")

    shown = _shown(world, namespace)
    wanted = {name: value.format(namespace=namespace) for name, value in expected.items()}
    assert {name: shown[name] for name in expected} == wanted


def test_a_value_file_that_is_missing_is_named(world: World) -> None:
    app, _, _ = _app(world, HELM, helm={"valueFiles": ["does-not-exist-values.yaml"]})

    app.wait("Unknown")

    message = _only(app.conditions("ComparisonError"))
    assert "does-not-exist-values.yaml: no such file or directory" in message


def _helm_hook(name: str, when: str, weight: int, policy: str = "", *, fails: bool = False) -> str:
    marks = {"helm.sh/hook": when, "helm.sh/hook-weight": str(weight)}
    if policy:
        marks["helm.sh/hook-delete-policy"] = policy
    return text(job(name, fails=fails, **marks))


def _manual(world: World, files: dict[str, str]) -> tuple[App, str]:
    repository, namespace = world.new_repository(files), world.new_namespace()
    app = world.new_app(repository, namespace)
    app.wait("OutOfSync")
    return app, namespace


def test_the_hooks_of_a_chart_run_in_their_phases_by_weight(world: World) -> None:
    app, namespace = _manual(
        world,
        {
            "Chart.yaml": CHART,
            "templates/one.yaml": text(config_map("one")),
            "templates/a.yaml": _helm_hook("second", "pre-install,pre-upgrade", 1),
            "templates/b.yaml": _helm_hook("first", "pre-install", -1, "hook-succeeded"),
            "templates/c.yaml": _helm_hook("last", "post-install", 0),
            "templates/d.yaml": _helm_hook("tests", "test", 0),
        },
    )

    state = app.sync()

    results = state["syncResult"]["resources"]
    assert state["phase"] == "Succeeded"
    assert [(r["name"], r["syncPhase"]) for r in results] == [
        ("first", "PreSync"),
        ("second", "PreSync"),
        ("one", "Sync"),
        ("last", "PostSync"),
    ]
    eventually("it is deleted", lambda: world.api.find("Job", namespace, "first") is None)
    assert world.api.find("Job", namespace, "second") is not None
    app.wait("Synced", "Healthy")


def test_the_first_hook_of_a_chart_that_fails_is_the_last(world: World) -> None:
    app, namespace = _manual(
        world,
        {
            "Chart.yaml": CHART,
            "templates/one.yaml": text(config_map("one")),
            "templates/a.yaml": _helm_hook("first", "pre-install", -1, fails=True),
            "templates/b.yaml": _helm_hook("second", "pre-install", 1),
        },
    )

    state = app.sync()

    assert state["phase"] == "Failed"
    assert [r["name"] for r in state["syncResult"]["resources"]] == ["first"]
    assert world.api.find("ConfigMap", namespace, "one") is None


def test_a_definition_that_helm_installs_first_is_an_ordinary_one(world: World) -> None:
    group = f"g{uuid.uuid4().hex[:8]}.example.com"
    schema = {"openAPIV3Schema": {"type": "object"}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"gears.{group}",
            "annotations": {"helm.sh/hook": "crd-install"},
        },
        "spec": {
            "group": group,
            "names": {"kind": "Gear", "plural": "gears"},
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }
    gear = {"apiVersion": f"{group}/v1", "kind": "Gear", "metadata": {"name": "one"}}
    app, _ = _manual(
        world,
        {
            "Chart.yaml": CHART,
            "templates/definition.yaml": text(definition),
            "templates/gear.yaml": text(gear),
        },
    )

    state = app.sync()

    assert state["phase"] == "Succeeded", state["message"]
    results = state["syncResult"]["resources"]
    assert [(r["kind"], r.get("hookType")) for r in results] == [
        ("CustomResourceDefinition", None),
        ("Gear", None),
    ]
    app.wait("Synced")


def test_a_dependency_that_the_project_does_not_permit_is_named(world: World) -> None:
    dependency = "- {name: web, version: 1.0.0, repository: 'http://127.0.0.1:1/charts'}"
    repository = world.new_repository(
        {
            "Chart.yaml": f"{CHART}dependencies:\n{dependency}\n",
            "templates/one.yaml": text(config_map("one")),
        }
    )
    project = world.new_project(sourceRepos=[repository.url])
    app = world.new_app(repository, world.new_namespace(), project=project)

    app.wait("Unknown")

    message = _only(app.conditions("ComparisonError"))
    assert "http://127.0.0.1:1/charts" in message
    assert f"not permitted in project '{project}'" in message


@pytest.mark.parametrize(
    ("kustomize", "names", "checks"),
    [
        pytest.param({}, ("web", "map"), {}, id="nothing"),
        pytest.param(
            {"images": ["registry.example/web:7"]}, ("web", "map"), {"image": ":7"}, id="an image"
        ),
        pytest.param(
            {"replicas": [{"name": "web", "count": 2}]},
            ("web", "map"),
            {"replicas": 2},
            id="replicas",
        ),
        pytest.param(
            {"namePrefix": "a-", "nameSuffix": "-z"}, ("a-web-z", "a-map-z"), {}, id="names"
        ),
        pytest.param(
            {"patches": [{"patch": PATCH, "target": {"kind": "ConfigMap"}}]},
            ("web", "map"),
            {"key": "patched"},
            id="a patch",
        ),
        pytest.param(
            {"commonLabels": {"team": "$ARGOCD_APP_NAMESPACE"}, "labelWithoutSelector": True},
            ("web", "map"),
            {"team": "{namespace}"},
            id="a label from the build environment",
        ),
    ],
)
def test_a_kustomization_is_built_as_its_source_says(
    world: World, kustomize: dict[str, Any], names: tuple[str, str], checks: dict[str, Any]
) -> None:
    app, namespace, _ = _app(world, KUSTOMIZE, **({"kustomize": kustomize} if kustomize else {}))

    app.wait("Synced")

    web = world.api.get("Deployment", namespace, names[0])
    found = world.api.get("ConfigMap", namespace, names[1])
    seen = {
        "image": web["spec"]["template"]["spec"]["containers"][0]["image"][-2:],
        "replicas": web["spec"]["replicas"],
        "key": found["data"]["key"],
        "team": (found["metadata"].get("labels") or {}).get("team"),
    }
    wanted = {
        name: value.format(namespace=namespace) if isinstance(value, str) else value
        for name, value in checks.items()
    }
    assert {name: seen[name] for name in checks} == wanted


def test_a_kustomization_may_name_another_namespace(world: World) -> None:
    elsewhere = world.new_namespace()
    app, _, _ = _app(world, KUSTOMIZE, kustomize={"namespace": elsewhere})

    app.wait("Synced")

    assert world.api.find("ConfigMap", elsewhere, "map") is not None


def test_build_options_of_the_installation_are_used(world: World) -> None:
    outside = {
        "app/kustomization.yaml": "resources: [map.yaml]\npatches: [{path: ../patch.yaml}]\n",
        "app/map.yaml": text(config_map("map")),
        "patch.yaml": text(config_map("map", {"key": "from outside"})),
    }
    refused, _, _ = _app(world, outside, path="app")
    refused.wait("Unknown")
    assert "patch.yaml" in _only(refused.conditions("ComparisonError"))

    option = "--load-restrictor LoadRestrictionsNone"
    with world.settings("argocd-cm", {"kustomize.buildOptions": option}):
        app, namespace, _ = _app(world, outside, path="app")
        app.wait("Synced")
        assert _shown(world, namespace, "map") == {"key": "from outside"}


def test_jsonnet_takes_arguments_variables_and_nested_imports(world: World) -> None:
    jsonnet = {
        "tlas": [{"name": "tla", "value": "$ARGOCD_APP_NAMESPACE"}],
        "extVars": [{"name": "ext", "value": "'a' + 'b'", "code": True}],
    }
    app, namespace, _ = _app(
        world,
        {"shown.jsonnet": JSONNET, **LIBSONNET},
        directory={"jsonnet": jsonnet, "exclude": "lib/*"},
    )

    app.wait("Synced")

    assert _shown(world, namespace) == {"nested": "yes", "tla": namespace, "ext": "ab"}


def test_a_later_source_wins_and_is_told(world: World) -> None:
    first = world.new_repository({"one.yaml": text(config_map("one", {"from": "first"}))})
    second = world.new_repository({"one.yaml": text(config_map("one", {"from": "second"}))})
    sources = [
        {"repoURL": found.url, "path": ".", "targetRevision": "HEAD"} for found in (first, second)
    ]
    namespace = world.new_namespace()
    app = world.new_app(first, namespace, source=None, sources=sources, syncPolicy=AUTOMATED)

    app.wait("Synced")

    assert _shown(world, namespace, "one") == {"from": "second"}
    assert "appeared 2 times" in _only(app.conditions("RepeatedResourceWarning"))


def test_values_of_another_source_are_taken_and_followed(world: World) -> None:
    chart = world.new_repository(HELM)
    lender = world.new_repository({"prod/values.yaml": "value: lent\n"})
    sources = [
        {
            "repoURL": chart.url,
            "path": ".",
            "targetRevision": "HEAD",
            "helm": {"valueFiles": ["$lent/prod/values.yaml"]},
        },
        {"repoURL": lender.url, "targetRevision": "HEAD", "ref": "lent"},
    ]
    namespace = world.new_namespace()
    app = world.new_app(chart, namespace, source=None, sources=sources, syncPolicy=AUTOMATED)
    app.wait("Synced")
    assert _shown(world, namespace)["value"] == "lent"

    lender.push({"prod/values.yaml": "value: changed\n"})

    eventually("it is followed", lambda: _shown(world, namespace)["value"] == "changed")


@pytest.mark.parametrize(
    ("revision", "prefix", "expected"),
    [
        pytest.param("1.*", "", "1.1.0", id="a range of versions"),
        pytest.param("plain", "", "plain", id="an annotated tag"),
        pytest.param("*", "app/", "app/2.0.0", id="a range of tags with a prefix"),
    ],
)
def test_a_revision_may_be_a_range_or_a_tag(
    world: World, revision: str, prefix: str, expected: str
) -> None:
    repository, commits = world.new_repository({}), {}
    for tag in ("1.0.0", "1.1.0", "app/2.0.0", "plain", "3.0.0"):
        commits[tag] = repository.push({"one.yaml": text(config_map("one", {"tag": tag}))})
        repository.git("tag", "-a", tag, "-m", tag)
    repository.git("push", "-q", "origin", "--tags")
    source = {"repoURL": repository.url, "path": ".", "targetRevision": revision}
    told = {**source, **({"tagPrefix": prefix} if prefix else {})}
    namespace = world.new_namespace()

    app = world.new_app(repository, namespace, source=told, syncPolicy=AUTOMATED)

    app.wait("Synced")
    assert app.status["sync"]["revision"] == commits[expected]
    assert _shown(world, namespace, "one") == {"tag": expected}
