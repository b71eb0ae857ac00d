"""Applications whose status somebody else wrote."""

from typing import Any

import pytest

from tiphys.delivery.applications import decode_application
from tiphys.model.errors import InvalidInputError

HISTORY = [{"id": 3, "deployedAt": "2026-01-01T00:00:00Z"}]


@pytest.mark.parametrize(
    "garbage",
    [
        {"sync": {"status": "Later"}},
        {"operationState": {"phase": "Garbage", "startedAt": "", "operation": {}}},
        {"operationState": {"phase": "Running"}, "resources": [{"name": 5}], "health": []},
    ],
)
def test_what_is_not_understood_of_a_status_counts_as_absent_and_the_rest_is_kept(
    garbage: dict[str, Any],
) -> None:
    app = decode_application({"status": {"history": HISTORY, **garbage}})

    assert [entry.id for entry in app.status.history] == [3]
    assert app.status.operation_state is None


def test_a_spec_that_is_not_understood_is_an_error_that_names_the_field() -> None:
    with pytest.raises(InvalidInputError, match=r"argocd/shop: spec\.project: expected `str`"):
        decode_application(
            {"metadata": {"name": "shop", "namespace": "argocd"}, "spec": {"project": 5}}
        )
