"""Owners that stand in the way of an apply in another version of a custom kind."""

from typing import Any

import pytest

from tiphys.kube.migration import versions_patch

Json = dict[str, Any]


def owner(name: str, version: str, operation: str = "Apply", **more: str) -> Json:
    return {"manager": name, "operation": operation, "apiVersion": version, **more}


def live(*owners: Json) -> Json:
    metadata = {"name": "one", "resourceVersion": "7", "managedFields": list(owners)}
    return {"apiVersion": "example.com/v2", "kind": "Widget", "metadata": metadata}


@pytest.mark.parametrize(
    ("before", "gone", "after"),
    [
        ([owner("us", "example.com/v1")], [], [owner("us", "example.com/v2")]),
        ([owner("us", "example.com/v2")], [], None),
        ([owner("other", "example.com/v1")], [], None),
        ([owner("us", "example.com/v1", "Update")], [], None),
        ([owner("us", "example.com/v1", subresource="status")], [], None),
        (
            [owner("us", "example.com/v2"), owner("other", "example.com/v0")],
            ["example.com/v0"],
            [owner("us", "example.com/v2")],
        ),
        ([owner("other", "example.com/v0")], ["example.com/v0"], [{}]),
        ([], [], None),
    ],
)
def test_our_entry_moves_and_entries_of_versions_that_are_gone_go(
    before: list[Json], gone: list[str], after: list[Json] | None
) -> None:
    patch = versions_patch(live(*before), "us", gone)

    if after is None:
        assert patch is None
    else:
        test, replace = patch or []
        assert test == {"op": "test", "path": "/metadata/resourceVersion", "value": "7"}
        assert replace == {"op": "replace", "path": "/metadata/managedFields", "value": after}
