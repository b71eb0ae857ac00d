"""Who wakes people: Opsgenie, PagerDuty (incidents and events), Alertmanager.

Source: Opsgenie Alert API; PagerDuty REST API, incidents; PagerDuty Events API v2; Alertmanager API
v2; Argo CD operator manual, "Notifications".
"""

import base64
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tiphys.model.source import Record
from tiphys.notifications.errors import DeliveryError
from tiphys.notifications.http import Http, Request
from tiphys.notifications.message import Message, of_recipient, without_empty
from tiphys.notifications.services.webhook import BasicAuth

_MAX_ALERT: Final = 130


class OpsgenieOptions(Record, frozen=True):
    """Options of `service.opsgenie`: a key for each team."""

    api_url: str = "api.opsgenie.com"
    api_keys: dict[str, str] = {}


class Opsgenie:
    """Creates alerts for teams."""

    def __init__(self, options: OpsgenieOptions, http: Http) -> None:
        self._options, self._http = options, http

    async def send(self, message: Message, recipient: str) -> None:
        """Create an alert."""
        key = of_recipient(self._options.api_keys, recipient, "apiKeys")
        host = self._options.api_url.rstrip("/")
        base = host if host.startswith(("http://", "https://")) else f"https://{host}"
        names = ("description", "priority", "alias", "note", "entity", "user")
        alert = {
            "message": message.text[:_MAX_ALERT],
            **{name: message.get(name) for name in names},
            "actions": _list(message.block.get("actions")),
            "tags": _list(message.block.get("tags")),
            "visibleTo": message.json("visibleTo"),
            "details": message.block.get("details"),
            "responders": [{"type": "team", "id": recipient}],
        }
        await self._http.post(
            Request(
                url=f"{base}/v2/alerts",
                headers={"Authorization": f"GenieKey {key}"},
                json=without_empty(alert),
            )
        )


def _list(value: Any) -> list[str]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return [str(item) for item in value] if isinstance(value, list) else []


class PagerDutyOptions(Record, frozen=True):
    """Options of `service.pagerduty`; `from` is the address of a user."""

    token: str
    from_: str = msgspec.field(name="from")
    api_url: str = msgspec.field(default="https://api.pagerduty.com", name="apiURL")


class PagerDuty:
    """Creates incidents of services."""

    def __init__(self, options: PagerDutyOptions, http: Http) -> None:
        self._options, self._http = options, http

    async def send(self, message: Message, recipient: str) -> None:
        """Create an incident of the service with an id."""
        incident: dict[str, Any] = {
            "type": "incident",
            "title": message.get("title", message.text),
            "service": {"id": recipient, "type": "service_reference"},
        }
        if urgency := message.get("urgency"):
            incident["urgency"] = urgency
        if body := message.get("body"):
            incident["body"] = {"type": "incident_body", "details": body}
        if priority := message.get("priorityId"):
            incident["priority"] = {"id": priority, "type": "priority_reference"}
        await self._http.post(
            Request(
                url=f"{self._options.api_url.rstrip('/')}/incidents",
                headers={
                    "Authorization": f"Token token={self._options.token}",
                    "Accept": "application/vnd.pagerduty+json;version=2",
                    "From": self._options.from_,
                },
                json={"incident": incident},
            )
        )


class PagerDutyEventsOptions(Record, frozen=True):
    """Options of `service.pagerdutyv2`: an integration key for each recipient."""

    service_keys: dict[str, str] = {}
    api_url: str = msgspec.field(default="https://events.pagerduty.com", name="apiURL")


class PagerDutyEvents:
    """Triggers events."""

    def __init__(self, options: PagerDutyEventsOptions, http: Http) -> None:
        self._options, self._http = options, http

    async def send(self, message: Message, recipient: str) -> None:
        """Trigger an event."""
        names = ("component", "group", "class")
        payload = {
            "summary": message.get("summary", message.text),
            "severity": message.get("severity", "info"),
            "source": message.get("source", "tiphys"),
            **without_empty({name: message.get(name) for name in names}),
        }
        event = {
            "routing_key": of_recipient(self._options.service_keys, recipient, "serviceKeys"),
            "event_action": "trigger",
            "payload": payload,
            "client": "tiphys",
            "client_url": message.get("url"),
            "dedup_key": message.get("dedupKey"),
        }
        url = f"{self._options.api_url.rstrip('/')}/v2/enqueue"
        await self._http.post(Request(url=url, json=without_empty(event)))


class AlertmanagerOptions(Record, frozen=True):
    """Options of `service.alertmanager`; one target that takes an alert is enough."""

    targets: tuple[str, ...] = ()
    scheme: str = "http"
    api_path: str = "/api/v2/alerts"
    basic_auth: BasicAuth | None = None
    bearer_token: str = ""


class Alertmanager:
    """Raises alerts."""

    def __init__(self, options: AlertmanagerOptions, http: Http) -> None:
        self._options, self._http = options, http

    async def send(self, message: Message, recipient: str) -> None:
        """Raise an alert at every target; the recipient says nothing."""
        del recipient
        labels, annotations = message.block.get("labels"), message.block.get("annotations")
        if not isinstance(labels, Mapping) or not labels:
            raise DeliveryError("an alert needs `labels`", where="the template's `alertmanager`")
        alert = {
            "labels": {name: str(value) for name, value in labels.items()},
            "annotations": {
                name: str(value)
                for name, value in (annotations or {"message": message.text}).items()
            },
            "generatorURL": message.get("generatorURL"),
        }
        failures: list[DeliveryError] = []
        for target in self._options.targets:
            try:
                await self._raise_at(target, without_empty(alert))
            except DeliveryError as err:
                failures.append(err)
        if len(failures) == len(self._options.targets):
            raise failures[0] if failures else DeliveryError("no `targets` are configured")

    async def _raise_at(self, target: str, alert: Mapping[str, Any]) -> None:
        headers: dict[str, str] = {}
        if (auth := self._options.basic_auth) is not None:
            pair = base64.b64encode(f"{auth.username}:{auth.password}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        elif self._options.bearer_token:
            headers["Authorization"] = f"Bearer {self._options.bearer_token}"
        await self._http.post(
            Request(
                url=f"{self._options.scheme}://{target}{self._options.api_path}",
                headers=headers,
                json=[alert],
            )
        )
