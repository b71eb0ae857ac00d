"""What only Apprise knows is reached through Apprise."""

from typing import Any

import pytest

from tests.peers.receiver import receiving
from tiphys.engine.notifications.configuration import ServiceConfig
from tiphys.notifications.errors import DeliveryError
from tiphys.notifications.http import Http
from tiphys.notifications.message import Message
from tiphys.notifications.services.catalogue import make_service


def service(options: dict[str, Any], *, guarded: bool = False) -> Any:
    config = ServiceConfig(name="mine", type="apprise", options=options)
    return make_service(config, Http(is_guarded=guarded))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_apprise_delivers_title_text_and_type() -> None:
    with receiving() as receiver:
        url = f"json://127.0.0.1:{receiver.port}/{{recipient}}"
        block = {"title": "Shop", "type": "failure"}
        await service({"urls": [url]}).send(Message(text="is down", block=block), "ops")
        [received] = receiver.received

    assert received.path.startswith("/ops")
    assert (received.json["title"], received.json["message"], received.json["type"]) == (
        "Shop",
        "is down",
        "failure",
    )


async def test_an_address_that_apprise_does_not_know_is_not_shown() -> None:
    with pytest.raises(DeliveryError, match="does not understand one of") as caught:
        await service({"url": "pigeon://hush-hush@x"}).send(Message(text="x"), "")

    assert "hush" not in str(caught.value)


async def test_a_team_may_not_use_apprise() -> None:
    with pytest.raises(DeliveryError, match="not allowed in a self-service"):
        await service({"url": "json://127.0.0.1"}, guarded=True).send(Message(text="x"), "")
