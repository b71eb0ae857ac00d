"""A rendered message, and what a service has to be able to do with it."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

import msgspec
import orjson

from tiphys.notifications.errors import DeliveryError

_T = TypeVar("_T")


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be said.

    Attributes:
        text: the rendered `message` of the template.
        block: the rendered block of the template for the kind of service; empty without one.
    """

    text: str
    block: Mapping[str, Any] = {}

    def get(self, name: str, default: str = "") -> str:
        """Return a field of the block as text."""
        value = self.block.get(name)
        return default if value in {None, ""} else str(value)

    def json(self, name: str) -> Any:
        """Return a field that holds JSON, None when it is empty.

        Raises:
            DeliveryError: it is not JSON.
        """
        value = self.block.get(name)
        if not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError as err:
            raise DeliveryError(
                f"{err}", where=f"the template's `{name}`, which is not JSON"
            ) from err


class Service(Protocol):
    """One way to reach people or systems."""

    async def send(self, message: Message, recipient: str) -> None:
        """Deliver a message.

        Raises:
            DeliveryError: it did not arrive.
        """


def options_of(options: Mapping[str, Any], record: type[_T]) -> _T:
    """Return the options of a service as its record.

    Raises:
        DeliveryError: one is missing or of another type; no value is shown.
    """
    try:
        return msgspec.convert(dict(options), record, strict=False)
    except msgspec.ValidationError as err:
        raise DeliveryError(f"{err}", where="the service's configuration") from err


def without_empty(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields that say something: no None, no empty text, list or map."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def of_recipient(targets: Mapping[str, str], recipient: str, what: str) -> str:
    """Return what a recipient stands for.

    Raises:
        DeliveryError: the configuration does not list it.
    """
    if recipient not in targets:
        raise DeliveryError(
            f"recipient `{recipient[:64]}` is not in `{what}`", where="the service's configuration"
        )
    return targets[recipient]
