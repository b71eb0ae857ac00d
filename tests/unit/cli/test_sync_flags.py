"""How resources are named on the command line, and which rows of a status they pick."""

from typing import Any

import pytest

from tiphys.cli.sync_flags import chosen_rows, parse_resource
from tiphys.model.errors import InvalidInputError

STATUS = {
    "status": {
        "resources": [
            {"kind": "Service", "name": "web", "namespace": "shop"},
            {"group": "apps", "kind": "Deployment", "name": "web", "namespace": "shop"},
            {"group": "apps", "kind": "Deployment", "name": "cache", "namespace": "data"},
        ]
    }
}
SELECTORS = {
    "nothing picks all, as no list": ([], None),
    "a core kind": ([":Service:web"], ["web"]),
    "a glob": (["apps:*:*"], ["web", "cache"]),
    "a namespace": (["apps:Deployment:data/*"], ["cache"]),
    "all but one": (["!apps:Deployment:cache"], ["web", "web"]),
    "an exclusion is stronger": (["*:*:*", "!:Service:*"], ["web", "cache"]),
    "none": (["batch:Job:x"], []),
}


@pytest.mark.parametrize(("texts", "names"), SELECTORS.values(), ids=SELECTORS)
def test_selectors_pick_rows(texts: list[str], names: list[str] | None) -> None:
    rows = chosen_rows(STATUS, map(parse_resource, texts))

    assert (None if rows is None else [row["name"] for row in rows]) == names


@pytest.mark.parametrize("text", ["web", "apps:Deployment", "a:b:c:d", "apps::web", ":Service:"])
def test_a_resource_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="GROUP:KIND:NAME"):
        parse_resource(text)


@pytest.mark.parametrize(
    ("text", "selector"),
    [
        ("apps:Deployment:web", {"group": "apps", "kind": "Deployment", "name": "web"}),
        (
            "!:Service:shop/web",
            {"group": "", "kind": "Service", "name": "web", "namespace": "shop", "exclude": True},
        ),
    ],
)
def test_a_resource_becomes_a_selector(text: str, selector: dict[str, Any]) -> None:
    assert parse_resource(text) == selector
