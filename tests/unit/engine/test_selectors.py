"""Label selectors."""

import pytest

from tiphys.engine.selectors import parse_selector
from tiphys.model.errors import InvalidInputError

LABELS = {"app": "web", "tier": "front", "example.com/team": "a"}


@pytest.mark.parametrize(
    ("selector", "holds"),
    [
        ("", True),
        ("app=web", True),
        ("app==web", True),
        ("app=api", False),
        ("app!=api", True),
        ("other!=x", True),
        ("app=web,tier=back", False),
        ("app in (web, api)", True),
        ("app in (api)", False),
        ("app notin (api),tier", True),
        ("other notin (x)", True),
        ("!other", True),
        ("!app", False),
        ("example.com/team=a", True),
        ("app=", False),
        (" app = web , tier = front ", True),
    ],
)
def test_a_selector_holds_as_kubernetes_says(selector: str, *, holds: bool) -> None:
    assert parse_selector(selector)(LABELS) is holds


@pytest.mark.parametrize("selector", ["=", "app in web", "app in (a", "a=b=c", "a b", "(", "a=b,,"])
def test_a_selector_that_cannot_be_read_is_refused(selector: str) -> None:
    with pytest.raises(InvalidInputError, match="label selector"):
        parse_selector(selector)
