from typing import Any

import pytest

from tiphys.engine.diff import CompareSettings, Verdict, compare
from tiphys.engine.known_types import known_type, with_absent_booleans, with_known_types
from tiphys.model.application import KnownTypeField

LIST = KnownTypeField(field="spec.limits", type="core/v1/ResourceList")
POD = KnownTypeField(field="spec.template.spec", type="core/v1/PodSpec")
WAIT = KnownTypeField(field="spec.wait", type="meta/v1/Duration")
SIZE = KnownTypeField(field="spec.steps.size", type="core/Quantity")


def pod_spec(cpu: str) -> dict[str, Any]:
    container = {"name": "main", "image": "2000m", "resources": {"requests": {"cpu": cpu}}}
    return {"containers": [container]}


@pytest.mark.parametrize(
    ("field", "spec", "expected"),
    [
        pytest.param(
            LIST,
            {"limits": {"cpu": "2000m", "memory": "1024Mi"}},
            {"limits": {"cpu": "2", "memory": "1Gi"}},
            id="a list of resources",
        ),
        pytest.param(LIST, {"limits": {"cpu": 2}}, {"limits": {"cpu": "2"}}, id="a number"),
        pytest.param(
            POD,
            {"template": {"spec": pod_spec("1000m")}},
            {"template": {"spec": pod_spec("1")}},
            id="deep inside a pod, and nothing else there",
        ),
        pytest.param(WAIT, {"wait": "90m"}, {"wait": "1h30m0s"}, id="a duration"),
        pytest.param(
            SIZE,
            {"steps": [{"size": "1000m"}, {"other": "1000m"}]},
            {"steps": [{"size": "1"}, {"other": "1000m"}]},
            id="in each element of a list",
        ),
        pytest.param(LIST, {"limits": {"cpu": "much"}}, {"limits": {"cpu": "much"}}, id="none"),
        pytest.param(LIST, {"limits": "2000m"}, {"limits": "2000m"}, id="of another shape"),
        pytest.param(LIST, {"limits": None}, {"limits": None}, id="null"),
        pytest.param(
            KnownTypeField(field="spec.limits", type="core/v9/None"),
            {"limits": {"cpu": "2000m"}},
            {"limits": {"cpu": "2000m"}},
            id="a type that is not known",
        ),
    ],
)
def test_quantities_and_durations_are_written_in_one_way(
    field: KnownTypeField, spec: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert with_known_types({"spec": spec}, [field]) == {"spec": expected}


@pytest.mark.parametrize("name", ["core/v1/PodSpec", "core/v1/Container", "core/Quantity"])
def test_types_of_the_core_group_are_known(name: str) -> None:
    assert known_type(name) is not None


@pytest.mark.parametrize("name", ["", "core/v1/Nothing", "apps/v1/Deployment", "PodSpec"])
def test_other_types_are_not(name: str) -> None:
    assert known_type(name) is None


def custom(cpu: str) -> dict[str, Any]:
    metadata = {"name": "one", "namespace": "shop"}
    limits = {"limits": {"cpu": cpu}}
    return {"apiVersion": "example.com/v1", "kind": "W", "metadata": metadata, "spec": limits}


@pytest.mark.parametrize(
    ("live", "known", "verdict"),
    [
        pytest.param("2", (LIST,), Verdict.SYNCED, id="the same amount"),
        pytest.param("3", (LIST,), Verdict.ASK, id="another amount"),
        pytest.param("2", (), Verdict.ASK, id="nobody says that it is an amount"),
    ],
)
def test_the_same_amount_is_no_difference(
    live: str, known: tuple[KnownTypeField, ...], verdict: Verdict
) -> None:
    settings = CompareSettings(known_types=known)

    assert compare(custom("2000m"), custom(live), settings, None).verdict is verdict


def test_what_is_false_unless_written_is_spelled_out_and_no_other_boolean() -> None:
    container = {"name": "main", "tty": True}
    live = {"spec": {"template": {"spec": {"containers": [container], "hostPID": None}}}}
    host = {"hostPID": False, "hostIPC": False, "hostNetwork": False}
    filled = {"name": "main", "tty": True, "stdin": False, "stdinOnce": False}

    # Mounting a service account's token is the default, so that one stays as it is.
    spec = {"containers": [filled], **host}
    assert with_absent_booleans(live, [POD]) == {"spec": {"template": {"spec": spec}}}
    assert with_absent_booleans(live, []) == live
