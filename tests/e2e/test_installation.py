"""The manifests of deploy/ as a platform engineer applies them, and what their account may do."""

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.api import Api, eventually
from tests.e2e.manifests import config_map, text
from tests.e2e.world import Process, World, free_port

DEPLOY = Path(__file__).parents[2] / "deploy"
KUBECTL = Path(sys.executable).parent / "kubectl"
ACCOUNT = "argocd-application-controller"


def kubectl(world: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [KUBECTL, "--kubeconfig", world.kubeconfig, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done


@pytest.fixture
def namespace(world: World) -> Iterator[str]:
    name = f"install-{uuid.uuid4().hex[:6]}"
    profile = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    metadata = {"name": name, "labels": profile}
    world.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    yield name
    kubectl(world, "delete", "namespace", name, "--wait=false")


@pytest.mark.parametrize("variant", ["install", "namespace-install", "core-install"])
def test_the_manifests_are_taken_without_a_warning(
    world: World, namespace: str, variant: str
) -> None:
    file = str(DEPLOY / f"{variant}.yaml")

    steps = [
        kubectl(world, "apply", "-n", namespace, "--dry-run=server", "-f", file),
        kubectl(world, "apply", "-n", namespace, "-f", file),
        kubectl(world, "apply", "-n", namespace, "-f", file),
    ]

    # kubectl says once of the definitions, which tiphys made, that it did not make them.
    said = [line for step in steps for line in step.stderr.splitlines()]
    assert [line for line in said if "last-applied-configuration" not in line] == []
    assert [line for line in steps[-1].stdout.splitlines() if not line.endswith("unchanged")] == []


def account_kubeconfig(world: World, namespace: str, folder: Path) -> Path:
    """Write a kubeconfig of the installation's service account."""
    token = kubectl(world, "create", "token", "-n", namespace, ACCOUNT).stdout.strip()
    document = yaml.safe_load(world.kubeconfig.read_text())
    for user in document["users"]:
        user["user"] = {"token": token}
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(document))
    return path


def administrator_secret(world: World, namespace: str) -> dict[str, Any]:
    """Return the Secret of a cluster that the installation may do everything in."""
    document = yaml.safe_load(world.kubeconfig.read_text())
    cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    authority = cluster.get("certificate-authority-data")
    tls = {"caData": authority} if authority else {"insecure": True}
    config = {"bearerToken": user.get("token", ""), "tlsClientConfig": tls}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "cluster-other",
            "namespace": namespace,
            "labels": {"argocd.argoproj.io/secret-type": "cluster"},
        },
        "stringData": {
            "name": "other",
            "server": cluster["server"],
            "config": json.dumps(config),
        },
    }


def test_an_installation_in_a_namespace_delivers_to_another_cluster_with_its_rights_alone(
    world: World, namespace: str, tmp_path: Path
) -> None:
    kubectl(world, "apply", "-n", namespace, "-f", str(DEPLOY / "namespace-install.yaml"))
    world.api.create(administrator_secret(world, namespace))
    target = world.new_namespace()
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    kubeconfig = account_kubeconfig(world, namespace, tmp_path)
    log = tmp_path / "tiphys.log"
    command = [sys.executable, "-m", "tiphys", "run", "--kubeconfig", str(kubeconfig)]
    options = ["--namespace", namespace, "--home", str(tmp_path / "cache")]
    process = Process([*command, *options, "--port", str(free_port())], log)
    try:
        eventually("it delivers", lambda: "delivering" in log.read_text(), 60)
        world.api.create(
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Application",
                "metadata": {"name": "one", "namespace": namespace},
                "spec": {
                    "project": "default",
                    "source": {"repoURL": repository.url, "path": ".", "targetRevision": "HEAD"},
                    "destination": {"name": "other", "namespace": target},
                    "syncPolicy": {"automated": {}},
                },
            }
        )
        api = Api(world.kubeconfig)
        eventually("it is deployed", lambda: api.find("ConfigMap", target, "one"), 60)
    finally:
        process.kill()

    hosts = api.get("ConfigMap", namespace, "argocd-ssh-known-hosts-cm")["data"]
    assert "github.com ssh-ed25519" in hosts["ssh_known_hosts"]
    assert '"level": "error"' not in log.read_text().lower()
