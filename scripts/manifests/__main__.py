"""Writes the files of deploy/, or says which differ from what would be written."""

import sys
from collections.abc import Iterable
from pathlib import Path

import yaml

from scripts.manifests.chart import chart_files
from scripts.manifests.naming import Install, Manifest
from scripts.manifests.permissions import cluster_wide, namespaced
from scripts.manifests.settings import settings
from scripts.manifests.workload import network_policy, services, workload
from tiphys.crds import custom_resource_definitions

DEPLOY = Path(__file__).parents[2] / "deploy"
_HEADER = "# Written by `make manifests`; edit scripts/manifests instead.\n"


def deploy_files() -> dict[str, str]:
    """Return all generated files by their path under deploy/."""
    whole, core = Install(), Install(has_server=False)
    definitions = custom_resource_definitions()
    bases = {
        "kustomize/crds": {_file_of(crd): [crd] for crd in definitions},
        "kustomize/base": _grouped(whole),
        "kustomize/core-base": _grouped(core),
        "kustomize/cluster-rbac": {"cluster-rbac.yaml": cluster_wide(whole)},
    }
    variants = {
        "cluster-install": ["crds", "cluster-rbac", "base"],
        "namespace-install": ["base"],
        "core-install": ["crds", "cluster-rbac", "core-base"],
    }
    files = {
        "install.yaml": _documents([*definitions, *cluster_wide(whole), *_all(whole)]),
        "namespace-install.yaml": _documents(_all(whole)),
        "core-install.yaml": _documents([*definitions, *cluster_wide(core), *_all(core)]),
    }
    for folder, parts in bases.items():
        for name, manifests in parts.items():
            files[f"{folder}/{name}"] = _documents(manifests)
        files[f"{folder}/kustomization.yaml"] = _kustomization(parts)
    for variant, used in variants.items():
        text = _kustomization([f"../{base}" for base in used])
        files[f"kustomize/{variant}/kustomization.yaml"] = text
    for name, text in chart_files().items():
        files[f"chart/{name}"] = _HEADER + text
    for crd in definitions:
        files[f"chart/crds/{_file_of(crd)}"] = _documents([crd])
    return files


def _all(install: Install) -> list[Manifest]:
    return [manifest for group in _grouped(install).values() for manifest in group]


def _grouped(install: Install) -> dict[str, list[Manifest]]:
    return {
        "rbac.yaml": namespaced(install),
        "settings.yaml": settings(install),
        "services.yaml": services(install),
        "network-policy.yaml": [network_policy(install)],
        "workload.yaml": [workload(install)],
    }


def _file_of(crd: Manifest) -> str:
    return f"{crd['spec']['names']['singular']}-crd.yaml"


def _documents(manifests: Iterable[Manifest]) -> str:
    texts = (yaml.dump(m, Dumper=yaml.CSafeDumper, sort_keys=False) for m in manifests)
    return _HEADER + "---\n".join(texts)


def _kustomization(resources: Iterable[str]) -> str:
    document = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": list(resources),
    }
    return _HEADER + yaml.safe_dump(document, sort_keys=False)


def differing(files: dict[str, str]) -> list[str]:
    """Return the paths whose files are missing, differ, or should not be there."""
    there = {
        str(path.relative_to(DEPLOY))
        for folder in (DEPLOY / "kustomize", DEPLOY / "chart")
        for path in folder.rglob("*")
        if path.is_file()
    }
    changed = {
        name
        for name, text in files.items()
        if not (DEPLOY / name).exists() or (DEPLOY / name).read_text() != text
    }
    return sorted(changed | (there - files.keys()))


def main() -> None:
    files = deploy_files()
    if sys.argv[1:] == ["check"]:
        differs = differing(files)
        print("\n".join(differs))
        sys.exit(1 if differs else 0)
    for name in differing(files):
        path = DEPLOY / name
        if name in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[name])
        else:
            path.unlink()


if __name__ == "__main__":
    main()
