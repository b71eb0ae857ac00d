"""Renders messages and hands them to services, so that none delays the others.

Each service has a few lanes of its own and a deadline: one that hangs holds its own messages back
and nobody else's. What goes wrong comes out as one line without secrets.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from tiphys.engine.notifications.configuration import Configuration, Destination
from tiphys.engine.notifications.wording import filled, redacted, sources_of, variables_of
from tiphys.languages.templates import Templates
from tiphys.model.errors import TiphysError
from tiphys.notifications.errors import DeliveryError
from tiphys.notifications.expressions import FetchFact
from tiphys.notifications.http import Http
from tiphys.notifications.message import Message, Service
from tiphys.notifications.services.catalogue import make_service

_LANES: Final = 4
_DEADLINE_S: Final = 60.0


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """One message on its way.

    Attributes:
        about: the variables of the template beside the usual ones: `app`, or `old` and `new`.
        fetch: gets the facts that the template asks for.
    """

    template: str
    destination: Destination
    about: Mapping[str, Any]
    fetch: FetchFact


class _Channel(msgspec.Struct, frozen=True, kw_only=True):
    options: Mapping[str, Any]
    service: Service
    lanes: asyncio.Semaphore


class Channels:
    """The services of all configurations, each made when it is first used."""

    def __init__(self, templates: Templates, authority: Callable[[str], str]) -> None:
        """Prepare.

        Args:
            templates: renders.
            authority: gives the certificates of a host's authority, "" for the usual ones.
        """
        self._templates = templates
        self._http = Http(authority=authority)
        self._guarded = Http(is_guarded=True, authority=authority)
        self._channels: dict[tuple[str, str], _Channel] = {}

    async def deliver(self, configuration: Configuration, parcel: Parcel) -> None:
        """Render a message and send it.

        Raises:
            DeliveryError: it did not arrive; the text is one line without secrets.
        """
        try:
            await self._deliver(configuration, parcel)
        except TimeoutError as err:
            raise DeliveryError(f"not delivered within {_DEADLINE_S:g} s") from err
        except TiphysError as err:
            raise DeliveryError(
                redacted(err.line, _secrets(configuration, parcel)),
                retry_after_s=err.retry_after_s if isinstance(err, DeliveryError) else 0,
            ) from err

    async def _deliver(self, configuration: Configuration, parcel: Parcel) -> None:
        name = parcel.destination.service
        config = configuration.services.get(name)
        if config is None:
            raise DeliveryError(f"service `{name[:64]}` is not configured")
        template = configuration.templates.get(parcel.template)
        if template is None:
            raise DeliveryError(f"template `{parcel.template[:64]}` is not configured")
        channel = self._channel(configuration, name)
        async with channel.lanes, asyncio.timeout(_DEADLINE_S):
            variables = variables_of(configuration, config, parcel.destination, parcel.about)
            texts = await self._templates.render(
                sources_of(template, config), variables, parcel.fetch
            )
            message = Message(text=texts.get("message", ""), block=filled(template, config, texts))
            await channel.service.send(message, parcel.destination.recipient)

    def _channel(self, configuration: Configuration, name: str) -> _Channel:
        place = configuration.namespace, name
        config = configuration.services[name]
        known = self._channels.get(place)
        if known is None or known.options != config.options:
            http = self._http if configuration.is_central else self._guarded
            service = make_service(config, http)
            lanes = known.lanes if known else asyncio.Semaphore(_LANES)
            known = _Channel(options=config.options, service=service, lanes=lanes)
            self._channels[place] = known
        return known

    async def close(self) -> None:
        """Close connections and workers."""
        await asyncio.gather(self._http.close(), self._guarded.close(), self._templates.close())


def _secrets(configuration: Configuration, parcel: Parcel) -> set[str]:
    """Return all that must not be shown: the Secret's values, and the service's own options."""
    found = set(configuration.secrets.values())
    config = configuration.services.get(parcel.destination.service)
    if config is not None:
        _collect(config.options, found)
    return found


def _collect(value: Any, into: set[str]) -> None:
    if isinstance(value, Mapping):
        for name, item in value.items():
            if str(name).lower() not in _SHOWABLE:
                _collect(item, into)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _collect(item, into)
    elif isinstance(value, str):
        into.add(value)


_SHOWABLE: Final = frozenset(
    {"host", "port", "from", "username", "icon", "name", "method", "region", "queue", "scheme",
     "targets", "apipath", "appid", "installationid", "alias", "avatar", "account"}
)  # fmt: skip
"""Options whose values may stand in an error; all others may hold a secret."""
