"""Chats that take a text: Telegram, Mattermost, Google Chat, Rocket.Chat, Webex, Pushover.

Source: Telegram Bot API, sendMessage; Mattermost API, posts; Google Chat API, spaces.messages;
Rocket.Chat API, chat.postMessage; Webex API, messages; Pushover API, messages.json; Argo CD
operator manual, "Notifications".
"""

from typing import Any
from urllib.parse import urlencode

import msgspec

from tiphys.model.source import Record
from tiphys.notifications.errors import DeliveryError
from tiphys.notifications.http import Http, Request
from tiphys.notifications.message import Message, of_recipient, without_empty


class TelegramOptions(Record, frozen=True):
    """Options of `service.telegram`."""

    token: str
    api_url: str = msgspec.field(default="https://api.telegram.org", name="apiURL")


class Telegram:
    """Writes to channels and chats."""

    def __init__(self, options: TelegramOptions, http: Http) -> None:
        self._options, self._http = options, http

    async def send(self, message: Message, recipient: str) -> None:
        """Write a message to "name", "-number" or "-number|thread"."""
        chat, _, thread = recipient.partition("|")
        fields: dict[str, Any] = {
            "chat_id": int(chat) if chat.startswith("-") and chat[1:].isdigit() else f"@{chat}",
            "text": message.text,
            "parse_mode": "Markdown",
        }
        if thread.isdigit():
            fields["message_thread_id"] = int(thread)
        base = f"{self._options.api_url.rstrip('/')}/bot{self._options.token}"
        await self._http.post(Request(url=f"{base}/sendMessage", json=fields))


class MattermostOptions(Record, frozen=True):
    """Options of `service.mattermost`."""

    token: str
    api_url: str = msgspec.field(name="apiURL")


class Mattermost:
    """Posts to channels by their id."""

    def __init__(self, options: MattermostOptions, http: Http) -> None:
        self._options, self._http = options, http

    async def send(self, message: Message, recipient: str) -> None:
        """Create a post."""
        attachments = message.json("attachments")
        post = {"channel_id": recipient, "message": message.text}
        await self._http.post(
            Request(
                url=f"{self._options.api_url.rstrip('/')}/api/v4/posts",
                headers={"Authorization": f"Bearer {self._options.token}"},
                json={**post, **({"props": {"attachments": attachments}} if attachments else {})},
            )
        )


class GoogleChatOptions(Record, frozen=True):
    """Options of `service.googlechat`: the address of a webhook for each recipient."""

    webhooks: dict[str, str] = {}


class GoogleChat:
    """Posts to spaces."""

    def __init__(self, options: GoogleChatOptions, http: Http) -> None:
        self._options, self._http = options, http

    async def send(self, message: Message, recipient: str) -> None:
        """Post cards where the template has some, else the text."""
        url = of_recipient(self._options.webhooks, recipient, "webhooks")
        cards = without_empty({"cardsV2": message.json("cardsV2"), "cards": message.json("cards")})
        if thread := message.get("threadKey"):
            query = {
                "threadKey": thread,
                "messageReplyOption": "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD",
            }
            url = f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"
        await self._http.post(Request(url=url, json=cards or {"text": message.text}))


class RocketChatOptions(Record, frozen=True):
    """Options of `service.rocketchat`."""

    email: str
    password: str
    server_url: str
    alias: str = ""
    icon: str = ""
    avatar: str = ""


class RocketChat:
    """Posts to channels, users and rooms."""

    def __init__(self, options: RocketChatOptions, http: Http) -> None:
        self._options, self._http = options, http
        self._login: dict[str, str] = {}

    async def send(self, message: Message, recipient: str) -> None:
        """Post a message; log in first, and again when the login has ended."""
        where = "channel" if recipient.startswith(("#", "@")) else "roomId"
        fields = without_empty(
            {
                where: recipient,
                "text": message.text,
                "alias": self._options.alias,
                "emoji": self._options.icon,
                "avatar": self._options.avatar,
                "attachments": message.json("attachments"),
            }
        )
        url = f"{self._options.server_url.rstrip('/')}/api/v1/chat.postMessage"
        answer = await self._http.send(
            Request(url=url, headers=self._login or await self._log_in(), json=fields)
        )
        if answer.status == 401:
            answer = await self._http.post(
                Request(url=url, headers=await self._log_in(), json=fields)
            )
        if answer.status >= 300 or answer.json().get("success") is False:
            raise DeliveryError(f"Rocket.Chat answered {answer.status}: {answer.text[:160]}")

    async def _log_in(self) -> dict[str, str]:
        answer = await self._http.post(
            Request(
                url=f"{self._options.server_url.rstrip('/')}/api/v1/login",
                json={"user": self._options.email, "password": self._options.password},
            )
        )
        data = answer.json().get("data") or {}
        self._login = {
            "X-Auth-Token": str(data.get("authToken", "")),
            "X-User-Id": str(data.get("userId", "")),
        }
        return self._login


class WebexOptions(Record, frozen=True):
    """Options of `service.webex`."""

    token: str
    api_url: str = msgspec.field(default="https://webexapis.com", name="apiURL")


class Webex:
    """Writes to people by their address, and to rooms."""

    def __init__(self, options: WebexOptions, http: Http) -> None:
        self._options, self._http = options, http

    async def send(self, message: Message, recipient: str) -> None:
        """Create a message."""
        where = "toPersonEmail" if "@" in recipient else "roomId"
        await self._http.post(
            Request(
                url=f"{self._options.api_url.rstrip('/')}/v1/messages",
                headers={"Authorization": f"Bearer {self._options.token}"},
                json={where: recipient, "markdown": message.text},
            )
        )


class PushoverOptions(Record, frozen=True):
    """Options of `service.pushover`."""

    token: str
    api_url: str = msgspec.field(default="https://api.pushover.net", name="apiURL")


class Pushover:
    """Pushes to phones."""

    def __init__(self, options: PushoverOptions, http: Http) -> None:
        self._options, self._http = options, http

    async def send(self, message: Message, recipient: str) -> None:
        """Push a message to a user or group by its key."""
        form = {"token": self._options.token, "user": recipient, "message": message.text}
        await self._http.post(
            Request(
                url=f"{self._options.api_url.rstrip('/')}/1/messages.json",
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                body=urlencode(form).encode(),
            )
        )
