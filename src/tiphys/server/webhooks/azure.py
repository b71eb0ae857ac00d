"""Azure DevOps' pushes.

Source: Azure DevOps documentation, "Service hooks events", git.push.
"""

from tiphys.model.push import PushEvent
from tiphys.server.webhooks.delivery import Delivery


def pushes(delivery: Delivery) -> tuple[PushEvent, ...] | None:
    """Return Azure DevOps' pushes; it does not say which files changed."""
    if not delivery.header("x-vss-activityid"):
        return None
    delivery.require_basic("azuredevops.username", "azuredevops.password")
    payload = delivery.json()
    if payload.get("eventType") != "git.push":
        return ()
    resource = payload["resource"]
    repository = resource["repository"]
    head = str(repository.get("defaultBranch") or "")
    urls = tuple(str(repository[name]) for name in ("remoteUrl", "sshUrl") if repository.get(name))
    return tuple(
        PushEvent(
            urls=urls,
            revision=str(update["name"]).split("/", 2)[-1],
            after=str(update.get("newObjectId") or ""),
            touched_head=not head or update["name"] == head,
        )
        for update in resource["refUpdates"]
        if urls
    )
