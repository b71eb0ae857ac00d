"""Every template of the table says what Go with Sprig says."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tiphys.languages.template_worker import answer

RECORDED = Path(__file__).parents[2] / "recorded"
ANSWERS: list[dict[str, Any]] = json.loads((RECORDED / "templates" / "answers.json").read_text())
VARIABLES = yaml.safe_load((RECORDED / "expr" / "variables.yaml").read_text())


@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: row["template"])
def test_a_template_says_what_go_says(row: dict[str, Any]) -> None:
    result = answer({"templates": {"it": row["template"]}, "variables": VARIABLES, "facts": {}})

    if "error" in row:
        assert result["of"] == "it"
        assert result["error"]
    else:
        assert result == {"texts": {"it": row["text"]}}
