"""Who marks deployments in graphs: Grafana annotations and New Relic deployments.

Source: Grafana HTTP API, "Annotations"; New Relic REST API v2, "Deployments"; Argo CD operator
manual, "Notifications".
"""

import time
from urllib.parse import urlencode

import msgspec

from tiphys.model.source import Record
from tiphys.notifications.errors import DeliveryError
from tiphys.notifications.http import Http, Request
from tiphys.notifications.message import Message, without_empty


class GrafanaOptions(Record, frozen=True):
    """Options of `service.grafana`; `api_url` ends in "/api"."""

    api_url: str
    api_key: str = ""


class Grafana:
    """Writes annotations with tags."""

    def __init__(self, options: GrafanaOptions, http: Http) -> None:
        self._options, self._http = options, http

    async def send(self, message: Message, recipient: str) -> None:
        """Write an annotation with the tags "one|two"."""
        await self._http.post(
            Request(
                url=f"{self._options.api_url.rstrip('/')}/annotations",
                headers={"Authorization": f"Bearer {self._options.api_key}"},
                json={
                    "time": int(time.time() * 1000),
                    "isRegion": False,
                    "tags": [tag for tag in recipient.split("|") if tag],
                    "text": message.text,
                },
            )
        )


class NewRelicOptions(Record, frozen=True):
    """Options of `service.newrelic`."""

    api_key: str
    api_url: str = msgspec.field(default="https://api.newrelic.com", name="apiURL")


class NewRelic:
    """Marks deployments of applications."""

    def __init__(self, options: NewRelicOptions, http: Http) -> None:
        self._options, self._http = options, http

    async def send(self, message: Message, recipient: str) -> None:
        """Mark a deployment of the application with an id or a name."""
        names = ("revision", "changelog", "user")
        deployment = {
            **without_empty({name: message.get(name) for name in names}),
            "description": message.get("description", message.text),
        }
        number = recipient if recipient.isdigit() else await self._number(recipient)
        await self._http.post(
            Request(
                url=f"{self._base}/v2/applications/{number}/deployments.json",
                headers={"X-Api-Key": self._options.api_key},
                json={"deployment": deployment},
            )
        )

    @property
    def _base(self) -> str:
        return self._options.api_url.rstrip("/")

    async def _number(self, name: str) -> str:
        answer = await self._http.post(
            Request(
                method="GET",
                url=f"{self._base}/v2/applications.json?{urlencode({'filter[name]': name})}",
                headers={"X-Api-Key": self._options.api_key},
            )
        )
        found = answer.json().get("applications") or []
        if len(found) != 1:
            raise DeliveryError(f"{len(found)} applications of New Relic are named `{name[:64]}`")
        return str(found[0]["id"])
