"""Which fields of an answer a client wants."""

from typing import Any

import pytest

from tiphys.server.masks import parse_mask

APPLICATIONS = {
    "metadata": {"resourceVersion": "7"},
    "items": [
        {"metadata": {"name": "a", "labels": {"x": "1"}}, "status": {"health": {"status": "OK"}}},
        {"metadata": {"name": "b"}, "spec": {"project": "p"}},
    ],
}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param("", APPLICATIONS, id="no mask keeps all"),
        pytest.param(
            "items.metadata.name",
            {"items": [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}]},
            id="one field of each item",
        ),
        pytest.param(
            "items.metadata.name,items.metadata",
            {"items": [{"metadata": i["metadata"]} for i in APPLICATIONS["items"]]},  # type: ignore[index]
            id="a field and all that it is part of",
        ),
        pytest.param(
            "metadata,items.status.health",
            {
                "metadata": {"resourceVersion": "7"},
                "items": [{"status": {"health": {"status": "OK"}}}, {}],
            },
            id="what an item lacks is absent",
        ),
        pytest.param(
            "-items.metadata.labels,items.spec",
            {
                "metadata": {"resourceVersion": "7"},
                "items": [
                    {"metadata": {"name": "a"}, "status": {"health": {"status": "OK"}}},
                    {"metadata": {"name": "b"}},
                ],
            },
            id="fields are left out",
        ),
    ],
)
def test_a_mask_keeps_what_it_says(fields: str, expected: Any) -> None:
    assert parse_mask(fields).apply(APPLICATIONS) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param("items.metadata.name", {"metadata": {"name": "a"}}, id="below the items"),
        pytest.param("", {"metadata": {"name": "a"}, "spec": {}}, id="no mask"),
        pytest.param("items", {"metadata": {"name": "a"}, "spec": {}}, id="items whole"),
        pytest.param("-items.spec", {"metadata": {"name": "a"}}, id="without the spec"),
        pytest.param("-metadata", {"metadata": {"name": "a"}, "spec": {}}, id="nothing of items"),
        pytest.param("metadata", {}, id="only what is beside the items"),
        pytest.param("-items", {}, id="without the items"),
    ],
)
def test_the_mask_of_items_is_the_part_below_them(fields: str, expected: Any) -> None:
    assert (
        parse_mask(fields).below("items").apply({"metadata": {"name": "a"}, "spec": {}}) == expected
    )


def test_a_mask_of_absurd_length_keeps_all() -> None:
    assert parse_mask("a." * 10_000).apply(APPLICATIONS) == APPLICATIONS


def test_masks_that_keep_the_same_share_a_text() -> None:
    listed = parse_mask("metadata,items.spec.project").below("items")
    told = parse_mask("result.type,result.application.spec.project").below("result.application")

    assert listed.text == told.text
