"""Pushes of Bitbucket Cloud and Bitbucket Server.

Neither says which files changed or which branch is the default one, so a push may concern any
Application of the repository.

Source: Bitbucket Cloud documentation, "Event payloads"; Bitbucket Data Center, "Event payload".
"""

from typing import Any

from tiphys.model.push import PushEvent
from tiphys.server.webhooks.delivery import Delivery


def cloud_pushes(delivery: Delivery) -> tuple[PushEvent, ...] | None:
    """Return the pushes of Bitbucket Cloud; one delivery may hold several."""
    if not delivery.header("x-hook-uuid"):
        return None
    delivery.require_token("x-hook-uuid", "bitbucket.uuid")
    if delivery.header("x-event-key") != "repo:push":
        return ()
    payload = delivery.json()
    urls = (str(payload["repository"]["links"]["html"]["href"]),)
    changes: list[dict[str, Any]] = payload["push"]["changes"]
    return tuple(_cloud_push(urls, change) for change in changes)


def _cloud_push(urls: tuple[str, ...], change: dict[str, Any]) -> PushEvent:
    ref = change.get("new") or change["old"]
    target = (change.get("new") or {}).get("target") or {}
    return PushEvent(
        urls=urls, revision=str(ref["name"]), after=str(target.get("hash") or ""), touched_head=True
    )


def server_pushes(delivery: Delivery) -> tuple[PushEvent, ...] | None:
    """Return the pushes of Bitbucket Server; one delivery may hold several."""
    event = delivery.header("x-event-key")
    if not event:
        return None
    delivery.require_signature("x-hub-signature", "bitbucketserver.secret")
    if event != "repo:refs_changed":
        return ()
    payload = delivery.json()
    links = payload["repository"]["links"].get("clone") or ()
    urls = tuple(str(link["href"]) for link in links if link.get("href"))
    if not urls:
        return ()
    return tuple(
        PushEvent(
            urls=urls,
            revision=str(change["ref"]["id"]).split("/", 2)[-1],
            after=str(change.get("toHash") or ""),
            touched_head=True,
        )
        for change in payload["changes"]
    )
