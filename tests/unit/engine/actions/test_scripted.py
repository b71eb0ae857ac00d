"""What users' action scripts return, and what is made of it."""

from typing import Any

import pytest

from tiphys.engine.actions import (
    ActionError,
    ActionParameter,
    Impact,
    ResourceAction,
    discovered,
    scripted_impacts,
)
from tiphys.model.keys import Manifest

LIVE: Manifest = {
    "apiVersion": "example.com/v1",
    "kind": "Boat",
    "metadata": {"name": "web", "namespace": "shop", "finalizers": []},
    "spec": {"sails": 2, "crew": [], "cabins": [{"beds": []}], "flags": {}},
}


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        pytest.param(None, (), id="nothing"),
        pytest.param({}, (), id="an empty table"),
        pytest.param(
            {"sink": {}, "repair": {"disabled": True}},
            (ResourceAction(name="repair", disabled=True), ResourceAction(name="sink")),
            id="sorted by name",
        ),
        pytest.param(
            {"sink": {"iconClass": "fa fa-anchor", "displayName": "Sink it"}},
            (ResourceAction(name="sink", icon_class="fa fa-anchor", display_name="Sink it"),),
            id="icon and title",
        ),
        pytest.param(
            {"sail": {"params": [{"name": "to", "default": 3}, {"name": "fast", "default": True}]}},
            (
                ResourceAction(
                    name="sail",
                    params=(ActionParameter("to", "3"), ActionParameter("fast", "true")),
                ),
            ),
            id="parameters are text",
        ),
        pytest.param({"pause": [False]}, (ResourceAction(name="pause"),), id="a list of no use"),
        pytest.param(
            {"pause": {"params": "odd", "disabled": "yes"}},
            (ResourceAction(name="pause"),),
            id="options of another type are left out",
        ),
    ],
)
def test_discovery(result: Any, expected: tuple[ResourceAction, ...]) -> None:
    assert discovered(result) == expected


@pytest.mark.parametrize(
    "result",
    [
        pytest.param("restart", id="a text"),
        pytest.param(["restart"], id="a list"),
        pytest.param({str(number): {} for number in range(101)}, id="too many"),
    ],
)
def test_discovery_that_makes_no_sense_is_an_error(result: Any) -> None:
    with pytest.raises(ActionError, match=r"discovery\.lua"):
        discovered(result)


def returned(**spec: Any) -> Manifest:
    """The object as a script returns it: empty tables are maps."""
    metadata: Manifest = {"name": "web", "namespace": "shop", "finalizers": {}}
    return {**LIVE, "metadata": metadata, "spec": spec}


def test_an_altered_object_is_a_patch_and_keeps_its_empty_lists() -> None:
    result = returned(sails=3, crew={}, cabins=[{"beds": {}}, {"beds": {}}], flags={})

    spec = {"sails": 3, "crew": [], "cabins": [{"beds": []}, {"beds": {}}], "flags": {}}
    expected = {**LIVE, "spec": spec}
    assert scripted_impacts(LIVE, result) == (Impact("patch", expected),)


def test_a_list_of_operations_creates_and_patches() -> None:
    created = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "log"}}
    result = [
        {"operation": "create", "resource": created},
        {"operation": "patch", "resource": returned(sails=1)},
    ]

    first, second = scripted_impacts(LIVE, result)

    assert first == Impact("create", created)
    assert (second.operation, second.manifest["spec"]) == ("patch", {"sails": 1})


@pytest.mark.parametrize(
    ("result", "message"),
    [
        pytest.param("ok", "must return an object", id="a text"),
        pytest.param(None, "must return an object", id="nothing"),
        pytest.param({"spec": {}}, "needs apiVersion, kind and metadata", id="no object"),
        pytest.param([{"resource": LIVE}], "is not create or patch", id="no operation"),
        pytest.param(
            [{"operation": "delete", "resource": LIVE}],
            "`delete` is not create or patch",
            id="deletion is none of its business",
        ),
        pytest.param(
            [{"operation": "patch", "resource": {**LIVE, "metadata": {"name": "other"}}}],
            "only the object that the action runs on",
            id="another object",
        ),
        pytest.param(["restart"], "is not create or patch", id="a list of texts"),
    ],
)
def test_what_cannot_be_written_is_an_error(result: Any, message: str) -> None:
    with pytest.raises(ActionError, match=message):
        scripted_impacts(LIVE, result)
