"""Slack.

Source: Slack API, chat.postMessage and chat.update; Argo CD operator manual, "Notifications,
Slack".
"""

from collections import OrderedDict
from typing import Any, Final

import msgspec

from tiphys.model.source import Record
from tiphys.notifications.errors import DeliveryError
from tiphys.notifications.http import Http, Request
from tiphys.notifications.message import Message, without_empty

_MAX_THREADS: Final = 1000


class SlackOptions(Record, frozen=True):
    """Options of `service.slack`; `signing_secret` is for what Slack sends to us."""

    token: str
    api_url: str = msgspec.field(default="https://slack.com/api/", name="apiURL")
    username: str = ""
    icon: str = ""
    disable_unfurl: bool = False


class _Posted(Record, frozen=True):
    channel: str
    ts: str


class Slack:
    """Posts to channels, in threads by a grouping key."""

    def __init__(self, options: SlackOptions, http: Http) -> None:
        self._options, self._http = options, http
        self._threads: OrderedDict[tuple[str, str], _Posted] = OrderedDict()

    async def send(self, message: Message, recipient: str) -> None:
        """Post a message, or update the first one of its group.

        Source: Argo CD operator manual, "Notifications, Slack", Message aggregation.
        """
        fields = self._fields(message)
        group = message.get("groupingKey")
        policy = message.get("deliveryPolicy", "Post")
        first = self._threads.get((recipient, group)) if group else None
        if first is None or policy != "Update":
            thread: dict[str, Any] = {}
            if first is not None:
                is_broadcast = str(message.block.get("notifyBroadcast", "")).lower() == "true"
                thread = {"thread_ts": first.ts, "reply_broadcast": is_broadcast}
            posted = await self._call(
                "chat.postMessage", {"channel": recipient, **fields, **thread}
            )
            if group and first is None:
                self._remember(recipient, group, posted)
        if first is not None and policy in {"Update", "PostAndUpdate"}:
            await self._call("chat.update", {"channel": first.channel, "ts": first.ts, **fields})

    def _fields(self, message: Message) -> dict[str, Any]:
        icon = message.get("icon", self._options.icon)
        is_emoji = len(icon) > 2 and icon.startswith(":") and icon.endswith(":")
        unfurl = {"unfurl_links": False, "unfurl_media": False}
        return {
            "text": message.text,
            **without_empty(
                {
                    "username": message.get("username", self._options.username),
                    "icon_emoji": icon if is_emoji else "",
                    "icon_url": icon if icon.startswith(("http://", "https://")) else "",
                    "attachments": message.json("attachments"),
                    "blocks": message.json("blocks"),
                }
            ),
            **(unfurl if self._options.disable_unfurl else {}),
        }

    def _remember(self, recipient: str, group: str, posted: dict[str, Any]) -> None:
        place = _Posted(channel=str(posted.get("channel") or recipient), ts=str(posted.get("ts")))
        self._threads[recipient, group] = place
        if len(self._threads) > _MAX_THREADS:
            self._threads.popitem(last=False)

    async def _call(self, method: str, fields: dict[str, Any]) -> dict[str, Any]:
        answer = await self._http.post(
            Request(
                url=f"{self._options.api_url.rstrip('/')}/{method}",
                headers={"Authorization": f"Bearer {self._options.token}"},
                json=fields,
            )
        )
        said: dict[str, Any] = answer.json()
        if said.get("ok") is not True:
            raise DeliveryError(f"Slack says `{str(said.get('error'))[:64]}`")
        return said
