"""Our answers are those of the Go libraries that an API server is built from."""

import json
from typing import Any

import pytest

from tests.unit.structured import replay
from tests.unit.structured.replay import Json

RECORDED = replay.recorded()


def asked(*asks: str) -> list[Any]:
    found = [(n, c, a) for n, c, a in RECORDED if c["ask"] in asks]
    assert found
    return [pytest.param(case, answer, id=name) for name, case, answer in found]


def plain(value: Any) -> Any:
    """Return a value as JSON has it, order included."""
    return json.loads(json.dumps(value))


def sorted_causes(answers: list[Json]) -> list[Json]:
    return [
        {**a, "causes": sorted(a["causes"])} if "causes" in a else a for a in answers
    ]  # the library reports managers in random order


@pytest.mark.parametrize(("case", "answer"), asked("steps"))
def test_writes_leave_the_same_object_and_managers(case: Json, answer: list[Json]) -> None:
    assert plain(sorted_causes(replay.answer_to_steps(case))) == sorted_causes(answer)


@pytest.mark.parametrize(("case", "answer"), asked("typed"))
def test_comparisons_find_the_same_fields(case: Json, answer: Json) -> None:
    mine, theirs = plain(replay.answer_to_typed(case)), answer
    if not replay.applies(case):  # what is never applied is never merged
        for side in (mine, theirs):
            side.get("result", {}).pop("merged", None)
            side.get("result", {}).pop("mergeError", None)

    assert mine == theirs


@pytest.mark.parametrize(("case", "answer"), asked("fields"))
def test_field_sets_are_read_and_written_the_same(case: Json, answer: Json) -> None:
    assert json.dumps(replay.answer_to_fields(case)) == json.dumps(in_our_order(answer))


def in_our_order(answer: Json) -> Json:
    result = answer["result"]
    return {"result": {name: result[name] for name in ("fields", "leaves", "paths")}}


PATCHES = ("strategic", "two-way", "three-way", "merge-patch", "three-way-merge", "json-patch")


@pytest.mark.parametrize(("case", "answer"), asked(*PATCHES))
def test_patches_come_out_the_same(case: Json, answer: Json) -> None:
    mine = plain(replay.answer_to_patch(case))
    if case["ask"] == "strategic":
        answer = decoded(answer)

    assert mine == answer


def decoded(value: Any) -> Any:
    """Return a patched object as the server has decoded it: directives are unknown fields."""
    if isinstance(value, dict):
        return {k: decoded(entry) for k, entry in value.items() if not k.startswith("$")}
    return [decoded(item) for item in value] if isinstance(value, list) else value


def test_enough_was_recorded() -> None:
    assert len(RECORDED) > 700
