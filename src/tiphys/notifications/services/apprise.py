"""Any other service that the package `apprise` knows; installed with `tiphys[apprise]`.

The package makes its own connections, so self-service configurations cannot have it.

Source: Apprise, "Notification Services".
"""

import asyncio
import importlib
from typing import Any

from tiphys.model.source import Record
from tiphys.notifications.errors import DeliveryError
from tiphys.notifications.http import Http
from tiphys.notifications.message import Message


class AppriseOptions(Record, frozen=True):
    """Options of `service.apprise.<name>`: addresses as Apprise writes them."""

    urls: tuple[str, ...] = ()
    url: str = ""


class Apprise:
    """Hands messages to Apprise."""

    def __init__(self, options: AppriseOptions, http: Http) -> None:
        self._options, self._http = options, http

    async def send(self, message: Message, recipient: str) -> None:
        """Notify all addresses; `{recipient}` in one stands for the recipient."""
        if self._http.is_guarded:
            raise DeliveryError("apprise is not allowed in a self-service configuration")
        package = await asyncio.to_thread(_package)  # it loads for a second
        targets = package.Apprise()
        for url in [*self._options.urls, *filter(None, [self._options.url])]:
            if not targets.add(url.replace("{recipient}", recipient)):
                raise DeliveryError("apprise does not understand one of `urls`")
        told = await targets.async_notify(
            body=message.text,
            title=message.get("title"),
            notify_type=message.get("type", "info"),
        )
        if not told:
            raise DeliveryError("apprise could not deliver to all of `urls`")


def _package() -> Any:
    try:
        return importlib.import_module("apprise")
    except ImportError as err:
        raise DeliveryError(
            "the package `apprise` is not installed", hint="Install tiphys[apprise]."
        ) from err
