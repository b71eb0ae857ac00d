"""Runs users' programs in worker processes that can be killed, and remembers what they did.

There are two workers. The first takes every program and gives it a tenth of a second of CPU time:
what people write takes a thousandth of that. A program that needs longer goes to the second one,
where it gets its whole limit and delays only others like it. A program that exceeds that too is
remembered as bad: it is not run again for a while, whoever asks. Time is CPU time, so that a busy
machine makes nobody's program a bad one.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections import OrderedDict
from typing import Any, Final

import msgspec
import orjson

from tiphys.languages.asking import JQ, Answer, Program, Question

log = logging.getLogger(__name__)

CPU_LIMIT_S: Final = 1.0
_QUICK_LIMIT_S: Final = 0.1
_WALL_FACTOR: Final = 20.0
_LEAST_WALL_S: Final = 5.0
_MAX_ANSWER_BYTES: Final = 32 * 1024 * 1024
_KEPT_BYTES: Final = 16 * 1024 * 1024
_MOST_PROGRAMS: Final = 1000
_REST_S: Final = 600.0
_OVERRUNS: Final = {JQ: 1}  # that make a program a bad one; a script is for all objects of a kind
_MOST_OVERRUNS: Final = 3


class Interpreters:
    """All programs of an installation."""

    def __init__(self, *, cpu_limit_s: float = CPU_LIMIT_S, rest_s: float = _REST_S) -> None:
        """Prepare; workers start when they are first needed.

        Args:
            cpu_limit_s: of one run of one program, seconds of CPU time, > 0.
            rest_s: how long a bad program is left alone.
        """
        self._limit_s, self._rest_s = cpu_limit_s, rest_s
        self._quick, self._slow = _Lane(), _Lane()
        self._slow_programs: OrderedDict[Program, None] = OrderedDict()
        self._bad: OrderedDict[Program, _Overruns] = OrderedDict()
        self._answers: OrderedDict[tuple[Program, bytes], Answer] = OrderedDict()
        self._kept_bytes = 0

    async def ask(self, question: Question) -> Answer:
        """Return what a program makes of its input, or why that cannot be told."""
        known = self._answers.get(question.key)
        if known is not None:
            self._answers.move_to_end(question.key)
            return msgspec.structs.replace(known, cpu_s=0.0)
        answer = self._remembered(question.program) or await self._run(question)
        if answer.is_overrun and answer.cpu_s:
            self._remember_overrun(question.program, answer.error)
        self._keep(question, answer)
        return answer

    async def close(self) -> None:
        """End the workers."""
        await self._quick.close()
        await self._slow.close()

    async def _run(self, question: Question) -> Answer:
        quick_s = min(_QUICK_LIMIT_S, self._limit_s)
        spent_s = 0.0
        if question.program not in self._slow_programs:
            answer = await self._quick.ask(question, quick_s)
            if not answer.is_overrun or quick_s == self._limit_s:
                return answer
            spent_s = answer.cpu_s
            self._slow_programs[question.program] = None
            _trim(self._slow_programs)
        known = self._remembered(question.program)  # it may have had its turn while we waited
        if known is not None:
            return known
        answer = await self._slow.ask(question, self._limit_s)
        return msgspec.structs.replace(answer, cpu_s=answer.cpu_s + spent_s)

    def _remembered(self, program: Program) -> Answer | None:
        """Return the answer of a bad program, None for one that may run."""
        overruns = self._bad.get(program)
        if overruns is None:
            return None
        if time.monotonic() - overruns.last_at > self._rest_s:
            del self._bad[program]
            return None
        if overruns.count < _OVERRUNS.get(program.language, _MOST_OVERRUNS):
            return None
        return Answer(error=overruns.error, is_overrun=True)

    def _remember_overrun(self, program: Program, error: str) -> None:
        before = self._bad.pop(program, None)
        count = 1 if before is None else before.count + 1
        self._bad[program] = _Overruns(count, time.monotonic(), error)
        _trim(self._bad)
        log.warning(
            "a script exceeds its limits",
            extra={"language": program.language, "script": program.text[:200]},
        )

    def _keep(self, question: Question, answer: Answer) -> None:
        if answer.size > _KEPT_BYTES // 16:
            return
        self._answers[question.key] = answer
        self._kept_bytes += answer.size
        while self._kept_bytes > _KEPT_BYTES:
            self._kept_bytes -= self._answers.popitem(last=False)[1].size


class _Overruns(msgspec.Struct, frozen=True):
    """How often a program exceeded its limits, when it last did, and which."""

    count: int
    last_at: float
    error: str


def _trim(known: OrderedDict[Program, Any]) -> None:
    while len(known) > _MOST_PROGRAMS:
        known.popitem(last=False)


def _too_long(limit_s: float) -> str:
    return f"time limit of {limit_s:g} s exceeded"


class _Lane:
    """One worker process, which answers one question at a time, in the order they were asked."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None

    async def ask(self, question: Question, limit_s: float) -> Answer:
        """Return the answer of a program that may take so many seconds of CPU time."""
        request = _request(question, limit_s)
        async with self._lock:
            try:
                line = await self._exchange(request, max(limit_s * _WALL_FACTOR, _LEAST_WALL_S))
            except BaseException:
                await self._end()  # a late answer must not be taken for the next one's
                raise
            if line is not None:
                return _answer(line, limit_s)
            code = await self._end()
        has_crashed = code not in {-signal.SIGPROF, -signal.SIGKILL}
        error = "needs too much memory, or crashes" if has_crashed else _too_long(limit_s)
        return Answer(error=error, is_overrun=True, cpu_s=limit_s)

    async def _exchange(self, request: bytes, wall_s: float) -> bytes | None:
        process = self._process = self._process or await _start()
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(TimeoutError, ConnectionError, ValueError):
            async with asyncio.timeout(wall_s):
                process.stdin.write(request)
                await process.stdin.drain()
                line = await process.stdout.readline()
                return line if line.endswith(b"\n") else None
        return None

    async def _end(self) -> int | None:
        """End the process and return its exit code; that of its own end when it had ended."""
        process, self._process = self._process, None
        if process is None:
            return None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        return process.returncode

    async def close(self) -> None:
        """End the process."""
        await self._end()


async def _start() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tiphys.languages.worker",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
        start_new_session=True,  # an interrupt of the terminal is for us to handle
        limit=_MAX_ANSWER_BYTES,
    )


def _request(question: Question, limit_s: float) -> bytes:
    program = question.program
    told = orjson.dumps(
        {
            "language": program.language,
            "text": program.text,
            "limitS": limit_s,
        }
    )
    if question.body:
        told = told[:-1] + b',"input":' + question.body + b"}"
    return told + b"\n"


def _answer(line: bytes, limit_s: float) -> Answer:
    told = orjson.loads(line)
    cpu_s = float(told.get("cpuS", 0.0))
    if told.get("overrun"):
        return Answer(error=_too_long(limit_s), is_overrun=True, cpu_s=cpu_s)
    if "error" in told:
        return Answer(error=str(told["error"])[:256], cpu_s=cpu_s)
    return Answer(output=orjson.dumps(told["output"]), cpu_s=cpu_s)
