"""`POST /api/webhook`: a Git host says that something was pushed."""

from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tiphys.model.errors import InvalidInputError
from tiphys.model.push import PushEvent
from tiphys.server.webhooks import parse_webhook


def webhook_route(
    on_push: Callable[[PushEvent], None],
    *,
    secrets: Callable[[], Mapping[str, str]],
    max_bytes: Callable[[], int],
) -> Route:
    """Return the route; the work that a push causes begins after the answer.

    Args:
        on_push: told of each push; must return at once.
        secrets: the current data of `argocd-secret`.
        max_bytes: the largest body that is read.
    """

    async def receive(request: Request) -> Response:
        body = await _read(request, max_bytes())
        for push in parse_webhook(request.headers, body, secrets=secrets()):
            on_push(push)
        return PlainTextResponse("")

    return Route("/api/webhook", receive, methods=["POST"])


async def _read(request: Request, max_bytes: int) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > max_bytes:
            raise InvalidInputError(
                f"payload must be valid JSON under {max_bytes // 1024 // 1024} MB",
                where="POST /api/webhook",
            )
        parts.append(part)
    return b"".join(parts)
