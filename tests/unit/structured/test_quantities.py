"""Quantities and durations mean, and are written, what the API server says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.structured import replay
from tiphys.structured.quantities import (
    DurationError,
    QuantityError,
    added_quantities,
    canonical_duration,
    canonical_quantity,
    parse_duration_ns,
    parse_quantity,
    same_quantity,
)

ANSWERS = [
    row for _, case, answer in replay.recorded() if case["ask"] == "quantity"
    for row in answer["result"]
]  # fmt: skip


@pytest.mark.parametrize("row", [pytest.param(row, id=repr(row["text"])) for row in ANSWERS])
def test_a_quantity_is_what_the_server_takes_it_for(row: replay.Json) -> None:
    if "error" in row:
        with pytest.raises(QuantityError) as caught:
            parse_quantity(row["text"])
        assert caught.value.what == row["error"]
        return
    quantity = parse_quantity(row["text"])

    assert quantity.canonical == row["canonical"]
    assert (quantity.value > 1) - (quantity.value < 1) == row["cmp1"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param("1000m", "1", True, id="a thousand thousandths are one"),
        pytest.param("0.5Gi", "512Mi", True, id="half a gibibyte is 512 mebibytes"),
        pytest.param(1, "1", True, id="a number is its text"),
        pytest.param(0.5, "500m", True, id="half is 500 thousandths"),
        pytest.param("1G", "1Gi", False, id="decimal is not binary"),
        pytest.param("1e3", "1k", True, id="an exponent is a suffix"),
        pytest.param("x", "x", False, id="what is no quantity is not the same"),
        pytest.param(True, "1", False, id="true is no quantity"),
    ],
)
def test_quantities_are_compared_by_amount(one: object, other: object, same: bool) -> None:
    assert same_quantity(one, other) is same


@given(st.integers(-(10**15), 10**15), st.sampled_from(["", "m", "k", "Ki", "Mi", "u", "e3"]))
def test_writing_a_quantity_keeps_its_amount_and_writing_again_changes_nothing(
    number: int, suffix: str
) -> None:
    text = f"{number}{suffix}"
    once = canonical_quantity(text)

    assert same_quantity(once, text)
    assert canonical_quantity(once) == once


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("90m", "1h30m0s"), ("1500ms", "1.5s"), ("0", "0s"), ("1h", "1h0m0s"), ("-2s", "-2s"),
        ("1.5h", "1h30m0s"), ("100us", "100µs"), ("1ns", "1ns"), ("61s", "1m1s"), (".5s", "500ms"),
    ],
)  # fmt: skip
def test_durations_are_written_as_go_does(text: str, written: str) -> None:
    assert canonical_duration(text) == written


@pytest.mark.parametrize("text", ["", "1", "-", "s", "1x", "1h-1m", ".s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(DurationError, match="invalid duration"):
        parse_duration_ns(text)


@pytest.mark.parametrize(
    ("one", "other", "total"),
    [
        pytest.param("300m", "700m", "1", id="of decimals"),
        pytest.param("0", "512Mi", "512Mi", id="of nothing and something is written as that"),
        pytest.param("512Mi", "512Mi", "1Gi", id="of binaries"),
        pytest.param("1G", "1Gi", "2073741824", id="in the way of the first"),
        pytest.param("1Gi", "-1Gi", "0", id="of what is taken away"),
        pytest.param("1e3", "1", "1001", id="of exponents"),
    ],
)
def test_a_sum(one: str, other: str, total: str) -> None:
    assert added_quantities(one, other) == total
