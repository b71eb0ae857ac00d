"""The process that runs users' programs: a request per line in, an answer per line out.

It is ended from outside, or by the kernel: before each program a timer of CPU time is set whose
signal nobody handles, so that not even a loop inside of a C library outlives its limit.
"""

import importlib
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

_MAX_BYTES = 512 * 1024 * 1024
_NICE = 5

_NEEDS = {
    "jq": "jq",
    "lua": "tiphys.languages.lua",
    "lua action": "tiphys.languages.lua",
}

Found = dict[str, Any]


@lru_cache(maxsize=256)
def _deletion(expression: str) -> Any:
    import jq  # noqa: PLC0415 -- a worker that only runs Lua does without

    return jq.compile(f"del({expression})")


def run_jq(request: Found) -> Found:
    """Return what `del(<expression>)` leaves of an object as `output`, or an `error`."""
    try:
        program = _deletion(request["text"])
        if "input" not in request:
            return {"output": {}}
        output = json.loads(next(iter(program.input_value(request["input"]).text().splitlines())))
    except (ValueError, StopIteration, MemoryError) as err:
        return {"error": " ".join(str(err).split()) or type(err).__name__}
    if not isinstance(output, dict):
        return {"error": f"yields {type(output).__name__} instead of an object"}
    return {"output": output}


def run_lua(request: Found) -> Found:
    """Return what a script that is given an object returns as `output`, or an `error`."""
    return _run_lua(request, {"obj": request.get("input"), "actionParams": {}})


def run_lua_action(request: Found) -> Found:
    """Return what a script that is given globals returns as `output`, or an `error`."""
    return _run_lua(request, request["input"]["globals"])


def _run_lua(request: Found, variables: Found) -> Found:
    from tiphys.languages.lua import LuaError, LuaTimeError, run  # noqa: PLC0415 -- see above

    try:
        output = run(request["text"], variables, time_limit_s=request["limitS"])
    except LuaTimeError:
        return {"error": "", "overrun": True}
    except LuaError as err:
        return {"error": err.what}
    return {"output": output}


_LANGUAGES: dict[str, Callable[[Found], Found]] = {
    "jq": run_jq,
    "lua": run_lua,
    "lua action": run_lua_action,
}


def answer(request: Found) -> Found:
    """Return the answer to one request, with the CPU time that it took."""
    began = time.process_time()
    found = _LANGUAGES[request["language"]](request)
    return {**found, "cpuS": time.process_time() - began}


def main() -> None:
    """Serve until the parent closes our input."""
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_BYTES, _MAX_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(_NICE)
    for line in sys.stdin:
        request = json.loads(line)
        importlib.import_module(_NEEDS[request["language"]])  # not on the program's account
        # Lua watches its own time and answers in words; this ends what does not.
        signal.setitimer(signal.ITIMER_PROF, request["limitS"] * 1.25 + 0.02)
        told = answer(request)
        signal.setitimer(signal.ITIMER_PROF, 0)
        try:
            text = json.dumps(told, allow_nan=False)
        except ValueError:
            text = json.dumps({"error": "returned a number that JSON does not have"})
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
