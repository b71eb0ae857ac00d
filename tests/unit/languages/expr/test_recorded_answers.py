"""Every expression of the table means what the Go library says that it means."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from goduration import Duration
from gotime import Month, Time, Weekday

from tiphys.languages.expr.errors import ExprError
from tiphys.languages.expr.evaluator import evaluate
from tiphys.languages.expr.parser import parse
from tiphys.languages.expr.values import type_of

FOLDER = Path(__file__).parents[4] / "tests" / "recorded" / "expr"
ANSWERS: list[dict[str, Any]] = json.loads((FOLDER / "answers.json").read_text())
VARIABLES: dict[str, Any] = {
    **yaml.safe_load((FOLDER / "variables.yaml").read_text()),
    "time": {
        "Parse": lambda text: Time.parse("2006-01-02T15:04:05Z07:00", text),
        "Now": lambda: Time.from_unix(1800000000).utc(),
        "Minute": Duration.parse("1m"),
        "Hour": Duration.parse("1h"),
        "Second": Duration.parse("1s"),
        "RFC822": "02 Jan 06 15:04 MST",
        "Saturday": Weekday(6),
        "January": Month(1),
    },
    "strings": {
        "ReplaceAll": lambda text, old, new: text.replace(old, new),
        "ToUpper": str.upper,
        "ToLower": str.lower,
    },
}

# Strings are sequences of characters here, of bytes there; only letters beyond ASCII show it.
DIFFERENT = {"text[1:3]": "rü", "text[2]": ord("ü")}
SAME = [row for row in ANSWERS if row["expression"] not in DIFFERENT]


def shown(value: Any) -> Any:
    if isinstance(value, (Time, Duration)):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}[str(value)]
    return value


def test_the_table_has_what_the_issue_asks_for() -> None:
    assert len(ANSWERS) >= 300


@pytest.mark.parametrize("row", SAME, ids=lambda row: row["expression"])
def test_an_expression_means_what_the_go_library_says(row: dict[str, Any]) -> None:
    if "error" in row:
        with pytest.raises(ExprError):
            evaluate(parse(row["expression"]), VARIABLES)
        return
    value = evaluate(parse(row["expression"]), VARIABLES)

    assert (type_of(value), shown(value)) == (row["type"], row["value"])
    assert isinstance(value, int) == (row["type"] in {"int", "bool", "time.Month", "time.Weekday"})


@pytest.mark.parametrize(("expression", "expected"), DIFFERENT.items())
def test_a_string_is_a_sequence_of_characters(expression: str, expected: object) -> None:
    assert evaluate(parse(expression), VARIABLES) == expected
