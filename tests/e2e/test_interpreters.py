"""The workers as processes: they answer, are killed when a program hangs, and come back."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from tiphys.languages.asking import JQ, LUA, Answer, Look, Program, Question
from tiphys.languages.health import health_check
from tiphys.languages.interpreters import Interpreters
from tiphys.languages.jq import JqError, compile_deletion
from tiphys.model.application import HealthStatus
from tiphys.model.words import HealthStatusCode

pytestmark = pytest.mark.e2e

SELECTION = '.items[] | select(. == "b")'
ENDLESS_JQ = Program(JQ, "repeat(.)")
ENDLESS_LUA = Program(LUA, "while true do end")
# No hook runs inside of the pattern functions: only the end of the process ends this one.
ENDLESS_PATTERN = Program(LUA, 'return {m = string.find(string.rep("a", 200000), ".-.-.-.-.-b")}')
OTHER = Program(JQ, ".a | select(. == 1)")


@pytest.fixture
async def interpreters() -> AsyncIterator[Interpreters]:
    made = Interpreters(cpu_limit_s=0.3)
    yield made
    await made.close()


async def _deleted(interpreters: Interpreters, expression: str, value: dict[str, Any]) -> Any:
    return await Look(interpreters).settle(lambda: compile_deletion(expression)(value))


@pytest.mark.parametrize(
    "endless",
    [
        pytest.param(ENDLESS_JQ, id="jq"),
        pytest.param(ENDLESS_LUA, id="Lua"),
        pytest.param(ENDLESS_PATTERN, id="a pattern in Lua"),
    ],
)
async def test_a_program_that_never_ends_costs_its_time_limit_and_no_more(
    interpreters: Interpreters, endless: Program
) -> None:
    began = time.monotonic()

    answer = await interpreters.ask(Question.of(endless, {"a": 1}))

    assert answer.is_overrun
    assert answer.error == "time limit of 0.3 s exceeded"
    assert answer.cpu_s < 1
    assert time.monotonic() - began < 10
    assert await _deleted(interpreters, SELECTION, {"items": ["a", "b"]}) == {"items": ["a"]}


async def test_the_loop_goes_on_while_a_program_runs(interpreters: Interpreters) -> None:
    asking = asyncio.create_task(interpreters.ask(Question.of(ENDLESS_JQ, {"a": 1})))
    worst_s = 0.0
    while not asking.done():
        began = time.monotonic()
        await asyncio.sleep(0.005)
        worst_s = max(worst_s, time.monotonic() - began)

    assert worst_s < 0.2


async def test_others_do_not_wait_for_programs_that_never_end(interpreters: Interpreters) -> None:
    await interpreters.ask(Question.of(OTHER, {"a": 1}))
    endless = [Program(JQ, f"repeat(.) | select(. == {index})") for index in range(8)]
    asking = [
        asyncio.create_task(interpreters.ask(Question.of(program, {"a": 1}))) for program in endless
    ]
    await asyncio.sleep(0.5)
    while not all(task.done() for task in asking[:1]):  # noqa: ASYNC110 -- each is for itself
        await asyncio.sleep(0.01)

    answer = await interpreters.ask(Question.of(OTHER, {"a": 2}))

    assert orjson.loads(answer.output) == {"a": 2}
    assert not all(task.done() for task in asking)
    await asyncio.gather(*asking)


async def test_an_expression_that_never_ends_is_not_run_again_on_another_object(
    interpreters: Interpreters,
) -> None:
    await interpreters.ask(Question.of(ENDLESS_JQ, {"a": 1}))

    answer = await interpreters.ask(Question.of(ENDLESS_JQ, {"a": 2}))

    assert answer.is_overrun
    assert answer.cpu_s == 0.0


async def test_a_health_script_is_given_up_only_when_several_objects_make_it_hang(
    interpreters: Interpreters,
) -> None:
    script = Program(
        LUA,
        'if obj.metadata.uid ~= "good" then while true do end end return {status = "Healthy"}',
    )

    async def ask(uid: str) -> Answer:
        return await interpreters.ask(Question.of(script, {"metadata": {"uid": uid}}))

    assert (await ask("first")).is_overrun
    assert (await ask("first")).cpu_s == 0.0
    assert orjson.loads((await ask("good")).output) == {"status": "Healthy"}
    assert (await ask("second")).cpu_s > 0.1
    assert (await ask("third")).cpu_s > 0.1
    fourth = await ask("fourth")
    assert (fourth.is_overrun, fourth.cpu_s) == (True, 0.0)


async def test_a_bad_program_is_tried_again_after_its_rest() -> None:
    interpreters = Interpreters(cpu_limit_s=0.2, rest_s=0.05)
    await interpreters.ask(Question.of(ENDLESS_JQ, {"a": 1}))
    await asyncio.sleep(0.1)

    answer = await interpreters.ask(Question.of(ENDLESS_JQ, {"a": 2}))

    assert answer.cpu_s > 0.1
    await interpreters.close()


async def test_a_program_that_takes_all_memory_costs_its_worker(interpreters: Interpreters) -> None:
    hungry = Program(JQ, ".a |= ([range(100000000)])")

    answer = await interpreters.ask(Question.of(hungry, {"a": 1}))

    assert answer.error
    assert await _deleted(interpreters, SELECTION, {"items": ["b"]}) == {"items": []}


async def test_who_stops_waiting_gives_no_answer_to_the_next(interpreters: Interpreters) -> None:
    asking = asyncio.create_task(interpreters.ask(Question.of(ENDLESS_JQ, {"a": 1})))
    await asyncio.sleep(0.15)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    assert await _deleted(interpreters, SELECTION, {"items": ["a", "b"]}) == {"items": ["a"]}


async def test_an_expression_cannot_read_our_environment(
    interpreters: Interpreters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIPHYS_SECRET", "hunter2")

    with pytest.raises(JqError) as caught:
        await _deleted(interpreters, "env", {"a": 1})

    assert "hunter2" not in str(caught.value)


async def test_bad_syntax_is_reported_when_the_rule_is_compiled(
    interpreters: Interpreters,
) -> None:
    with pytest.raises(JqError, match="syntax error"):
        await Look(interpreters).settle(lambda: compile_deletion("a b"))


async def test_a_health_script_answers_through_the_worker(interpreters: Interpreters) -> None:
    check = health_check('return {status = "Degraded", message = obj.spec.why}')

    found = await Look(interpreters).settle(lambda: check({"spec": {"why": "grün"}}))

    assert found == HealthStatus(status=HealthStatusCode.DEGRADED, message="grün")
