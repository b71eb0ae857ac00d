"""Pages of the reference that are written from the code say what the code does."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import generate_actions_reference as actions
from scripts import generate_health_reference as health


@pytest.mark.parametrize(
    ("target", "render"),
    [
        pytest.param(health.TARGET, health.render, id="health"),
        pytest.param(actions.TARGET, actions.render, id="actions"),
    ],
)
def test_a_generated_page_is_up_to_date(target: Path, render: Callable[[], str]) -> None:
    hint = f"run `python scripts/generate_{target.stem}_reference.py`"

    assert target.read_text() == render(), hint
