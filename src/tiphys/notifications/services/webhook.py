"""Any address that takes HTTP requests.

Source: Argo CD operator manual, "Notifications, Webhook".
"""

import asyncio
import base64
from typing import Final

from tiphys.model.source import Record
from tiphys.notifications.errors import DeliveryError
from tiphys.notifications.http import Answer, Http, Request
from tiphys.notifications.message import Message
from tiphys.settings.durations import parse_duration

_MAX_RETRIES: Final = 5
_MAX_WAIT_S: Final = 10.0
_AGAIN: Final = frozenset({408, 429, 500, 502, 503, 504})


class Header(Record, frozen=True):
    """One header."""

    name: str
    value: str = ""


class BasicAuth(Record, frozen=True):
    """A user with a password."""

    username: str = ""
    password: str = ""


class WebhookOptions(Record, frozen=True):
    """Options of `service.webhook.<name>`; waits as Go writes durations."""

    url: str
    headers: tuple[Header, ...] = ()
    basic_auth: BasicAuth | None = None
    retry_wait_min: str = "1s"
    retry_wait_max: str = "5s"
    retry_max: int = 3


class Webhook:
    """Sends what the template says to one address."""

    def __init__(self, options: WebhookOptions, http: Http) -> None:
        self._options, self._http = options, http

    async def send(self, message: Message, recipient: str) -> None:
        """Send a request; the recipient says nothing."""
        del recipient
        path = message.get("path")
        url = self._options.url
        if path:
            url = f"{url.rstrip('/')}/{path.lstrip('/')}"
        body = message.block.get("body")
        request = Request(
            method=message.get("method", "GET").upper(),
            url=url,
            headers=self._headers(),
            body=str(body).encode() if body is not None else None,
        )
        answer = await self._persistent(request)
        if answer.status >= 300:
            raise DeliveryError(
                f"answered {answer.status}: {' '.join(answer.text.split())[:160]}",
                retry_after_s=answer.retry_after_s,
            )

    def _headers(self) -> dict[str, str]:
        headers = {header.name: header.value for header in self._options.headers}
        if (auth := self._options.basic_auth) is not None:
            pair = base64.b64encode(f"{auth.username}:{auth.password}".encode()).decode()
            headers.setdefault("Authorization", f"Basic {pair}")
        return headers

    async def _persistent(self, request: Request) -> Answer:
        """Try a few times at once; what fails then is tried again later as a whole."""
        wait_s = min(
            parse_duration(self._options.retry_wait_min, where="retryWaitMin"), _MAX_WAIT_S
        )
        most_s = min(
            parse_duration(self._options.retry_wait_max, where="retryWaitMax"), _MAX_WAIT_S
        )
        for _ in range(min(self._options.retry_max, _MAX_RETRIES)):
            try:
                answer = await self._http.send(request)
                if answer.status not in _AGAIN:
                    return answer
            except DeliveryError:
                pass
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, most_s)
        return await self._http.send(request)
