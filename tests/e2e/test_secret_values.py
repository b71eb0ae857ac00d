"""Nobody who may only read Applications learns a value of a Secret from an error."""

import json
from typing import Any

import pytest

from tests.e2e.manifests import config_map, text
from tests.e2e.world import World

VALUE = 987654321


def _secret(annotations: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": "pin"}
    if annotations:
        metadata["annotations"] = annotations
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, **fields}


@pytest.mark.parametrize(
    ("secret", "options"),
    [
        pytest.param(_secret(stringData={"pin": VALUE}), [], id="a number in stringData"),
        pytest.param(_secret(data={"pin": VALUE}), [], id="a number in data"),
        pytest.param(_secret(data={"pin": {"deep": str(VALUE)}}), [], id="a map"),
        pytest.param(_secret(data={"pin": f"{VALUE}!"}), [], id="no base64"),
        pytest.param(
            _secret(data={"pin": VALUE}), ["ServerSideApply=false"], id="applied client-side"
        ),
        pytest.param(_secret(data={"pin": VALUE}), ["Replace=true"], id="replaced"),
        pytest.param(
            _secret({"argocd.argoproj.io/hook": "PreSync"}, data={"pin": VALUE}), [], id="a hook"
        ),
    ],
)
def test_a_secret_that_is_refused_is_told_without_its_value(
    world: World, secret: dict[str, Any], options: list[str]
) -> None:
    repository = world.new_repository({"all.yaml": text(secret, config_map("one"))})
    app = world.new_app(repository, world.new_namespace(), syncPolicy={"syncOptions": options})
    app.wait("OutOfSync")

    state = app.sync()

    assert state["phase"] == "Failed"
    (row,) = [r for r in state["syncResult"]["resources"] if r["name"] == "pin"]
    assert row["message"]
    app.refresh()
    assert str(VALUE) not in json.dumps(app.status)
    events = [e["message"] for e in world.api.list("Event", "argocd")]
    assert not [message for message in events if str(VALUE) in message]
    assert world.tiphys is not None
    assert str(VALUE) not in world.tiphys.log.read_text()
