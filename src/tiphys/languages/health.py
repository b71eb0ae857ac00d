"""Health checks that users write in Lua.

Source: Argo CD operator manual, "Custom Health Checks".
"""

from collections.abc import Callable
from typing import Any

import orjson

from tiphys.languages.asking import LUA, Program, Question, answer_of
from tiphys.languages.lua import LuaError
from tiphys.model.application import HealthStatus
from tiphys.model.keys import Manifest
from tiphys.model.words import HealthStatusCode

_INVALID = "Lua returned an invalid health status"


def health_check(script: str) -> Callable[[Manifest], HealthStatus | None]:
    """Return the health check that a script defines, for use within a `Look`.

    The check returns None for a script that returns nil or an empty table, which means that the
    object has no health. It raises LuaError when the script fails or returns no table, and
    UnansweredError when a worker has to run it first.
    """
    program = Program(LUA, script)

    def check(live: Manifest) -> HealthStatus | None:
        answer = answer_of(Question.of(program, live))
        if answer.error:
            raise LuaError(answer.error, where="Lua script")
        return health_of(orjson.loads(answer.output))

    return check


def health_of(result: Any) -> HealthStatus | None:
    """Return the health that a script's result says; None for no health.

    Raises:
        LuaError: it is no table.
    """
    if result is None or result == {}:
        return None
    if not isinstance(result, dict):
        raise LuaError(
            f"expect table output from Lua script, not {_lua_type(result)}",
            where="health.lua",
            hint="Return a table with `status` and `message`.",
        )
    try:
        status = HealthStatusCode(str(result.get("status")))
    except ValueError:
        return HealthStatus(status=HealthStatusCode.UNKNOWN, message=_INVALID)
    return HealthStatus(status=status, message=str(result.get("message") or ""))


def _lua_type(value: Any) -> str:
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "table"}
    return names.get(type(value), "userdata")
