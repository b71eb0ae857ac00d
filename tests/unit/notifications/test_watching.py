"""Which changes of which objects a watch rule is about."""

from typing import Any

import pytest

from tiphys.engine.notifications.configuration import WatchRule
from tiphys.model.cluster import ClusterRecord
from tiphys.notifications.watching import Happening, concerns, is_in

CLUSTER = ClusterRecord(server="https://eu.example", name="eu-1")


def rule(**fields: Any) -> WatchRule:
    return WatchRule(name="r", kind="Job", **fields)


def happening(event: str = "update", **metadata: Any) -> Happening:
    manifest = {"metadata": {"name": "a", "namespace": "shop", **metadata}}
    return Happening(
        event=event,
        old=None if event == "create" else manifest,
        new=None if event == "delete" else manifest,
        cluster=CLUSTER,
    )


@pytest.mark.parametrize(
    ("of", "change", "expected"),
    [
        pytest.param(rule(), happening(), True, id="a rule without conditions"),
        pytest.param(rule(events=("delete",)), happening(), False, id="another event"),
        pytest.param(rule(events=("delete",)), happening("delete"), True, id="its event"),
        pytest.param(rule(namespaces=("sh*",)), happening(), True, id="a namespace by a glob"),
        pytest.param(rule(namespaces=("web",)), happening(), False, id="another namespace"),
        pytest.param(
            rule(namespaces=("*",)), happening(namespace=""), True, id="an object of the cluster"
        ),
        pytest.param(rule(selector="a=b"), happening(labels={"a": "b"}), True, id="its labels"),
        pytest.param(rule(selector="a=b"), happening(), False, id="other labels"),
    ],
)
def test_a_rule_concerns_a_change(of: WatchRule, change: Happening, expected: bool) -> None:
    assert concerns(of, change) is expected


@pytest.mark.parametrize(
    ("clusters", "expected"),
    [
        pytest.param((), True, id="all"),
        pytest.param(("eu-*",), True, id="by its name"),
        pytest.param(("https://eu.example",), True, id="by its address"),
        pytest.param(("in-cluster",), False, id="another one"),
    ],
)
def test_a_rule_is_about_clusters(clusters: tuple[str, ...], expected: bool) -> None:
    assert is_in(rule(clusters=clusters), CLUSTER) is expected


def test_an_object_that_is_gone_is_shown_as_it_was() -> None:
    gone = happening("delete").variables()

    assert gone["new"] is None
    assert gone["object"]["metadata"]["name"] == "a"
    assert gone["cluster"] == {"name": "eu-1", "server": "https://eu.example"}
