"""Reads what Git hosts send to `POST /api/webhook`.

Only GitHub's push is understood so far; Gitea and the embedded sandbox send the same shape.

Source: GitHub documentation, "Webhook events and payloads" and "Validating webhook deliveries".
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from tiphys.model.errors import InvalidInputError
from tiphys.model.push import PushEvent

_WHERE = "POST /api/webhook"


def parse_webhook(headers: Mapping[str, str], body: bytes, *, secret: str) -> PushEvent | None:
    """Return the push that a request reports; None for a known event that is of no interest.

    Args:
        headers: the request's headers, names in lower case.
        body: the request's body as it came, for its signature.
        secret: `webhook.github.secret` of `argocd-secret`; empty means unsigned pushes are taken.

    Raises:
        InvalidInputError: no known host sent it, the signature is wrong, or it is not JSON.
    """
    event = headers.get("x-github-event")
    if event is None:
        raise InvalidInputError("Unknown webhook event", where=_WHERE)
    _verify_signature(headers.get("x-hub-signature-256", ""), body, secret)
    if event != "push":
        return None
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError as err:
        raise InvalidInputError("payload must be valid JSON", where=_WHERE) from err
    return _github_push(payload)


def _verify_signature(signature: str, body: bytes, secret: str) -> None:
    if not secret:
        return
    wanted = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(signature.encode(), wanted.encode()):
        raise InvalidInputError(
            "Webhook processing failed: the signature does not match",
            where=_WHERE,
            hint="Set the same secret at the Git host and in `webhook.github.secret`.",
        )


def _github_push(payload: Any) -> PushEvent | None:
    try:
        repository = payload["repository"]
        ref = str(payload["ref"])
        urls = tuple(
            str(repository[name])
            for name in ("html_url", "clone_url", "ssh_url")
            if repository.get(name)
        )
        after = str(payload.get("after", ""))
        default_branch = repository.get("default_branch")
    except (KeyError, TypeError, AttributeError) as err:
        raise InvalidInputError("the push names no repository or ref", where=_WHERE) from err
    if not urls:
        return None
    revision = ref.split("/", 2)[-1]
    return PushEvent(
        urls=urls,
        revision=revision,
        after=after,
        touched_head=default_branch is None or revision == default_branch,
        paths=tuple(_changed_paths(payload.get("commits"))),
    )


def _changed_paths(commits: Any) -> Iterator[str]:
    for commit in commits if isinstance(commits, list) else ():
        if not isinstance(commit, dict):
            continue
        for name in ("added", "modified", "removed"):
            paths = commit.get(name)
            if isinstance(paths, list):
                yield from (path for path in paths if isinstance(path, str))
