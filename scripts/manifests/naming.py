"""Names and labels that all objects share."""

from typing import Any

import msgspec

Manifest = dict[str, Any]

CONTROLLER = "argocd-application-controller"
NAMESPACE = "argocd"
IMAGE = "tiphys:0.1.0"


class Install(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between the ways to install; a chart fills texts in with its own expressions.

    Attributes:
        image: of the workload.
        namespace: that cluster-wide bindings name.
        manages_cluster: may do everything in its own cluster.
        has_server: people and webhooks reach the API server and the UI.
    """

    image: str = IMAGE
    namespace: str = NAMESPACE
    manages_cluster: bool = True
    has_server: bool = True


def described(
    api_version: str, kind: str, name: str, component: str = "", **fields: Any
) -> Manifest:
    """Return an object with the labels that all objects of an installation carry."""
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "argocd"}
    if component:
        labels["app.kubernetes.io/component"] = component
    metadata = {"name": name, "labels": labels}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}
