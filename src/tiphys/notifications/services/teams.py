"""Microsoft Teams: incoming webhooks with message cards, and workflows with adaptive cards.

Source: Microsoft, "Legacy actionable message card reference", "Adaptive Cards schema"; Argo CD
operator manual, "Notifications, Teams" and "Teams Workflows".
"""

from collections.abc import Mapping
from typing import Any, Final

from tiphys.model.source import Record
from tiphys.notifications.errors import DeliveryError
from tiphys.notifications.http import Http, Request
from tiphys.notifications.message import Message, of_recipient, without_empty

_STYLES: Final = (("good", "#00"), ("attention", "#ff"), ("warning", "#f4"))


class TeamsOptions(Record, frozen=True):
    """Options of both kinds: an address for each recipient."""

    recipient_urls: dict[str, str] = {}


class Teams:
    """Posts message cards to incoming webhooks."""

    def __init__(self, options: TeamsOptions, http: Http) -> None:
        self._options, self._http = options, http

    async def send(self, message: Message, recipient: str) -> None:
        """Post a card."""
        url = of_recipient(self._options.recipient_urls, recipient, "recipientUrls")
        answer = await self._http.post(
            Request(
                url=url,
                json=self._card(message),
            )
        )
        # A card that is refused is answered with 200 and the reason in words.
        if answer.text.strip() not in {"1", ""}:
            raise DeliveryError(f"Teams says: {' '.join(answer.text.split())[:160]}")

    @staticmethod
    def _card(message: Message) -> Any:
        if (raw := message.json("template")) is not None:
            return raw
        sections = list(message.json("sections") or [])
        if facts := message.json("facts"):
            sections.append({"facts": facts})
        title = message.get("title")
        return {
            "@type": "MessageCard",
            "@context": "https://schema.org/extensions",
            **without_empty(
                {
                    "title": title,
                    "text": message.get("text", message.text),
                    "summary": message.get("summary", title or message.text[:80]),
                    "themeColor": message.get("themeColor"),
                    "sections": sections,
                    "potentialAction": message.json("potentialAction"),
                }
            ),
        }


class TeamsWorkflows:
    """Posts adaptive cards to workflows."""

    def __init__(self, options: TeamsOptions, http: Http) -> None:
        self._options, self._http = options, http

    async def send(self, message: Message, recipient: str) -> None:
        """Post a card."""
        url = of_recipient(self._options.recipient_urls, recipient, "recipientUrls")
        attachment = {
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": None,
            "content": message.json("adaptiveCard") or self._card(message),
        }
        await self._http.post(
            Request(
                url=url,
                json={"type": "message", "attachments": [attachment]},
            )
        )

    @staticmethod
    def _card(message: Message) -> dict[str, Any]:
        style = _style(message.get("themeColor"))
        title = {
            "type": "TextBlock",
            "text": message.get("title"),
            "size": "Large",
            "weight": "Bolder",
            "wrap": True,
        }
        text = {"type": "TextBlock", "text": message.get("text", message.text), "wrap": True}
        heading: list[dict[str, Any]] = [title, text] if title["text"] else [text]
        if style:
            heading = [{"type": "Container", "style": style, "items": heading}]
        body = [*heading, *_facts(message.json("facts"))]
        for section in message.json("sections") or []:
            body += _section(section)
        card = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": body,
        }
        if summary := message.get("summary"):
            card["fallbackText"] = summary
        actions = [_action(one) for one in message.json("potentialAction") or []]
        return {**card, "actions": actions} if actions else card


def _style(colour: str) -> str:
    return next((style for style, start in _STYLES if colour.lower().startswith(start)), "")


def _facts(facts: Any) -> list[dict[str, Any]]:
    if not facts:
        return []
    rows = [{"title": fact.get("name"), "value": fact.get("value")} for fact in facts]
    return [{"type": "FactSet", "facts": rows}]


def _section(section: Mapping[str, Any]) -> list[dict[str, Any]]:
    texts = [section.get("activityTitle") or section.get("title"), section.get("text")]
    blocks = [{"type": "TextBlock", "text": text, "wrap": True} for text in texts if text]
    return [*blocks, *_facts(section.get("facts"))]


def _action(action: Mapping[str, Any]) -> dict[str, Any]:
    targets = action.get("targets") or [{}]
    return {"type": "Action.OpenUrl", "title": action.get("name"), "url": targets[0].get("uri")}
