"""What changes of an Application are worth a look at it."""

from typing import Any

import pytest

from tiphys.controller.controller import _wakes
from tiphys.engine.notifications.state import FAILED, NOTIFIED


def application(**metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": "shop", **metadata}, "spec": {}, "status": {}}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param({}, {"annotations": {NOTIFIED: "{}"}}, False, id="a first delivery"),
        pytest.param(
            {"annotations": {NOTIFIED: "{}", "a": "b"}},
            {"annotations": {FAILED: "{}", "a": "b"}},
            False,
            id="a failed delivery",
        ),
        pytest.param({}, {"annotations": {"a": "b"}}, True, id="an annotation of a person"),
        pytest.param({}, {"labels": {"a": "b"}}, False, id="a label"),
        pytest.param({}, {"deletionTimestamp": "now"}, True, id="a deletion"),
    ],
)
def test_a_change_of_metadata_wakes(
    before: dict[str, Any], after: dict[str, Any], expected: bool
) -> None:
    assert _wakes(application(**before), application(**after)) is expected
