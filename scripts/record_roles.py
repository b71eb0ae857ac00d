"""Records the roles and bindings that every cluster has: record_roles.py KUBECONFIG.

Roles of components that the sandbox does not have are left out.
"""

import json
import sys
from pathlib import Path
from typing import Any

from tests.contract.cluster import Cluster

TARGET = Path(__file__).parents[1] / "src/tiphys/sandbox/data/roles.json"
GROUP = "/apis/rbac.authorization.k8s.io/v1"
COMPONENTS = ("system:controller:", "system:node", "system:kube-", "system:volume-")
LEFT_OUT = {
    "system:heapster", "system:monitoring", "system:persistent-volume-provisioner",
    "system:kubelet-api-admin", "system:auth-delegator", "system:cluster-trust-bundle-discovery",
}  # fmt: skip


def is_kept(name: str) -> bool:
    is_signer = name.startswith("system:certificates.k8s.io:")
    return not (name.startswith(COMPONENTS) or name in LEFT_OUT or is_signer)


def recorded(cluster: Cluster, plural: str, kind: str) -> list[dict[str, Any]]:
    selector = "kubernetes.io/bootstrapping=rbac-defaults"
    found = cluster.get(f"{GROUP}/{plural}", labelSelector=selector).ok()["items"]
    kept = []
    for item in found:
        metadata = {field: item["metadata"][field] for field in ("name", "labels", "annotations")}
        if is_kept(metadata["name"]):
            entry = {"kind": kind, **item, "metadata": metadata}
            if "aggregationRule" in item:
                del entry["rules"]
            kept.append(entry)
    return kept


def main() -> None:
    cluster = Cluster(Path(sys.argv[1]))
    version = cluster.get("/version").ok()["gitVersion"]
    document = {
        "recorded_from": f"kube-apiserver {version}",
        "clusterroles": recorded(cluster, "clusterroles", "ClusterRole"),
        "clusterrolebindings": recorded(cluster, "clusterrolebindings", "ClusterRoleBinding"),
    }
    TARGET.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
