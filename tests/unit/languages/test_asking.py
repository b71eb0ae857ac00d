import asyncio
from typing import Any

import orjson
import pytest

from tiphys.languages.asking import (
    JQ,
    Answer,
    Look,
    Program,
    Question,
    UnansweredError,
    answer_of,
)

FIRST, SECOND = Program(JQ, "first"), Program(JQ, "second")


class Echo:
    """Answers each question with its program's text and its input."""

    def __init__(self, cpu_s: float = 0.0) -> None:
        self.asked: list[Question] = []
        self._cpu_s = cpu_s

    async def ask(self, question: Question) -> Answer:
        await asyncio.sleep(0)
        self.asked.append(question)
        output = orjson.dumps([question.program.text, orjson.loads(question.body)])
        return Answer(output=output, cpu_s=self._cpu_s)


def said(program: Program, value: Any) -> Any:
    answer = answer_of(Question.of(program, value))
    return answer.error or orjson.loads(answer.output)


async def test_a_function_runs_again_until_every_program_has_answered() -> None:
    echo, runs = Echo(), []

    def decide() -> Any:
        runs.append(1)
        return said(SECOND, said(FIRST, {"a": 1}))

    assert await Look(echo).settle(decide) == ["second", ["first", {"a": 1}]]
    assert len(runs) == 3
    assert [question.program for question in echo.asked] == [FIRST, SECOND]


async def test_what_one_look_was_told_is_not_asked_again() -> None:
    echo = Echo()
    look = Look(echo)

    for _ in range(3):
        await look.settle(lambda: said(FIRST, {}))

    assert len(echo.asked) == 1


async def test_programs_of_one_look_share_a_budget() -> None:
    echo = Echo(cpu_s=0.4)
    look = Look(echo, budget_s=1.0)

    async def ask(value: int) -> Any:
        return await look.settle(lambda: said(FIRST, value))

    answers = [await ask(value) for value in range(1, 6)]

    assert len(echo.asked) == 3
    assert answers[3:] == ["not run: the scripts of this Application took 1 s already"] * 2
    assert await Look(echo, budget_s=1.0).settle(lambda: said(FIRST, 9)) == ["first", 9]


async def test_a_program_cannot_be_asked_outside_of_a_look() -> None:
    with pytest.raises(UnansweredError):
        said(FIRST, {})


async def test_looks_side_by_side_do_not_see_each_others_answers() -> None:
    first, second = Look(Echo()), Look(Echo())
    await first.settle(lambda: said(FIRST, {}))

    def asks_second() -> Any:
        return second.find(Question.of(FIRST, {}))

    assert await first.settle(asks_second) is None


async def test_an_error_of_the_function_itself_comes_through() -> None:
    def fails() -> None:
        said(FIRST, {})
        raise KeyError("own")

    with pytest.raises(KeyError, match="own"):
        await Look(Echo()).settle(fails)
