"""Programs that users write, and the answers that worker processes give to them.

The engine takes interpreters as plain callables and never waits. Such a callable either has its
answer at hand or raises `UnansweredError`. A `Look` awaits the answer off the event loop and runs
the pure function again from the start, until every answer is there. All programs of one look at one
Application share a budget, so that many slow ones cost no more than a few.
"""

import hashlib
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final, Protocol, TypeVar

import msgspec
import orjson

BUDGET_S: Final = 10.0
JQ: Final = "jq"
LUA: Final = "lua"
LUA_ACTION: Final = "lua action"

T = TypeVar("T")


class Program(msgspec.Struct, frozen=True):
    """What a user wrote.

    Attributes:
        language: JQ, LUA for a check of an object, LUA_ACTION for a script that is given globals.
    """

    language: str
    text: str


class Question(msgspec.Struct, frozen=True):
    """A program and what it is run on.

    Attributes:
        body: the input as JSON; empty when the program is only compiled.
        digest: of the body; tells one question from another.
    """

    program: Program
    body: bytes
    digest: bytes

    @classmethod
    def of(cls, program: Program, value: Any) -> "Question":
        """Return the question what a program makes of a value, None for whether it compiles."""
        body = b"" if value is None else orjson.dumps(value)
        return cls(program, body, hashlib.blake2b(body, digest_size=16).digest())

    @property
    def key(self) -> tuple[Program, bytes]:
        """What answers are kept by."""
        return self.program, self.digest


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came out.

    Attributes:
        output: JSON; empty when there is an error.
        error: why there is no output.
        is_overrun: a limit was exceeded; the same question would exceed it again.
        cpu_s: seconds of CPU time that it took.
    """

    output: bytes = b""
    error: str = ""
    is_overrun: bool = False
    cpu_s: float = 0.0

    @property
    def size(self) -> int:
        """Bytes, about."""
        return len(self.output) + len(self.error) + 200


class Answering(Protocol):
    """What runs programs."""

    async def ask(self, question: Question) -> Answer:
        """Return the answer, an error among them; never raises one."""


class UnansweredError(Exception):
    """A program has to run first: the `Look` under way awaits it and starts over."""

    def __init__(self, question: Question) -> None:
        super().__init__(f"{question.program.language} was asked outside of a look")
        self.question = question


_current: ContextVar["Look | None"] = ContextVar("look", default=None)


def answer_of(question: Question) -> Answer:
    """Return an answer that is at hand.

    Raises:
        UnansweredError: it is not.
    """
    look = _current.get()
    answer = look.find(question) if look is not None else None
    if answer is None:
        raise UnansweredError(question)
    return answer


class Look:
    """One look at one Application: runs pure functions whose callables ask programs."""

    def __init__(self, answering: Answering, *, budget_s: float = BUDGET_S) -> None:
        """Begin.

        Args:
            answering: runs the programs.
            budget_s: of CPU time, seconds; a program asked for after that is answered with an
                error.
        """
        self._answering = answering
        self._budget_s, self._spent_s = budget_s, 0.0
        self._answers: dict[tuple[Program, bytes], Answer] = {}

    def find(self, question: Question) -> Answer | None:
        """Return an answer that this look has been given, None before it was."""
        return self._answers.get(question.key)

    async def settle(self, decide: Callable[[], T]) -> T:
        """Return what a function returns once every program that it asks has answered.

        Args:
            decide: pure; called again from the start after each answer.
        """
        while True:
            token = _current.set(self)
            try:
                return decide()
            except UnansweredError as err:
                question = err.question
            finally:
                _current.reset(token)
            self._answers[question.key] = await self._answer(question)

    async def _answer(self, question: Question) -> Answer:
        if self._spent_s >= self._budget_s:
            error = f"not run: the scripts of this Application took {self._budget_s:g} s already"
            return Answer(error=error, is_overrun=True)
        answer = await self._answering.ask(question)
        self._spent_s += answer.cpu_s
        return answer
