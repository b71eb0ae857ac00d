"""GitLab's pushes.

Source: GitLab documentation, "Webhook events" and "Webhooks" (secret token).
"""

from tiphys.model.push import PushEvent
from tiphys.server.webhooks.delivery import Delivery
from tiphys.server.webhooks.github import changed_paths

_PUSHES = frozenset({"push", "tag_push"})


def pushes(delivery: Delivery) -> tuple[PushEvent, ...] | None:
    """Return GitLab's pushes of branches and tags, those of system hooks too."""
    if not delivery.header("x-gitlab-event"):
        return None
    delivery.require_token("x-gitlab-token", "gitlab.secret")
    payload = delivery.json()
    if payload.get("object_kind", payload.get("event_name")) not in _PUSHES:
        return ()
    project, ref = payload["project"], str(payload["ref"])
    names = ("web_url", "git_http_url", "git_ssh_url")
    revision = ref.split("/", 2)[-1]
    push = PushEvent(
        urls=tuple(str(project[name]) for name in names if project.get(name)),
        revision=revision,
        after=str(payload.get("after") or ""),
        touched_head=revision == project.get("default_branch", revision),
        paths=tuple(changed_paths(payload.get("commits"))),
    )
    return (push,) if push.urls else ()
