"""What deploy/ holds: written from one description, equal by each way, accepted everywhere."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from scripts.manifests.__main__ import DEPLOY, deploy_files, differing
from tiphys.cli.main import cli

Manifest = dict[str, Any]
VARIANTS = ("install", "namespace-install", "core-install")
CONTROLLER = "argocd-application-controller"


def parsed(text: str) -> list[Manifest]:
    return [found for found in yaml.load_all(text, Loader=yaml.CSafeLoader) if found]


def all_in_one(variant: str) -> list[Manifest]:
    return parsed((DEPLOY / f"{variant}.yaml").read_text())


def by_key(manifests: Iterable[Manifest]) -> dict[tuple[str, str], Manifest]:
    return {(found["kind"], found["metadata"]["name"]): found for found in manifests}


def pod_of(manifests: Iterable[Manifest]) -> Manifest:
    spec: Manifest = by_key(manifests)["StatefulSet", CONTROLLER]["spec"]["template"]["spec"]
    return spec


def chart(values: Manifest) -> list[Manifest]:
    helm_python = pytest.importorskip(
        "helm_python", reason="Helm's library is not for this machine"
    )
    with helm_python.Chart.load(DEPLOY / "chart") as loaded:
        texts = loaded.render(values, name="tiphys", namespace="argocd")
    return [found for text in texts.values() for found in parsed(text)]


def test_every_file_is_what_the_description_says() -> None:
    assert differing(deploy_files()) == [], "run `make manifests`"


@pytest.mark.parametrize("variant", VARIANTS)
def test_kustomize_builds_the_same_objects(variant: str) -> None:
    base = "cluster-install" if variant == "install" else variant
    built = subprocess.run(
        [Path(sys.executable).parent / "kubectl", "kustomize", DEPLOY / "kustomize" / base],
        capture_output=True,
        check=True,
        text=True,
    )

    assert by_key(parsed(built.stdout)) == by_key(all_in_one(variant))


def test_the_chart_renders_the_same_objects() -> None:
    expected = by_key(
        found for found in all_in_one("install") if found["kind"] != "CustomResourceDefinition"
    )

    assert by_key(chart({})) == expected


def test_the_chart_puts_values_where_they_belong() -> None:
    rendered = by_key(
        chart(
            {
                "image": {"repository": "registry.example/tiphys", "tag": "v2"},
                "managesCluster": False,
                "networkPolicy": {"enabled": False},
                "serviceAccount": {"annotations": {"role": "deployer"}},
                "configs": {"cm": {"url": "https://argocd.example"}, "secret": {"a": "b"}},
                "extraArgs": ["--log-level=DEBUG"],
                "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
                "extraVolumes": [{"name": "plugins", "emptyDir": {}}],
                "extraVolumeMounts": [{"name": "plugins", "mountPath": "/plugins"}],
                "podAnnotations": {"scrape": "no"},
                "tolerations": [{"operator": "Exists"}],
                "imagePullSecrets": [{"name": "pull"}],
                "priorityClassName": "high",
                "resources": {"requests": {"cpu": "2"}},
            }
        )
    )

    workload = rendered["StatefulSet", CONTROLLER]["spec"]["template"]
    pod = workload["spec"]
    [container] = pod["containers"]
    kinds = {kind for kind, _ in rendered}
    assert not kinds & {"ClusterRole", "ClusterRoleBinding", "NetworkPolicy"}
    assert container["image"] == "registry.example/tiphys:v2"
    assert container["args"][-1] == "--log-level=DEBUG"
    assert container["env"][-1]["name"] == "HTTPS_PROXY"
    assert container["volumeMounts"][-1]["mountPath"] == "/plugins"
    # Values are merged over the defaults, as Helm does it.
    assert container["resources"]["requests"] == {"cpu": "2", "memory": "256Mi"}
    assert pod["volumes"][-1]["name"] == "plugins"
    assert pod["tolerations"] == [{"operator": "Exists"}]
    assert pod["imagePullSecrets"] == [{"name": "pull"}]
    assert pod["priorityClassName"] == "high"
    assert workload["metadata"]["annotations"] == {"scrape": "no"}
    assert rendered["ServiceAccount", CONTROLLER]["metadata"]["annotations"] == {"role": "deployer"}
    assert rendered["ConfigMap", "argocd-cm"]["data"] == {"url": "https://argocd.example"}
    assert rendered["Secret", "argocd-secret"]["stringData"] == {"a": "b"}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_object_fits_the_schema_of_its_kind(variant: str) -> None:
    for manifest in all_in_one(variant):
        if manifest["kind"] != "CustomResourceDefinition":
            kubernetes_validate.validate(manifest, "1.37", strict=True)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_pod_keeps_the_restricted_profile(variant: str) -> None:
    # Kubernetes documentation, "Pod Security Standards", Restricted.
    pod = pod_of(all_in_one(variant))
    permitted = {"name", "configMap", "downwardAPI", "emptyDir", "projected", "secret"}

    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert all(volume.keys() <= permitted for volume in pod["volumes"])
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] != 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"]:
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["readOnlyRootFilesystem"] is True


@pytest.mark.parametrize("variant", VARIANTS)
def test_services_lead_to_ports_of_the_pod(variant: str) -> None:
    manifests = all_in_one(variant)
    template = by_key(manifests)["StatefulSet", CONTROLLER]["spec"]["template"]
    [container] = template["spec"]["containers"]
    named = {port["name"]: port["containerPort"] for port in container["ports"]}

    for service in (found for found in manifests if found["kind"] == "Service"):
        assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
        assert all(port["targetPort"] in named for port in service["spec"]["ports"])


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_program_understands_its_arguments(variant: str) -> None:
    [container] = pod_of(all_in_one(variant))["containers"]
    program, arguments = container["command"], container["args"]

    with cli.make_context("tiphys", arguments, resilient_parsing=False) as context:
        command = cli.get_command(context, arguments[0])
    assert command is not None
    parsed_flags = command.make_context("run", arguments[1:]).params
    assert program == ["tiphys"]
    assert parsed_flags["host"] == parsed_flags["metrics_host"] == "0.0.0.0"
    listened = {parsed_flags["port"], *map(int, parsed_flags["metrics_ports"].split(","))}
    assert listened == {port["containerPort"] for port in container["ports"]}


def test_the_services_that_people_look_for_are_there() -> None:
    services = {
        name: [port["port"] for port in found["spec"]["ports"]]
        for (kind, name), found in by_key(all_in_one("install")).items()
        if kind == "Service"
    }

    assert services == {
        "argocd-server": [80, 443],
        "argocd-metrics": [8082],
        "argocd-server-metrics": [8083],
        "argocd-repo-server": [8084],
        "argocd-notifications-controller-metrics": [9001],
    }


def test_an_installation_in_a_namespace_has_nothing_that_is_not_in_it() -> None:
    cluster_wide = {"ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "Namespace"}

    assert not {found["kind"] for found in all_in_one("namespace-install")} & cluster_wide


def test_without_a_server_nobody_outside_is_let_in() -> None:
    manifests = by_key(all_in_one("core-install"))
    [rule] = manifests["NetworkPolicy", f"{CONTROLLER}-network-policy"]["spec"]["ingress"]

    assert ("Service", "argocd-server") not in manifests
    assert "server" not in {port["port"] for port in rule["ports"]}


def test_definitions_fit_the_annotation_of_kubectl_apply() -> None:
    # A client-side `kubectl apply` keeps each object whole in an annotation of 256 KiB at most.
    assert all(len(yaml.safe_dump(found)) < 256 * 1024 for found in all_in_one("install"))
