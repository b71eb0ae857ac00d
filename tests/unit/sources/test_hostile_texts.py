"""Texts that were written to make somebody wait, or fail in a way that nobody expects."""

import pytest

from tiphys.languages.jq import parse_path
from tiphys.sources.access import access_from_secret
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
    assert best_match(f">={text}", ["1.2.3"]) in {None, "1.2.3"}


@pytest.mark.parametrize("depth", ["²", "9" * 5000, "-1", "many"])
def test_a_depth_that_is_no_number_means_all(depth: str) -> None:
    assert access_from_secret("https://git.example/x", {"depth": depth}).depth == 0


def test_an_index_of_thousands_of_digits_is_no_plain_path() -> None:
    assert parse_path(f".a[{'9' * 5000}]") is None
