"""GitHub's pushes, and those of Gogs and Gitea, which have the same shape.

Source: GitHub documentation, "Webhook events and payloads" and "Validating webhook deliveries";
Gitea documentation, "Webhooks".
"""

from collections.abc import Iterator
from typing import Any

from tiphys.model.push import PushEvent
from tiphys.server.webhooks.delivery import Delivery

_ADDRESSES = ("html_url", "clone_url", "ssh_url")


def pushes(delivery: Delivery) -> tuple[PushEvent, ...] | None:
    """Return GitHub's pushes."""
    event = delivery.header("x-github-event")
    if not event:
        return None
    delivery.require_signature("x-hub-signature-256", "github.secret")
    return _push(delivery.json()) if event == "push" else ()


def gogs_pushes(delivery: Delivery) -> tuple[PushEvent, ...] | None:
    """Return the pushes of Gogs and Gitea."""
    event = delivery.header("x-gogs-event")
    if not event:
        return None
    delivery.require_signature("x-gogs-signature", "gogs.secret", prefix="")
    return _push(delivery.json()) if event == "push" else ()


def _push(payload: dict[str, Any]) -> tuple[PushEvent, ...]:
    repository, ref = payload["repository"], str(payload["ref"])
    urls = tuple(str(repository[name]) for name in _ADDRESSES if repository.get(name))
    default_branch = repository.get("default_branch")
    if not urls:
        return ()
    revision = ref.split("/", 2)[-1]
    push = PushEvent(
        urls=urls,
        revision=revision,
        after=str(payload.get("after", "")),
        touched_head=default_branch is None or revision == default_branch,
        paths=tuple(changed_paths(payload.get("commits"))),
    )
    return (push,)


def changed_paths(commits: Any) -> Iterator[str]:
    """Yield the files that a list of commits says were added, changed or removed."""
    for commit in commits if isinstance(commits, list) else ():
        if not isinstance(commit, dict):
            continue
        for name in ("added", "modified", "removed"):
            paths = commit.get(name)
            if isinstance(paths, list):
                yield from (path for path in paths if isinstance(path, str))
