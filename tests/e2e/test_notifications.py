"""People are told what happened: once, whatever breaks in between, and nobody waits for others."""

import base64
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, text
from tests.e2e.world import App, World, new_world
from tests.peers.receiver import Received, Receiver, Reply, receiving

NOTIFIED = "notified.notifications.argoproj.io"
FAILED = "failed.notifications.argoproj.io"
SUBSCRIBE = "notifications.argoproj.io/subscribe."


@pytest.fixture(scope="module")
def own_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world whose tiphys may be killed, with a configuration of its own."""
    home: Path = tmp_path_factory.mktemp("notifications")
    with new_world(home) as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def configure(world: World, receiver: Receiver, **more: str) -> None:
    hook = f"url: {receiver.url}\nretryMax: 0\nheaders: [{{name: X-Token, value: $token}}]"
    body = "{{.app.metadata.name}} {{.app.status.operationState.phase}} by {{.secrets.token}}"
    message = "{{(call .repo.GetCommitMetadata .app.status.sync.revision).Message}}"
    commit = "{{.app.metadata.name}}: " + message
    data = {
        "service.webhook.quick": hook,
        "service.webhook.slow": hook,
        "trigger.on-synced": (
            "- when: app.status?.operationState?.phase in ['Succeeded']\n"
            "  oncePer: app.status.operationState.syncResult.revision\n"
            "  send: [synced]"
        ),
        "template.synced": json.dumps(
            {
                "message": "synced",
                "webhook": {
                    "quick": {"method": "POST", "path": "/quick", "body": commit},
                    "slow": {"method": "POST", "path": "/slow", "body": body},
                },
            }
        ),
        **more,
    }
    secret = base64.b64encode(b"hush-hush").decode()
    for kind, name, fields in (
        ("Secret", "argocd-notifications-secret", {"data": {"token": secret}}),
        ("ConfigMap", "argocd-notifications-cm", {"data": data}),
    ):
        found = world.api.find(kind, "argocd", name)
        if found is not None:
            world.api.delete(kind, "argocd", name)
        metadata = {"name": name, "namespace": "argocd"}
        world.api.create({"apiVersion": "v1", "kind": kind, "metadata": metadata, **fields})


def subscribed_app(world: World, *services: str, name: str = "a") -> App:
    repository = world.new_repository({"all.yaml": text(config_map(name))})
    annotations = {f"{SUBSCRIBE}on-synced.{service}": "" for service in services}
    return world.new_app(
        repository,
        world.new_namespace(),
        metadata={"annotations": annotations},
        syncPolicy={"automated": {}},
    )


def annotation(app: App, key: str) -> dict[str, Any]:
    value = (app.manifest["metadata"].get("annotations") or {}).get(key)
    return dict(json.loads(value)) if value else {}


def bodies(receiver: Receiver, path: str, app: App) -> list[str]:
    return [one.text for one in receiver.of(path) if app.name in one.text]


def test_a_push_reaches_a_webhook_once(own_world: World, receiver: Receiver) -> None:
    configure(own_world, receiver)
    repository = own_world.new_repository({"all.yaml": text(config_map("a"))})
    app = own_world.new_app(
        repository,
        own_world.new_namespace(),
        metadata={"annotations": {f"{SUBSCRIBE}on-synced.quick": ""}},
        syncPolicy={"automated": {}},
    )
    eventually("the first message", lambda: bodies(receiver, "/quick", app))
    sha = repository.push({"all.yaml": text(config_map("a", {"key": "two"}))}, "Sell more")
    eventually("the second message", lambda: f"{app.name}: Sell more" in str(receiver.received))
    state = eventually("both are written down", lambda: _two(annotation(app, NOTIFIED)))
    time.sleep(2)

    assert bodies(receiver, "/quick", app) == [f"{app.name}: change", f"{app.name}: Sell more"]
    assert receiver.received[0].headers["X-Token"] == "hush-hush"
    assert any(key.startswith(f"{sha}:on-synced:[0].") for key in state)


def _two(state: dict[str, Any]) -> dict[str, Any] | None:
    return state if len(state) == 2 else None


def test_a_service_that_fails_is_tried_again_and_says_why(
    own_world: World, receiver: Receiver
) -> None:
    configure(own_world, receiver)
    answers = iter([Reply(500, "the token hush-hush is wrong"), Reply()])
    receiver.answer = lambda request: next(answers)
    app = subscribed_app(own_world, "quick")
    failed = eventually("the failure is written down", lambda: annotation(app, FAILED))
    eventually("it is tried again", lambda: annotation(app, NOTIFIED))
    [failure] = failed.values()
    log = own_world.tiphys.log.read_text() if own_world.tiphys else ""

    assert failure["error"] == "answered 500: the token ****** is wrong"
    assert failure["attempts"] == 1
    assert annotation(app, FAILED) == {}
    assert len(bodies(receiver, "/quick", app)) == 2
    assert "hush-hush" not in log
    events = [
        event["message"]
        for event in own_world.api.list("Event", "argocd")
        if event["involvedObject"]["name"] == app.name and event["reason"] == "NotificationFailed"
    ]
    assert len(events) == 1
    assert "hush-hush" not in events[0]


def test_a_slow_service_delays_no_other(own_world: World, receiver: Receiver) -> None:
    configure(own_world, receiver)

    def answer(request: Received) -> Reply:
        return Reply(delay_s=15.0 if request.path.startswith("/slow") else 0.0)

    receiver.answer = answer
    apps = [subscribed_app(own_world, "slow", "quick", name=f"m{at}") for at in range(3)]
    eventually("every quick message", lambda: len(receiver.of("/quick")) == len(apps), 12)

    assert not any(":slow:" in key for app in apps for key in annotation(app, NOTIFIED))
    eventually(
        "every slow message", lambda: all(len(annotation(app, NOTIFIED)) == 2 for app in apps), 30
    )
    assert all(len(bodies(receiver, "/slow", app)) == 1 for app in apps)


def test_writing_the_state_wakes_no_look(own_world: World, receiver: Receiver) -> None:
    configure(own_world, receiver)
    app = subscribed_app(own_world, "quick")
    eventually("the message is written down", lambda: annotation(app, NOTIFIED))
    app.wait("Synced")
    time.sleep(1)
    before = app.manifest
    state = before["metadata"]["annotations"][NOTIFIED]
    changed = json.dumps({**json.loads(state), "other:key:slack:x": 1})
    app.patch({"metadata": {"annotations": {NOTIFIED: changed}}})
    time.sleep(2)

    assert app.status.get("reconciledAt") == before["status"].get("reconciledAt")


def test_killed_between_send_and_record_nothing_is_lost(
    own_world: World, receiver: Receiver
) -> None:
    configure(own_world, receiver)

    def hold(request: Received) -> Reply:
        return Reply(delay_s=1.0)

    receiver.answer = hold
    app = subscribed_app(own_world, "quick")
    eventually("the message is on its way", lambda: bodies(receiver, "/quick", app))
    own_world.stop_tiphys()  # kill -9: the message has arrived, and nobody wrote it down
    assert annotation(app, NOTIFIED) == {}
    own_world.start_tiphys()
    eventually("it is written down", lambda: annotation(app, NOTIFIED))
    sent = len(bodies(receiver, "/quick", app))
    own_world.stop_tiphys()
    own_world.start_tiphys()
    time.sleep(3)

    assert sent == 2
    assert len(bodies(receiver, "/quick", app)) == 2


def test_a_rule_tells_about_any_kind(own_world: World, receiver: Receiver) -> None:
    namespace = own_world.new_namespace()
    rule = {
        "kind": "ConfigMap",
        "namespaces": [namespace],
        "when": "event == 'delete' or old?.data?.level != new.data?.level",
        "send": ["changed"],
        "recipients": ["quick"],
    }
    body = "{{.event}} {{.object.metadata.name}} {{.object.data.level}} in {{.cluster.name}}"
    template = {"webhook": {"quick": {"method": "POST", "path": "/watch", "body": body}}}
    configure(
        own_world,
        receiver,
        **{"watch.levels": json.dumps(rule), "template.changed": json.dumps(template)},
    )
    metadata = {"name": "lake", "namespace": namespace}
    probe = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**metadata, "name": "probe"}}

    def is_watched() -> bool:
        if own_world.api.find("ConfigMap", namespace, "probe") is None:
            own_world.api.create({**probe, "data": {"level": "0"}})
        else:
            own_world.api.delete("ConfigMap", namespace, "probe")
        time.sleep(0.3)
        return bool(receiver.of("/watch"))

    eventually("the rule is in force", is_watched, 30)
    own_world.api.create({**probe, "metadata": metadata, "data": {"level": "1"}})
    own_world.api.merge("ConfigMap", namespace, "lake", {"metadata": {"labels": {"a": "b"}}})
    own_world.api.merge("ConfigMap", namespace, "lake", {"data": {"level": "2"}})
    own_world.api.delete("ConfigMap", namespace, "lake")

    def told() -> list[str]:
        return [one.text for one in receiver.of("/watch") if "lake" in one.text]

    eventually("all three are told", lambda: len(told()) == 3)
    assert sorted(told()) == [
        "create lake 1 in in-cluster",
        "delete lake 2 in in-cluster",
        "update lake 2 in in-cluster",
    ]


def test_an_application_that_goes_at_once_is_told(own_world: World, receiver: Receiver) -> None:
    trigger = {"when": "app.metadata.deletionTimestamp != nil", "send": ["gone"]}
    body = "{{.app.metadata.name}} is gone"
    template = {"webhook": {"quick": {"method": "POST", "path": "/gone", "body": body}}}
    configure(
        own_world,
        receiver,
        **{"trigger.on-deleted": json.dumps(trigger), "template.gone": json.dumps(template)},
    )
    repository = own_world.new_repository({"all.yaml": text(config_map("a"))})
    app = own_world.new_app(
        repository,
        own_world.new_namespace(),
        metadata={"annotations": {f"{SUBSCRIBE}on-deleted.quick": ""}},
    )
    app.wait("OutOfSync")
    own_world.api.delete("Application", "argocd", app.name)
    eventually("the message", lambda: bodies(receiver, "/gone", app))
    time.sleep(1)

    assert bodies(receiver, "/gone", app) == [f"{app.name} is gone"]


def test_the_command_line_shows_and_tries(own_world: World, receiver: Receiver) -> None:
    configure(own_world, receiver)
    app = subscribed_app(own_world, "quick", "unknown")
    eventually("the message is written down", lambda: annotation(app, NOTIFIED))

    def tiphys(*arguments: str) -> str:
        words = ("admin", "notifications", *arguments, "--kubeconfig", str(own_world.kubeconfig))
        done = subprocess.run(
            [sys.executable, "-m", "tiphys", *words], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    rows = json.loads(tiphys("show", app.name, "-o", "json"))
    quick, unknown = sorted(rows, key=lambda row: str(row["service"]))
    assert (quick["trigger"], quick["holds"], quick["problem"]) == ("on-synced", True, "")
    assert quick["sentAt"].startswith("20")
    assert unknown["problem"] == "service `unknown` is not configured"
    assert unknown["error"] == "service `unknown` is not configured"
    assert "true" in tiphys("trigger", "run", "on-synced", app.name)
    assert tiphys("trigger", "get", "-o", "name") == "on-synced\n"
    assert "synced" in tiphys("template", "get")
    shown = tiphys("template", "notify", "synced", app.name)
    assert "message: synced" in shown
    before = len(receiver.of("/quick"))
    assert tiphys("template", "notify", "synced", app.name, "--recipient", "quick:") == (
        "sent to quick:\n"
    )
    assert len(receiver.of("/quick")) == before + 1
