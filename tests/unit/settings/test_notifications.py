import pytest

from tiphys.engine.notifications.configuration import Configuration, Destination
from tiphys.settings.notifications import parse_notifications


def parse(
    data: dict[str, str], secrets: dict[str, str] | None = None, *, is_central: bool = True
) -> Configuration:
    return parse_notifications(data, secrets or {}, namespace="argocd", is_central=is_central)


def test_a_whole_configuration_is_read() -> None:
    configuration = parse(
        {
            "service.slack": "token: $slack-token\nusername: bot",
            "service.webhook.ci": "url: https://ci/$missing\n"
            "headers: [{name: K, value: Bearer $t}]",
            "service.alertmanager": "",
            "trigger.on-x": "- when: 'true'\n  oncePer: app.metadata.name\n  send: [a, b]",
            "trigger.on-y": "when: 'false'\nsend: [a]",
            "template.a": "message: hi\nslack: {attachments: '[]'}",
            "context": "argocdUrl: https://cd\nregion: 7",
            "defaultTriggers": "- on-x",
            "defaultTriggers.slack": "[on-y]",
            "subscriptions": "- recipients: ['slack:ops', ci]\n  triggers: [on-x]\n  selector: a=b",
            "watch.jobs": "kind: Job\ngroup: batch\non: [update]\nsend: [a]\nrecipients: [ci]",
        },
        {"slack-token": "xoxb", "t": "secret"},
    )

    assert configuration.problems == ()
    assert configuration.services["slack"].options == {"token": "xoxb", "username": "bot"}
    assert configuration.services["ci"].type == "webhook"
    assert configuration.services["ci"].options == {
        "url": "https://ci/$missing",
        "headers": [{"name": "K", "value": "Bearer secret"}],
    }
    assert configuration.services["alertmanager"].options == {}
    assert configuration.triggers["on-x"].conditions[0].once_per == "app.metadata.name"
    assert configuration.triggers["on-y"].conditions[0].when == "false"
    assert configuration.templates["a"].body["slack"] == {"attachments": "[]"}
    assert configuration.context == {"argocdUrl": "https://cd", "region": "7"}
    assert configuration.triggers_for("slack") == ("on-y",)
    assert configuration.triggers_for("ci") == ("on-x",)
    assert configuration.subscriptions[0].destinations == (
        Destination("slack", "ops"),
        Destination("ci", ""),
    )
    assert configuration.watches[0].events == ("update",)


@pytest.mark.parametrize(
    ("key", "text", "problem"),
    [
        pytest.param("trigger.t", "- when: [", "is not YAML", id="not YAML"),
        pytest.param("trigger.t", "- send: 7", "Expected `array`", id="no list of templates"),
        pytest.param("template.t", "just text", "expected a mapping", id="a template of text"),
        pytest.param("service.slack", "- a", "expected a mapping", id="a service of a list"),
        pytest.param("subscriptions", "- selector: '((('", "cannot be read", id="a bad selector"),
        pytest.param("watch.w", "kind: Job\non: [born]", "`born` is not one of", id="an odd event"),
        pytest.param(
            "watch.w", "kind: Job\nwenn: x", "unknown field `wenn`", id="a misspelt field"
        ),
    ],
)
def test_an_unreadable_entry_is_a_problem_and_stops_no_other(
    key: str, text: str, problem: str
) -> None:
    configuration = parse({key: text, "template.fine": "message: ok"})

    assert problem in configuration.problems[0]
    assert configuration.problems[0].startswith(f"argocd-notifications-cm: {key}: ")
    assert list(configuration.templates) == ["fine"]


def test_a_team_has_no_secrets_variable_and_no_watch_rules() -> None:
    configuration = parse(
        {"watch.w": "kind: Job", "service.slack": "token: $t"}, {"t": "x"}, is_central=False
    )

    assert configuration.secrets == {}
    assert configuration.watches == ()
    assert configuration.services["slack"].options == {"token": "x"}
