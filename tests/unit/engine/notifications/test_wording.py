from typing import Any

from tiphys.engine.notifications.configuration import (
    Configuration,
    Destination,
    ServiceConfig,
    Template,
)
from tiphys.engine.notifications.wording import filled, redacted, sources_of, variables_of

TEMPLATE = Template(
    name="t",
    body={
        "message": "M",
        "slack": {"attachments": "A", "notifyBroadcast": True},
        "opsgenie": {"tags": ["x", "y"], "details": {"a": "D"}},
        "webhook": {"hook": {"method": "POST", "body": "B"}, "other": {"body": "O"}},
    },
)


def service(kind: str, name: str = "") -> ServiceConfig:
    return ServiceConfig(name=name or kind, type=kind, options={})


def rendered(kind: str, name: str = "") -> dict[str, Any]:
    sources = sources_of(TEMPLATE, service(kind, name))
    texts = {path: f"<{text}>" for path, text in sources.items()}
    return filled(TEMPLATE, service(kind, name), texts)


def test_a_service_gets_its_own_block_only() -> None:
    assert list(sources_of(TEMPLATE, service("slack")).values()) == ["M", "A"]
    assert rendered("slack") == {"attachments": "<A>", "notifyBroadcast": True}


def test_strings_within_lists_and_maps_are_templates() -> None:
    assert rendered("opsgenie") == {"tags": ["<x>", "<y>"], "details": {"a": "<D>"}}


def test_a_webhook_has_a_block_under_its_name() -> None:
    assert rendered("webhook", "hook") == {"method": "<POST>", "body": "<B>"}
    assert rendered("webhook", "unknown") == {}


def test_a_service_without_a_block_gets_the_message() -> None:
    assert list(sources_of(TEMPLATE, service("telegram")).values()) == ["M"]
    assert rendered("telegram") == {}


def test_secrets_are_for_central_templates_only() -> None:
    secrets = {"token": "hidden"}
    central = Configuration(secrets=secrets, context={"argocdUrl": "https://cd"})
    own = Configuration(secrets=secrets, is_central=False)
    where = Destination("slack", "ops")

    assert variables_of(central, service("slack"), where, {})["secrets"] == secrets
    assert "secrets" not in variables_of(own, service("slack"), where, {})
    assert variables_of(central, service("slack"), where, {})["context"] == {
        "argocdUrl": "https://cd",
        "notificationType": "slack",
    }


def test_a_project_is_shown_without_tokens() -> None:
    project = {
        "metadata": {"name": "p"},
        "spec": {"roles": [{"name": "ci", "jwtTokens": [{"iat": 1}]}]},
        "status": {"jwtTokensByRole": {"ci": {}}},
    }
    shown = variables_of(
        Configuration(), service("slack"), Destination("slack"), {"appProject": project}
    )

    assert shown["appProject"] == {"metadata": {"name": "p"}, "spec": {"roles": [{"name": "ci"}]}}


def test_an_error_says_no_secret() -> None:
    text = "POST https://x/bot123:abcdef/send\nfailed: 123:abcdef is wrong"

    assert redacted(text, ["123:abcdef", "x"]) == (
        "POST https://x/bot******/send failed: ****** is wrong"
    )
    assert len(redacted("a" * 1000, [])) == 256
