"""Texts that were written to make somebody wait, or fail in a way that nobody expects."""

import pytest

from tiphys.sources.render.environment import substitute
from tiphys.sources.versions import best_match, parse_version

pytestmark = pytest.mark.timeout(5)


def test_a_variable_that_does_not_end_is_looked_for_once() -> None:
    assert substitute("${" * 200_000, {}) == ""


def test_a_range_without_end_is_read_at_once() -> None:
    assert best_match(f"{'y' * 300_000} || 1.x", ["1.2.3"]) == "1.2.3"


@pytest.mark.parametrize("text", ["9" * 5000, f"1.0.0-{'9' * 5000}", f"v1.{'9' * 300}.0"])
def test_a_version_of_thousands_of_digits_is_none(text: str) -> None:
    assert parse_version(text) is None
