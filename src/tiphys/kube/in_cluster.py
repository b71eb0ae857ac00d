"""How a pod reaches its own cluster: by the service account that Kubernetes mounts into it.

Source: Kubernetes documentation, "Accessing the Kubernetes API from a Pod". The token lives an hour
and is replaced in its file; the authority is replaced when the cluster's is rotated.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from tiphys.kube.config import ClusterConfig
from tiphys.model.errors import InvalidInputError

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def in_cluster_config(
    folder: Path = _SERVICE_ACCOUNT, environ: Mapping[str, str] = os.environ
) -> ClusterConfig:
    """Return what a pod's service account says.

    Args:
        folder: where the service account is mounted.
        environ: holds KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT.

    Raises:
        InvalidInputError: we do not run in a pod, or the pod has no service account.
    """
    host = environ.get("KUBERNETES_SERVICE_HOST", "")
    port = environ.get("KUBERNETES_SERVICE_PORT") or "443"
    token_file, ca_file = folder / "token", folder / "ca.crt"
    try:
        token, authority = token_file.read_text().strip(), ca_file.read_text()
    except OSError as err:
        raise InvalidInputError(
            "there is no service account", where=str(folder), hint="Name a file with --kubeconfig."
        ) from err
    if not host:
        raise InvalidInputError(
            "KUBERNETES_SERVICE_HOST is not set",
            where="this pod",
            hint="Name a file with --kubeconfig.",
        )
    address = f"[{host}]" if ":" in host else host
    return ClusterConfig(
        server=f"https://{address}:{port}",
        token=token,
        token_file=token_file,
        ca=authority,
        ca_file=ca_file,
    ).checked("this pod")
