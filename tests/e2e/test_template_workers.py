"""Templates are rendered in processes that are killed when they take too long."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from tiphys.languages.templates import TemplateError, Templates

pytestmark = pytest.mark.e2e

SLOW = "{{range until 9000}}{{regexReplaceAll `a` (repeat 9000 `a`) `bbbbbbbbbb` | len}}{{end}}"


async def no_facts(name: str, argument: str) -> Mapping[str, Any]:
    return {"error": f"nobody knows {name} {argument}"}


@pytest.fixture
async def templates() -> AsyncIterator[Templates]:
    made = Templates(workers=1, time_limit_s=1.0)
    yield made
    await made.close()


async def test_templates_are_rendered_together(templates: Templates) -> None:
    texts = await templates.render(
        {"message": "Hi {{.who}}", "email.subject": "{{len .many}}"},
        {"who": "Ana", "many": [1] * 100_000},
        no_facts,
    )

    assert texts == {"message": "Hi Ana", "email.subject": "100000"}


async def test_a_template_that_hangs_costs_its_own_error_and_no_other(templates: Templates) -> None:
    await templates.render({"message": "warm"}, {}, no_facts)
    with pytest.raises(TemplateError, match="time limit of 1 s exceeded"):
        await templates.render({"message": SLOW}, {}, no_facts)

    assert await templates.render({"message": "next"}, {}, no_facts) == {"message": "next"}


async def test_an_error_names_the_template_and_keeps_the_worker(templates: Templates) -> None:
    with pytest.raises(TemplateError, match=r"slack\.blocks: .*unclosed"):
        await templates.render({"slack.blocks": "{{ .x"}, {}, no_facts)

    assert await templates.render({"message": "next"}, {}, no_facts) == {"message": "next"}


async def test_facts_are_fetched_when_a_template_asks(templates: Templates) -> None:
    async def commits(name: str, argument: str) -> Mapping[str, Any]:
        assert name == "GetCommitMetadata"
        return {"Author": f"author of {argument}", "Date": "2026-01-01T00:00:00Z"}

    source = "{{range .all}}{{(call $.repo.GetCommitMetadata .).Author}};{{end}}"
    texts = await templates.render({"message": source}, {"all": ["a", "b"]}, commits)

    assert texts == {"message": "author of a;author of b;"}
    with pytest.raises(TemplateError, match="asks for more than 8"):
        await templates.render({"message": source}, {"all": list("abcdefghij")}, commits)
