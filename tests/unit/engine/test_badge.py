"""The badge of an Application or of a project."""

from typing import Any

import pytest

from tiphys.engine.badge import Badge, badge_of, synced_revision


def app(health: str, sync: str) -> dict[str, Any]:
    return {"status": {"health": {"status": health}, "sync": {"status": sync}}}


@pytest.mark.parametrize(
    ("applications", "health", "sync"),
    [
        pytest.param([app("Missing", "Synced")], "Missing", "Synced", id="one shows itself"),
        pytest.param([{}], "Unknown", "Unknown", id="one that was never compared"),
        pytest.param([], "Not Found", "", id="none"),
        pytest.param([app("Healthy", "Synced")] * 2, "Healthy", "Synced", id="all are well"),
        pytest.param(
            [app("Healthy", "Synced"), app("Missing", "Synced")], "Degraded", "Synced",
            id="one is not healthy",
        ),
        pytest.param(
            [app("Healthy", "Synced"), app("Healthy", "Unknown")], "Healthy", "OutOfSync",
            id="one is not synced",
        ),
    ],
)  # fmt: skip
def test_the_worst_of_a_project_counts(
    applications: list[dict[str, Any]], health: str, sync: str
) -> None:
    found = badge_of(applications)

    assert (found.health, found.sync) == (health, sync)


@pytest.mark.parametrize(
    ("badge", "size"),
    [
        (Badge(), 'width="131" height="20"'),
        (Badge(revision="abcdef1"), 'width="192" height="20"'),
        (Badge(revision="a" * 40), 'width="400" height="20"'),
        (Badge(title="shop"), 'width="131" height="40"'),
        (Badge(width=77), 'width="77" height="20"'),
    ],
)
def test_a_badge_is_as_large_as_what_it_shows(badge: Badge, size: str) -> None:
    assert size in badge.svg()


def test_what_a_badge_shows_cannot_add_markup() -> None:
    svg = Badge(title="<script>", revision='"><a').svg()

    assert "<script>" not in svg
    assert "<a" not in svg


def test_the_revision_is_that_of_the_last_sync() -> None:
    state = {"syncResult": {"revision": "abc"}}
    assert synced_revision({"status": {"operationState": state}}) == "abc"
    assert synced_revision({}) == ""
