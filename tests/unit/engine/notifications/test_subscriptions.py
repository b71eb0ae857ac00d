from typing import Any

import pytest

from tiphys.engine.notifications.configuration import Configuration, Destination, Subscription
from tiphys.engine.notifications.subscriptions import subscriptions_of

PREFIX = "notifications.argoproj.io/"
CONFIGURATION = Configuration(
    default_triggers={"": ("on-deployed",), "email": ("on-sync-failed", "on-deployed")},
    subscriptions=(
        Subscription(
            destinations=(Destination("slack", "all"),),
            triggers=("on-created",),
            selector="team=web",
        ),
        Subscription(destinations=(Destination("teams", "x"),), selector="team=none"),
    ),
)


def app(annotations: dict[str, str], labels: dict[str, str] | None = None) -> dict[str, Any]:
    return {"metadata": {"name": "shop", "annotations": annotations, "labels": labels or {}}}


def told(subscribed: dict[str, tuple[Destination, ...]]) -> dict[str, list[str]]:
    return {
        trigger: [f"{one.service}:{one.recipient}" for one in destinations]
        for trigger, destinations in subscribed.items()
    }


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param(
            {"subscribe.on-sync-failed.slack": "ops; dev"},
            {"on-sync-failed": ["slack:dev", "slack:ops"]},
            id="a trigger for two recipients",
        ),
        pytest.param(
            {"subscribe.on-sync-failed.my-hook": ""},
            {"on-sync-failed": ["my-hook:"]},
            id="an empty recipient",
        ),
        pytest.param(
            {"subscribe.slack": "ops"}, {"on-deployed": ["slack:ops"]}, id="the default triggers"
        ),
        pytest.param(
            {"subscribe.email": "a@b"},
            {"on-deployed": ["email:a@b"], "on-sync-failed": ["email:a@b"]},
            id="the default triggers of a service",
        ),
        pytest.param(
            {
                "subscriptions": """
                - trigger: [on-a, on-b]
                  destinations: [{service: slack, recipients: [x, y]}, {service: hook}]
                - triggers: [on-a]
                  destinations: [{service: slack, recipients: [x]}]
                - destinations: [{service: slack, recipients: [z]}]
                """
            },
            {
                "on-a": ["hook:", "slack:x", "slack:y"],
                "on-b": ["hook:", "slack:x", "slack:y"],
                "on-deployed": ["slack:z"],
            },
            id="a list, each destination once",
        ),
        pytest.param({"subscriptions": "{not: [a"}, {}, id="a list that is not YAML"),
        pytest.param({"subscriptions": "- 5\n- {destinations: 7}"}, {}, id="a list of nonsense"),
        pytest.param({"unknown": "x"}, {}, id="another annotation"),
    ],
)
def test_annotations_subscribe(annotations: dict[str, str], expected: dict[str, list[str]]) -> None:
    written = {PREFIX + name: value for name, value in annotations.items()}

    assert told(subscriptions_of(app(written), None, CONFIGURATION)) == expected


def test_a_project_subscribes_for_all_its_applications() -> None:
    project = app({PREFIX + "subscribe.on-deployed.slack": "team"})
    own = app({PREFIX + "subscribe.on-deployed.slack": "team;me"})

    assert told(subscriptions_of(own, project, CONFIGURATION)) == {
        "on-deployed": ["slack:me", "slack:team"]
    }


def test_a_selector_subscribes_applications_with_its_labels() -> None:
    web = subscriptions_of(app({}, {"team": "web"}), None, CONFIGURATION)
    other = subscriptions_of(app({}, {"team": "db"}), None, CONFIGURATION)

    assert told(web) == {"on-created": ["slack:all"]}
    assert told(other) == {}
