"""What registries report: a chart or an artifact was pushed under a tag.

Source: GitHub documentation, event "package"; Harbor documentation, "Configure Webhook
Notifications".
"""

from tiphys.model.push import PushEvent
from tiphys.server.webhooks.delivery import Delivery


def github_packages(delivery: Delivery) -> tuple[PushEvent, ...] | None:
    """Return what was published to GitHub's container registry."""
    if delivery.header("x-github-event") != "package":
        return None
    delivery.require_signature("x-hub-signature-256", "github.secret")
    payload = delivery.json()
    package = payload.get("package") or {}
    is_container = str(package.get("package_type") or "").lower() == "container"
    if payload.get("action") != "published" or not is_container:
        return ()
    version = package.get("package_version") or {}
    tag = ((version.get("container_metadata") or {}).get("tag") or {}).get("name")
    if not tag:
        return ()
    return (_artifact(f"ghcr.io/{package['namespace']}/{package['name']}", str(tag)),)


def harbor_artifacts(delivery: Delivery) -> tuple[PushEvent, ...] | None:
    """Return what was pushed to Harbor; only where a secret says that it is Harbor."""
    if not (delivery.secret("harbor.secret") and delivery.header("authorization")):
        return None
    delivery.require_token("authorization", "harbor.secret")
    payload = delivery.json()
    if payload.get("type") != "PUSH_ARTIFACT":
        return ()
    resources = payload["event_data"]["resources"]
    return tuple(
        _artifact(str(found["resource_url"]).rpartition(":")[0], str(found["tag"]))
        for found in resources
        if found.get("tag") and found.get("resource_url")
    )


def _artifact(address: str, tag: str) -> PushEvent:
    # A chart's repository is named by its parent in `repoURL`, an artifact's by itself.
    parent = address.rpartition("/")[0]
    urls = tuple(f"oci://{name.lower()}" for name in (address, parent) if name)
    return PushEvent(urls=urls, revision=tag, after="", touched_head=True)
